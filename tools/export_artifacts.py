"""Export truncated VGG, loss and gradient to ONNX: the same door as ``texonnx export``.

Example: ``python tools/export_artifacts.py --loss emd -o models/vgg16-emd``
"""

from __future__ import annotations

import sys

from texonnx.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "export")
    main()
