"""Every kind of objective holds what verification checks, and what is broken does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from support.drawn_objective import drawn, specification
from support.tampering import copied, edit_graph

import texonnx
from texonnx.errors import OptionError, RuntimeUnavailableError
from texonnx.exported.writing import export_folder
from texonnx.runtime.sessions import listed_providers, probe
from texonnx.sizes import Size
from texonnx.verification import trial, verifying

OBJECTIVES: dict[str, dict[str, Any]] = {
    "gram": {},
    "emd": {"loss": "emd"},
    "swd": {"loss": "swd"},
    "mean": {"loss": "mean"},
    "cov": {"loss": "cov"},
    "mean+cov": {"loss": "mean+cov"},
    "gan": {"loss": "gan", "disc_widths": (4,)},
    "logistic": {"loss": "gan,gram", "disc_widths": ()},
    "tv": {"loss": "gram:1,tv:0.1"},
    "transfer": {"content_layers": "conv1_2", "tv": 0.1},
    "content": {"content_layers": "conv2_1", "style_weight": 0.0},
    "max reflect": {"pool": "max", "padding": "reflect"},
    "circular": {"padding": "circular", "loss": "gram,emd"},
}


def exported(folder: Path, **words: Any) -> Path:
    fixed = {key: words.pop(key) for key in ("size", "fp16") if key in words}
    export_folder(folder, specification(**words), drawn(), **fixed)
    return folder


def named(found: texonnx.Verification, what: str) -> list[texonnx.Check]:
    return [check for check in found.checks if what in check.what]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_what_is_exported_holds(name: str, tmp_path: Path) -> None:
    found = texonnx.verify(exported(tmp_path / "folder", **OBJECTIVES[name]), size=(24, 32))
    assert [check for check in found.checks if not check.passed] == []
    assert found.passed
    assert found.size == (24, 32)
    assert set(found.kernels) == {op for graph in found.graphs for op in graph.counts}
    assert all(known["cpu"] for known in found.kernels.values())
    gradients = [check.subject for check in named(found, "finite differences")]
    adversarial = "gan" in OBJECTIVES[name].get("loss", "")
    assert gradients == ["objective.onnx", *(["discriminator_step.onnx"] if adversarial else [])]
    # A discriminator's loss is not 0 where exemplar and image are the same.
    assert bool(named(found, "exemplar itself")) != adversarial


def test_every_provider_is_held_against_the_cpu(tmp_path: Path) -> None:
    runs = [name for name in listed_providers() if probe(name) is None]
    found = texonnx.verify(exported(tmp_path / "folder"), size=(16, 16))
    assert set(found.providers) == set(runs) | {"cpu"}
    assert set(found.skipped) == set(listed_providers()) - set(runs)
    assert len(named(found, "gradient against the CPU")) == len(found.providers) - 1


@pytest.mark.parametrize("name", OBJECTIVES)
def test_another_provider_goes_on_from_what_the_cpu_gave(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CPU once more, in the place of a provider that there may not be."""
    monkeypatch.setattr(verifying, "_providers", lambda asked: (["cpu"], {}))
    found = texonnx.verify(exported(tmp_path / "folder", **OBJECTIVES[name]), size=(24, 32))
    assert found.providers == ("cpu", "cpu")
    assert [check for check in found.checks if not check.passed] == []
    assert {check.deviation for check in named(found, "against the CPU")} == {0}


def test_half_precision_weights_hold(tmp_path: Path) -> None:
    assert texonnx.verify(exported(tmp_path / "half", fp16=True), size=(16, 16)).passed


def test_a_fixed_size_is_the_one_that_is_tried(tmp_path: Path) -> None:
    folder = exported(tmp_path / "fixed", size=Size(16, 24))
    found = texonnx.verify(folder)
    assert found.passed
    assert found.size == (16, 24)
    with pytest.raises(OptionError, match="for 24x16 alone, not for 64x64"):
        texonnx.verify(folder, size=(64, 64))


def test_a_provider_that_was_asked_for_and_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailableError, match="no coreml provider"):
        texonnx.verify(exported(tmp_path / "folder"), providers=["coreml"])


def test_a_provider_that_is_listed_and_does_not_run_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from texonnx.runtime import sessions

    monkeypatch.setattr(sessions, "listed_providers", lambda: ["cpu", "cuda"])
    monkeypatch.setattr(sessions, "probe", lambda name: "its driver is missing")
    found = texonnx.verify(exported(tmp_path / "folder"), size=(16, 16))
    assert found.passed
    assert found.skipped == {"cuda": "its driver is missing"}


# What is broken


def replace_output(name: str, op: str, *constants: float) -> Any:
    """Put an op between a graph and one of its outputs."""

    def edit(model: onnx.ModelProto) -> None:
        for node in model.graph.node:
            node.output[:] = [f"{name}.before" if one == name else one for one in node.output]
            node.input[:] = [f"{name}.before" if one == name else one for one in node.input]
        for place, number in enumerate(constants):
            model.graph.initializer.append(
                onnx.helper.make_tensor(f"{name}.{place}", onnx.TensorProto.FLOAT, [], [number])
            )
        inputs = [f"{name}.before", *(f"{name}.{place}" for place in range(len(constants)))]
        model.graph.node.append(onnx.helper.make_node(op, inputs, [name]))

    return edit


BROKEN = [
    ("objective.onnx", replace_output("gradient", "Mul", 1.02), "finite differences"),
    ("objective.onnx", replace_output("gradient", "Relu"), "finite differences"),
    ("objective.onnx", replace_output("gradient", "Neg"), "the objective's gradient"),
    ("objective.onnx", replace_output("loss", "Mul", 1.01), "sum of its parts"),
    ("objective.onnx", replace_output("gradient", "Mul", float("inf")), "finite values"),
    ("adam_step.onnx", replace_output("next_image", "Add", 0.001), "the objective's gradient"),
    ("adam_step.onnx", replace_output("next_step", "Mul", 2.0), "the objective's gradient"),
    ("targets.onnx", replace_output("target.gram.conv2_1", "Mul", 1.01), "exemplar itself"),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("models") / "small")


@pytest.mark.parametrize(("file", "edit", "what"), BROKEN)
def test_what_is_broken_fails_the_check_for_it(
    file: str, edit: Any, what: str, small: Path, tmp_path: Path
) -> None:
    folder = copied(small, tmp_path / "folder")
    edit_graph(folder, file, edit)
    found = texonnx.verify(folder, size=(24, 32))
    assert not found.passed
    assert any(not check.passed for check in named(found, what))


def test_a_graph_that_does_not_run_fails_and_the_others_are_still_checked(
    small: Path, tmp_path: Path
) -> None:
    folder = copied(small, tmp_path / "folder")

    def forget(model: onnx.ModelProto) -> None:
        del model.graph.node[5]

    edit_graph(folder, "adam_step.onnx", forget)
    found = texonnx.verify(folder, size=(16, 16))
    failed = {check.subject for check in found.checks if not check.passed}
    assert failed == {"adam_step.onnx"}
    assert all("\n" not in (check.failure or "") for check in found.checks)


def test_a_provider_that_computes_otherwise_fails(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Doubling(trial.Runner):
        def run(self, name: str, values: Any) -> Any:
            outputs = super().run(name, values)
            if self.provider == "other":
                return {key: 2 * value for key, value in outputs.items()}
            return outputs

        def __init__(self, folder: Any, graphs: Any, provider: str) -> None:
            super().__init__(folder, graphs, "cpu")
            self.provider = provider

    opened = trial.open_session
    monkeypatch.setattr(trial, "open_session", lambda path, provider: opened(path, "cpu"))
    monkeypatch.setattr(verifying, "Runner", Doubling)
    monkeypatch.setattr(verifying, "_providers", lambda asked: (["other"], {}))
    found = texonnx.verify(small, size=(16, 16))
    assert all(check.passed for check in found.checks if check.provider != "other")
    [gradient] = named(found, "gradient against the CPU")
    assert gradient.deviation == pytest.approx(1.0)
    assert not gradient.passed


def test_the_same_folder_gives_the_same_figures(small: Path) -> None:
    first, second = (texonnx.verify(small, providers=[], size=(16, 16)) for _ in range(2))
    assert first.checks == second.checks


def test_deviations_are_relative_norms() -> None:
    from texonnx.verification.comparison import relative, worst

    assert relative([0.0, 3.0, 4.0], [0.0, 3.0, 4.0]) == 0
    assert relative([6.0, 8.0], [3.0, 4.0]) == pytest.approx(1.0)
    assert relative([1.0, np.nan], [1.0, 2.0]) == np.inf
    assert relative([1.0], [1.0, 1.0]) == np.inf
    assert relative([0.5], [0.0]) == 0.5
    assert worst({"a": np.ones(2), "b": np.ones(1)}, {"a": np.ones(2), "b": np.full(1, 2.0)}) == 0.5
