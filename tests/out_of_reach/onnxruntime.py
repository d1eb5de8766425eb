"""What ``pytest --portable`` finds in the place of ONNX Runtime."""

raise ImportError("ONNX Runtime is out of reach of tests that are portable")
