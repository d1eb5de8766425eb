"""From the user's words to the value that decides the graphs."""

from __future__ import annotations

import pytest

from texonnx.artifacts.specification import specify, target_name
from texonnx.errors import OptionError
from texonnx.losses import find_loss
from texonnx.options import ObjectiveOptions


def test_the_defaults_are_all_layers_alike_and_the_gram_loss() -> None:
    specification = specify(ObjectiveOptions())
    assert len(specification.layers) == 13
    assert set(specification.layer_weights) == {1.0}
    assert [term.loss.name for term in specification.terms] == ["gram"]
    assert specification.loss_options.gram_norm == "gatys"
    assert (specification.trunk.pooling, specification.trunk.padding) == ("avg", "zeros")


def test_layers_of_weight_zero_are_left_out_with_their_weight() -> None:
    specification = specify(
        ObjectiveOptions(layers="conv1_1,conv4_1,conv2_1,conv5_1", layer_weights="1,0,0.5,0")
    )
    assert specification.layers == ("conv1_1", "conv2_1")
    assert specification.layer_weights == (1.0, 0.5)
    # What is left out need not fit into the image either.
    assert specification.minimum_size == 2


def test_targets_are_named_after_loss_and_layer_layer_by_layer() -> None:
    specification = specify(ObjectiveOptions(loss="emd,gram", layers="conv2_1,conv1_1"))
    assert [(name, loss.name, layer) for name, loss, layer in specification.targets()] == [
        ("target.emd.conv2_1", "emd", "conv2_1"),
        ("target.gram.conv2_1", "gram", "conv2_1"),
        ("target.emd.conv1_1", "emd", "conv1_1"),
        ("target.gram.conv1_1", "gram", "conv1_1"),
    ]
    assert target_name(find_loss("cov"), "conv3_3") == "target.cov.conv3_3"


@pytest.mark.parametrize(
    ("layers", "padding", "expected"),
    [
        # 2^pools pixels leave one position; mirroring without the edge needs two.
        ("conv1_2", "zeros", 1),
        ("conv1_2", "reflect", 2),
        ("conv3_1,conv1_1", "circular", 4),
        ("all", "zeros", 16),
        ("all", "reflect", 32),
    ],
)
def test_the_least_size_leaves_every_layer_something_to_see(
    layers: str, padding: str, expected: int
) -> None:
    assert specify(ObjectiveOptions(layers=layers, padding=padding)).minimum_size == expected


def test_the_label_is_made_of_the_losses_names() -> None:
    assert specify(ObjectiveOptions(loss="mean:2,cov:1e-3")).label == "mean+cov"


def test_vgg19_has_its_own_layers() -> None:
    specification = specify(ObjectiveOptions(arch="vgg19"))
    assert specification.trunk.arch == "vgg19"
    assert len(specification.layers) == 16
    assert "conv5_4" in specification.layers


@pytest.mark.parametrize(
    ("field", "word", "nearest"),
    [
        ("loss", "grams", "gram"),
        ("layers", "conv1_3", "conv1_1"),
        ("gram_norm", "no-m", "no-m2"),
        ("pool", "maxi", "max"),
        ("padding", "reflekt", "reflect"),
        ("arch", "vgg17", "vgg16"),
    ],
)
def test_a_word_that_is_not_known_is_named_with_the_nearest(
    field: str, word: str, nearest: str
) -> None:
    with pytest.raises(OptionError, match=f"'{word}' .did you mean '") as info:
        specify(ObjectiveOptions(**{field: word}))
    assert nearest in str(info.value)


@pytest.mark.parametrize("weights", ["1", "1,2,3", "1,-1", "0,0", "1,nan", "1,x"])
def test_layer_weights_that_do_not_fit_are_refused(weights: str) -> None:
    with pytest.raises(OptionError):
        specify(ObjectiveOptions(layers="conv1_1,conv2_1", layer_weights=weights))
