from __future__ import annotations

import sys

import bench_peers
import bench_quality
import pytest

_HERE = ["--analytic", sys.executable]


def _refused(main, words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "name the Python of at least one environment with texonnx"),
        (["--torch", sys.executable], "name the Python of at least one environment with texonnx"),
        (["--analytic", "no/python"], "no/python is no program that can be run"),
        ([*_HERE, "--only", "jax"], "there is no candidate 'jax'; there are analytic, training"),
        ([*_HERE, "--only", "torch"], "torch needs --torch PYTHON"),
        ([*_HERE, "--reference", "torch"], "the reference torch is not among analytic"),
        ([*_HERE, "--rounds", "0"], "0 is no whole number from 1 on"),
        ([*_HERE, "--size", "64", "big"], "big is no whole number from 1 on"),
        ([*_HERE, "--loss", "swd"], "invalid choice: 'swd'"),
        ([*_HERE, "--growth", "--optimizers", "adam"], "take one of them"),
        ([*_HERE, "--exemplar", "none.png"], "there is no image none.png"),
        (
            [*_HERE, "--torch", sys.executable, "--only", "torch", "--optimizers", "adam"],
            "no candidate is left",
        ),
    ],
)
def test_bench_peers_says_what_is_wrong(words, sentence, capsys):
    assert sentence in _refused(bench_peers.main, words, capsys)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "the following arguments are required: --torch"),
        (["--torch", "no/python"], "no/python is no program that can be run"),
        (["--torch", sys.executable, "--images", "none.png"], "there is no image none.png"),
        (["--torch", sys.executable, "--repeats", "none"], "none is no whole number from 1 on"),
    ],
)
def test_bench_quality_says_what_is_wrong(words, sentence, capsys):
    assert sentence in _refused(bench_quality.main, words, capsys)
