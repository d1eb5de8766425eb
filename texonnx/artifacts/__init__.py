"""What ``texonnx export`` writes and every engine runs: graphs, training artifacts, manifest."""
