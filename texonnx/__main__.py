"""``python -m texonnx``."""

from texonnx.cli import main

if __name__ == "__main__":
    main()
