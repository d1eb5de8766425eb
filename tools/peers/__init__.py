"""What the benchmark tools are made of: PyTorch and texonnx side by side."""
