#!/usr/bin/env bash
# Lint, types and all tests, each environment made afresh: onnxruntime-training, and plain.
#
#   bash tools/test.sh [FOLDER]     where the environments go; a temporary folder if not given
#
# PYTHON names the interpreter (python3.11 or python3 if not given). onnxruntime-training exists for
# Python up to 3.11: with a later one the training environment is left out, and that is said.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-$(command -v python3.11 || command -v python3)}
place=${1:-$(mktemp -d)}
[ $# -gt 0 ] || trap 'rm -rf "$place"' EXIT

environment() { # name, extras
    "$python" -m venv --clear "$place/$1"
    "$place/$1/bin/python" -m pip install --quiet --disable-pip-version-check -e ".[$2]"
}

echo "== plain ONNX Runtime: lint, types, tests"
environment cpu cpu,test,lint,examples
"$place/cpu/bin/ruff" check .
"$place/cpu/bin/ruff" format --check .
"$place/cpu/bin/mypy"
"$place/cpu/bin/python" -m pytest
echo "== plain ONNX Runtime: every study, in small"
for study in studies/*.toml; do
    "$place/cpu/bin/texonnx" study "$study" -o "$place/studies/$(basename "$study" .toml)" --quick -q
done

if "$python" -c 'import sys; sys.exit(sys.version_info >= (3, 12))'; then
    echo "== onnxruntime-training: tests"
    environment training training,test
    # What does not touch ONNX Runtime, or touches the examples' own, has run above.
    "$place/training/bin/python" -m pytest --ignore=tests/examples --ignore=tests/images \
        --ignore=tests/scoring --ignore=tests/studies --ignore=tests/tools --ignore=tests/weights
else
    echo "== SKIPPED: onnxruntime-training does not exist for $("$python" --version)"
fi
