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

tests() { # environment, arguments of pytest
    "$place/$1/bin/python" -m pytest -n auto --dist worksteal "${@:2}"
}

echo "== plain ONNX Runtime: lint, types, tests (the portable without any ONNX Runtime)"
environment cpu cpu,test,lint,examples
"$place/cpu/bin/ruff" check .
"$place/cpu/bin/ruff" format --check .
"$place/cpu/bin/mypy"
tests cpu --portable tests
tests cpu -m "not portable"
echo "== plain ONNX Runtime: every study, in small, with its first exemplar"
"$place/cpu/bin/python" tools/try_studies.py studies "$place/studies"

if "$python" -c 'import sys; sys.exit(sys.version_info >= (3, 12))'; then
    echo "== onnxruntime-training: tests"
    environment training training,test
    # Of these, the examples have a runtime of their own, and others say nothing new of this one, or
    # in a few of their tests alone.
    left_out=(description examples studies subgraphs tools fuzz scoring planning verification)
    left_out+=(cli/test_{bad_input,batch,bench,cluster,describe,encodings,endings,help,maps}.py)
    left_out+=(cli/test_{outputs,places,score,score_structure,transfer,verify,weights}.py)
    left_out+=(verbs/test_tiling.py run/test_{given,map_set}.py runtime/test_{privacy,spread}.py)
    in_part=(objective/test_evaluated.py runtime/test_banded.py)
    left_out+=("${in_part[@]}")
    tests training -m "not portable" "${left_out[@]/#/--ignore=tests/}"
    tests training -m training "${in_part[@]/#/tests/}"
else
    echo "== SKIPPED: onnxruntime-training does not exist for $("$python" --version)"
fi
