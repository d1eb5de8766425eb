"""Curves: what is drawn where, read from the figure itself, and files that are whole or none."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from texonnx.curves import check_curves_path, plot_comparison, plot_curves
from texonnx.curves import comparison as comparison_module
from texonnx.curves import run as run_module
from texonnx.errors import ImageError, OptionError
from texonnx.run.result import Step
from texonnx.sizes import Size

pytest.importorskip("matplotlib")

Parts = dict[str, float]


def history(*parts: Parts, sizes: Sequence[int] | None = None) -> list[Step]:
    """Return a step for each of `parts`, whose loss is their sum, a quarter of a second each."""
    sizes = sizes or [64] * len(parts)
    scales = sorted(set(sizes))
    return [
        Step(
            scale=scales.index(size) + 1,
            scales=len(scales),
            size=Size(size, 2 * size),
            step=number + 1,
            steps=len(parts),
            steps_to_come=(),
            loss=sum(of_step.values()),
            layer_losses=of_step,
            seconds=0.25 * (number + 1),
        )
        for number, (of_step, size) in enumerate(zip(parts, sizes, strict=True))
    ]


def losses(*values: float) -> list[Step]:
    return history(*({"conv1_1": value} for value in values))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect the figures that are saved, and save them all the same."""
    figures = []
    for module in (run_module, comparison_module):
        save = module.save_figure

        def collect(path: Path, figure: Any, save: Any = save) -> None:
            figures.append(figure)
            save(path, figure)

        monkeypatch.setattr(module, "save_figure", collect)
    return figures


def curves_of(axes: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in axes.get_lines() if line.get_label()[0] != "_"}


def values(line: Any) -> list[float]:
    return [float(value) for value in line.get_ydata()]


# One run


def test_a_png_and_an_svg_are_what_they_say(tmp_path: Path) -> None:
    for name in ("a.png", "a.PNG", "a.svg"):
        plot_curves(tmp_path / name, losses(2, 1), "stone")
    with PIL.Image.open(tmp_path / "a.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > picture.height
    assert "<svg" in (tmp_path / "a.svg").read_text()
    assert len(list(tmp_path.iterdir())) == 3


def test_the_total_and_each_part_are_drawn_over_all_steps(tmp_path: Path, drawn: list[Any]) -> None:
    steps = history({"conv1_1": 3, "conv2_1": 1}, {"conv1_1": 2, "conv2_1": 0.5})
    plot_curves(tmp_path / "a.png", steps, "stone")
    [axes] = drawn[0].axes
    lines = curves_of(axes)
    assert {name: values(line) for name, line in lines.items()} == {
        "total": [4, 2.5],
        "conv1_1": [3, 2],
        "conv2_1": [1, 0.5],
    }
    assert list(lines["total"].get_xdata()) == [1, 2]
    assert axes.get_yscale() == "log"
    thickest = max(lines.values(), key=lambda line: line.get_linewidth())
    assert thickest is lines["total"]


def test_layers_go_from_dark_to_light_with_depth_whatever_their_order(
    tmp_path: Path, drawn: list[Any]
) -> None:
    names = ["conv5_3", "conv1_1", "conv3_3", "conv3_2", "conv2_1"]
    plot_curves(tmp_path / "a.png", history(dict.fromkeys(names, 1.0)), "stone")
    lines = curves_of(drawn[0].axes[0])
    ordered = [name for name in lines if name != "total"]
    assert ordered == sorted(names)
    weights = np.array([0.2126, 0.7152, 0.0722, 0])
    lightness = [float(weights @ lines[name].get_color()) for name in ordered]
    assert lightness == sorted(lightness)
    assert len(set(lightness)) == len(names)


def test_a_layer_has_one_colour_in_all_terms_and_each_term_its_line(
    tmp_path: Path, drawn: list[Any]
) -> None:
    parts = {"conv1_1": 1.0, "conv4_2": 1.0, "content.conv4_2": 1.0, "tv": 1.0}
    plot_curves(tmp_path / "a.png", history(parts), "stone")
    lines = curves_of(drawn[0].axes[0])
    assert list(lines) == ["total", "conv1_1", "conv4_2", "content.conv4_2", "tv"]
    assert lines["content.conv4_2"].get_color() == lines["conv4_2"].get_color()
    assert lines["content.conv4_2"].get_linestyle() != lines["conv4_2"].get_linestyle()
    assert lines["conv1_1"].get_linestyle() == lines["conv4_2"].get_linestyle()


def test_scales_begin_at_a_line_between_steps_with_their_size_above(
    tmp_path: Path, drawn: list[Any]
) -> None:
    sizes = [64] * 4 + [128] * 3 + [256] * 2
    plot_curves(tmp_path / "a.png", history(*[{"conv1_1": 1.0}] * 9, sizes=sizes), "stone")
    [axes] = drawn[0].axes
    borders = [line.get_xdata()[0] for line in axes.get_lines() if len(set(line.get_xdata())) == 1]
    assert borders == [4.5, 7.5]
    labels = {text.get_text(): text.xy[0] for text in axes.texts}
    assert labels == {"128x64": 0.5, "256x128": 4.5, "512x256": 7.5}
    assert [text.get_rotation() for text in axes.texts] == [0, 0, 0]


def test_labels_of_short_scales_are_aslant(tmp_path: Path, drawn: list[Any]) -> None:
    sizes = [64] * 50 + [128] * 2
    plot_curves(tmp_path / "a.png", history(*[{"conv1_1": 1.0}] * 52, sizes=sizes), "stone")
    assert all(text.get_rotation() == 30 for text in drawn[0].axes[0].texts)


def test_zeros_are_gaps_on_a_logarithmic_axis(tmp_path: Path, drawn: list[Any]) -> None:
    steps = history({"conv1_1": 1, "tv": 0.0}, {"conv1_1": 0.5, "tv": 0.25})
    plot_curves(tmp_path / "a.png", steps, "stone")
    [axes] = drawn[0].axes
    np.testing.assert_equal(values(curves_of(axes)["tv"]), [np.nan, 0.25])
    assert axes.get_yscale() == "log"


@pytest.mark.parametrize("values", [(0.0, 0.0), (1.0, -1.0)])
def test_losses_without_a_logarithm_have_a_linear_axis(
    tmp_path: Path, drawn: list[Any], values: tuple[float, float]
) -> None:
    plot_curves(tmp_path / "a.png", losses(*values), "stone")
    [axes] = drawn[0].axes
    assert axes.get_yscale() == "linear"
    assert list(curves_of(axes)["total"].get_ydata()) == list(values)


def test_a_part_next_to_nothing_does_not_flatten_the_rest(tmp_path: Path, drawn: list[Any]) -> None:
    plot_curves(tmp_path / "a.png", history({"conv1_1": 1, "tv": 1e-30}), "stone")
    lowest, highest = drawn[0].axes[0].get_ylim()
    assert 1e-9 < lowest < 1e-6
    assert 1 < highest < 10


def test_a_part_that_only_some_steps_have_has_gaps(tmp_path: Path, drawn: list[Any]) -> None:
    plot_curves(tmp_path / "a.png", history({"conv1_1": 1}, {"conv1_1": 1, "tv": 2}), "stone")
    np.testing.assert_equal(values(curves_of(drawn[0].axes[0])["tv"]), [np.nan, 2])


def test_one_step_is_enough(tmp_path: Path) -> None:
    plot_curves(tmp_path / "a.png", losses(1), "stone")
    assert (tmp_path / "a.png").exists()


def test_a_title_is_taken_as_it_is(tmp_path: Path, drawn: list[Any]) -> None:
    plot_curves(tmp_path / "a.png", losses(1), r"a$\b$.png")
    assert drawn[0].get_suptitle() == r"a$\b$.png"


def test_a_run_without_steps_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="without steps"):
        plot_curves(tmp_path / "a.png", [], "stone")


# Several runs


def test_each_run_is_relative_to_its_first_loss_by_seconds_and_by_steps(
    tmp_path: Path, drawn: list[Any]
) -> None:
    plot_comparison(tmp_path / "a.png", {"gram": losses(200, 50), "emd": losses(4, 2, 1)}, "stone")
    by_seconds, by_steps = drawn[0].axes
    for axes in (by_seconds, by_steps):
        assert [values(line) for line in axes.get_lines()] == [[1, 0.25], [1, 0.5, 0.25]]
        assert axes.get_yscale() == "log"
        assert axes.get_xlim()[0] == 0
    assert list(by_seconds.get_lines()[1].get_xdata()) == [0.25, 0.5, 0.75]
    assert list(by_steps.get_lines()[1].get_xdata()) == [1, 2, 3]
    assert [text.get_text() for text in drawn[0].legends[0].get_texts()] == ["gram", "emd"]


def test_a_run_is_drawn_alike_in_both_panels_and_unlike_the_others(
    tmp_path: Path, drawn: list[Any]
) -> None:
    plot_comparison(tmp_path / "a.png", {str(n): losses(2, 1) for n in range(12)}, "stone")
    styles = [
        [(line.get_color(), line.get_linestyle()) for line in axes.get_lines()]
        for axes in drawn[0].axes
    ]
    assert styles[0] == styles[1]
    assert len(set(styles[0])) == 12


def test_runs_that_cannot_be_relative_have_no_line_and_the_legend_says_so(
    tmp_path: Path, drawn: list[Any]
) -> None:
    runs = {"gram": losses(2, 1), "flat": losses(0, 1), "none": []}
    plot_comparison(tmp_path / "a.png", runs, "stone")
    drawn_points = [len(line.get_ydata()) for line in drawn[0].axes[0].get_lines()]
    assert drawn_points == [2, 0, 0]
    assert [text.get_text() for text in drawn[0].legends[0].get_texts()] == [
        "gram",
        "flat (no first loss above zero)",
        "none (no first loss above zero)",
    ]


def test_names_of_runs_are_taken_as_they_are(tmp_path: Path) -> None:
    plot_comparison(tmp_path / "a.png", {r"$\b$": losses(2, 1), "_gram": losses(2, 1)}, "stone")
    assert (tmp_path / "a.png").exists()


def test_a_comparison_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no runs"):
        plot_comparison(tmp_path / "a.png", {}, "stone")


# Paths


def test_another_suffix_is_refused_before_and_when_drawing(tmp_path: Path) -> None:
    says = r"unknown plot suffix '\.pdf'.*known: \.png, \.svg"
    with pytest.raises(ImageError, match=says):
        check_curves_path(tmp_path / "a.pdf")
    with pytest.raises(ImageError, match=says):
        plot_curves(tmp_path / "a.pdf", losses(1), "stone")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="there is no folder"):
        check_curves_path(tmp_path / "missing" / "a.png")


def test_a_check_leaves_nothing(tmp_path: Path) -> None:
    check_curves_path(tmp_path / "a.svg")
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
        assert name == "matplotlib"
        return None

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    says = r"texonnx\[plot\]"
    with pytest.raises(OptionError, match=says):
        check_curves_path(tmp_path / "a.png")
    with pytest.raises(OptionError, match=says):
        plot_curves(tmp_path / "a.png", losses(1), "stone")
    with pytest.raises(OptionError, match=says):
        plot_comparison(tmp_path / "a.png", {"gram": losses(1)}, "stone")
