"""The reference itself, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, stats
from support import reference

# Two channels, two positions; F F^T = [[5, 11], [11, 25]].
F = np.array([[1.0, 2.0], [3.0, 4.0]])
# F_T F_T^T = [[1, 0], [0, 1]], so the Gram difference is [[4, 11], [11, 24]]; its squares add up to
# 16 + 121 + 121 + 576 = 834.
F_T = np.array([[1.0, 0.0], [0.0, 1.0]])

ZERO_MEAN = (0.0, 0.0, 0.0)


def delta(out_channels: int, in_channels: int, weight: float = 1.0) -> np.ndarray:
    """Return kernels that pass channel c on as channel c, times `weight`."""
    kernel = np.zeros((out_channels, in_channels, 3, 3))
    for c in range(min(out_channels, in_channels)):
        kernel[c, c, 1, 1] = weight
    return kernel


def box() -> np.ndarray:
    """Return a kernel that adds up the 3x3 neighbourhood of the first input channel (blue)."""
    kernel = np.zeros((1, 3, 3, 3))
    kernel[0, 0] = 1
    return kernel


def grey(rows: list[list[float]]) -> np.ndarray:
    """Return an image whose three channels are `rows` in 0..255."""
    return np.broadcast_to(np.array(rows) / 255, (1, 3, *np.shape(rows)))


# Features


def test_the_network_sees_bgr_pixels_in_0_to_255_minus_the_mean():
    image = np.array([1.0, 0.4, 0.2]).reshape(1, 3, 1, 1)  # 255, 102, 51
    out = reference.features(
        image, {"conv1_1": delta(3, 3)}, {"conv1_1": np.zeros(3)}, (5.0, 2.0, 1.0), ["conv1_1"]
    )
    np.testing.assert_allclose(out["conv1_1"][:, 0, 0], [50, 100, 250])


def test_relu_comes_after_the_bias():
    out = reference.features(
        grey([[10.0]]),
        {"conv1_1": delta(3, 3)},
        {"conv1_1": np.array([-11.0, -4.0, 3.0])},
        ZERO_MEAN,
        ["conv1_1"],
    )
    np.testing.assert_allclose(out["conv1_1"][:, 0, 0], [0, 6, 13])


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        # Rows 1 2 3 / 4 5 6 / 7 8 9; sums of 3x3 neighbourhoods at the corner (0, 0) and at (1, 1).
        # zeros: 1+2+4+5. reflect: rows 5 4 5 / 2 1 2 / 5 4 5. circular: all nine values.
        ("zeros", 12),
        ("reflect", 33),
        ("circular", 45),
    ],
)
def test_padding_fills_the_border(padding, expected):
    out = reference.features(
        grey([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]),
        {"conv1_1": box()},
        {"conv1_1": np.zeros(1)},
        ZERO_MEAN,
        ["conv1_1"],
        padding=padding,
    )["conv1_1"]
    assert out[0, 0, 0] == pytest.approx(expected)
    assert out[0, 1, 1] == pytest.approx(45)


def test_zero_padding_is_of_the_image_minus_the_mean():
    # A grey of 10 minus a mean of 4 is 6; at the corner of a 2x2 image all four positions add up.
    out = reference.features(
        grey([[10.0, 10.0], [10.0, 10.0]]),
        {"conv1_1": box()},
        {"conv1_1": np.zeros(1)},
        (4.0, 4.0, 4.0),
        ["conv1_1"],
    )
    np.testing.assert_allclose(out["conv1_1"], np.full((1, 2, 2), 24))


def test_kernels_are_correlated_not_flipped():
    kernel = np.zeros((1, 3, 3, 3))
    kernel[0, 0, 0, 2] = 1  # looks one row up and one column to the right
    out = reference.features(
        grey([[1.0, 2.0], [3.0, 4.0]]),
        {"conv1_1": kernel},
        {"conv1_1": np.zeros(1)},
        ZERO_MEAN,
        ["conv1_1"],
    )
    np.testing.assert_allclose(out["conv1_1"][0], [[0, 0], [2, 0]])


@pytest.mark.parametrize(
    ("padding", "mode"), [("zeros", "constant"), ("reflect", "mirror"), ("circular", "wrap")]
)
def test_convolutions_agree_with_scipy(padding, mode):
    rng = np.random.default_rng(0)
    x, kernel, bias = rng.normal(size=(4, 7, 6)), rng.normal(size=(5, 4, 3, 3)), rng.normal(size=5)
    expected = [
        b + sum(ndimage.correlate(x[c], k[c], mode=mode) for c in range(4))
        for k, b in zip(kernel, bias, strict=True)
    ]
    np.testing.assert_allclose(reference.conv3x3(x, kernel, bias, padding), expected, atol=1e-12)


@pytest.mark.parametrize(("pool", "expected"), [("avg", [[3.5, 5.5]]), ("max", [[6, 8]])])
def test_pooling_comes_between_blocks_and_drops_odd_rows_and_columns(pool, expected):
    # Windows 1 2 / 5 6 and 3 4 / 7 8; the row of 90s and the column of 99s are left over.
    kernels = {"conv1_1": delta(3, 3), "conv1_2": delta(3, 3), "conv2_1": delta(1, 3)}
    biases = {name: np.zeros(len(kernel)) for name, kernel in kernels.items()}
    out = reference.features(
        grey([[1, 2, 3, 4, 99], [5, 6, 7, 8, 99], [90, 90, 90, 90, 90]]),
        kernels,
        biases,
        ZERO_MEAN,
        ["conv2_1", "conv1_2"],
        pool=pool,
    )
    assert list(out) == ["conv2_1", "conv1_2"]
    assert out["conv1_2"].shape == (3, 3, 5)
    np.testing.assert_allclose(out["conv2_1"][0], expected)


def test_the_activation_scale_divides_each_layer_and_nothing_else():
    rng = np.random.default_rng(0)
    kernels = {
        "conv1_1": rng.normal(size=(4, 3, 3, 3)),
        "conv1_2": rng.normal(size=(5, 4, 3, 3)),
        "conv2_1": rng.normal(size=(6, 5, 3, 3)),
    }
    biases = {name: rng.normal(size=len(kernel)) for name, kernel in kernels.items()}
    scale = {"conv1_1": 30.0, "conv1_2": 160.0, "conv2_1": 0.5}
    image = rng.random((1, 3, 6, 6))
    raw = reference.features(image, kernels, biases, (120, 110, 100), list(scale))
    scaled = reference.features(
        image, kernels, biases, (120, 110, 100), list(scale), activation_scale=scale
    )
    for name, divisor in scale.items():
        assert raw[name].any()
        np.testing.assert_allclose(scaled[name] * divisor, raw[name], rtol=1e-12)


def test_layers_beyond_the_last_asked_for_are_not_needed():
    kernels = {"conv1_1": delta(3, 3), "conv2_1": np.full((1, 99, 3, 3), np.nan)}
    biases = {"conv1_1": np.zeros(3)}
    out = reference.features(grey([[1.0]]), kernels, biases, ZERO_MEAN, ["conv1_1"])
    assert list(out) == ["conv1_1"]


# Distances


def test_the_gram_matrix_is_of_channels():
    np.testing.assert_array_equal(reference.gram_matrix(F), [[5, 11], [11, 25]])


@pytest.mark.parametrize(
    ("norm", "divisor"),
    [("gatys", 4 * 4 * 4), ("no-n2", 4 * 4), ("no-m2", 4 * 4), ("no-n2-m2", 4), ("chw", 4 * 4)],
)
def test_gram_norms(norm, divisor):
    assert reference.gram_distance(F, F_T, norm) == pytest.approx(834 / divisor)


@pytest.mark.parametrize(
    ("norm", "divisor"),
    [("gatys", 4 * 1 * 9), ("no-n2", 36), ("no-m2", 4), ("no-n2-m2", 4), ("chw", 9)],
)
def test_gram_norms_tell_channels_from_positions(norm, divisor):
    # One channel, three positions: (1 + 4 + 9 - 2)² = 144.
    out, target = np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 1.0, 0.0]])
    assert reference.gram_distance(out, target, norm) == pytest.approx(144 / divisor)


@pytest.mark.parametrize(
    ("norm", "expected"),
    [("gatys", 400 / 16), ("no-n2", 400 / 16), ("no-m2", 100), ("no-n2-m2", 100), ("chw", 400 / 4)],
)
def test_a_larger_exemplars_gram_matrix_counts_by_its_mean_over_positions(norm, expected):
    # Output: 9 + 25 = 34 at 2 positions. Exemplar: 4 + 9 + 9 + 6 = 28 at 4 positions, 14 at 2.
    # (34 - 14)² = 400.
    out, target = np.array([[3.0, 5.0]]), np.array([[2.0, 3.0, 3.0, np.sqrt(6)]])
    assert reference.gram_distance(out, target, norm) == pytest.approx(expected)


@pytest.mark.parametrize("norm", ["gatys", "no-n2", "no-m2", "no-n2-m2", "chw"])
def test_an_exemplar_tiled_is_at_no_distance_from_itself(norm):
    tiled = np.tile(F, 3)
    assert reference.gram_distance(tiled, F, norm) == pytest.approx(0)
    assert reference.mean_distance(tiled, F) == pytest.approx(0)
    assert reference.cov_distance(tiled, F) == pytest.approx(0)


def test_emd_sorts_along_the_positions_of_each_channel():
    # Channel 1: sorted 1 3 against 0 1: 1 + 4. Channel 2: 2 2 against 2 2. Mean of four: 5/4.
    out, target = np.array([[3.0, 1.0], [2.0, 2.0]]), np.array([[0.0, 1.0], [2.0, 2.0]])
    assert reference.emd_distance(out, target) == pytest.approx(1.25)


def test_emd_tells_channels_apart():
    assert reference.emd_distance(np.array([[1.0], [0.0]]), np.array([[0.0], [1.0]])) == 1


def test_emd_of_one_channel_is_scipys_wasserstein_distance_where_that_is_the_same():
    # Shifting every value by 3 gives a distance of 3 in any order, squared here.
    values = np.array([[4.0, 1.0, 7.0]])
    assert reference.emd_distance(values, values + 3) == pytest.approx(
        stats.wasserstein_distance(values[0], values[0] + 3) ** 2
    )


def test_quantiles_are_interpolated_between_levels_and_clamped_at_the_ends():
    # 0 and 8 sit at levels 1/4 and 3/4; four outputs ask for 1/8, 3/8, 5/8, 7/8.
    values = reference.resample_quantiles(np.array([[0.0, 8.0]]), 4)
    np.testing.assert_allclose(values, [[0, 2, 6, 8]])
    # 0, 2, 6, 8 sit at 1/8, 3/8, 5/8, 7/8; two outputs ask for 1/4 and 3/4.
    values = reference.resample_quantiles(np.array([[0.0, 2.0, 6.0, 8.0]]), 2)
    np.testing.assert_allclose(values, [[1, 7]])


def test_emd_resamples_the_targets_not_the_output():
    # The target becomes 0 2 6 8; squares 0, 0, 1, 4 over four positions.
    out, target = np.array([[5.0, 0.0, 10.0, 2.0]]), np.array([[8.0, 0.0]])
    assert reference.emd_distance(out, target) == pytest.approx(5 / 4)


def test_the_mean_distance_is_a_mean_over_channels():
    # Means 1.5, 3.5 against 0.5, 0.5: (1 + 9) / 2.
    assert reference.mean_distance(F, F_T) == pytest.approx(5)


def test_the_covariance_distance():
    # F - mu = [[-.5, .5], [-.5, .5]]: C is 1/4 everywhere. F_T - mu = [[.5, -.5], [-.5, .5]]:
    # 1/4 on the diagonal, -1/4 off it. Two entries differ by 1/2: 0.5 / (4 * 4).
    assert reference.cov_distance(F, F_T) == pytest.approx(1 / 32)


def test_swd_is_the_emd_of_projections():
    # On (0.6, 0.8): 3 and 4.4 against 0.6 and 0.8; (2.4² + 3.6²) / 2.
    assert reference.swd_distance(F, F_T, np.array([[0.6, 0.8]])) == pytest.approx(9.36)


def test_swd_along_the_channels_is_emd():
    rng = np.random.default_rng(0)
    out, target = rng.random((3, 7)), rng.random((3, 5))
    expected = reference.emd_distance(out, target)
    assert reference.swd_distance(out, target, np.eye(3)) == pytest.approx(expected)
    assert reference.swd_distance(out, target, -np.eye(3)) == pytest.approx(expected)


def test_the_content_distance_is_half_a_mean_of_squares():
    # Differences 0 2 / 3 3: 22 over four, halved.
    assert reference.content_distance(F, F_T) == pytest.approx(2.75)


def test_total_variation_is_of_neighbours():
    # 0 1 / 3 7 in every channel: down 3 and 6, (9 + 36) / 2; right 1 and 4, (1 + 16) / 2.
    image = np.broadcast_to(np.array([[0.0, 1.0], [3.0, 7.0]]), (1, 3, 2, 2))
    assert reference.total_variation(image) == pytest.approx(22.5 + 8.5)


# First 1 2 / 3 4 minus 2 and 5: -1 0 / -2 -1, a fifth of which the leak lets through.
HIDDEN = (np.eye(2), np.array([-2.0, -5.0]))
LAST = (np.array([[1.0, 10.0]]), np.array([1.0]))


def test_a_discriminator_without_hidden_layers_is_linear():
    stack = [(np.array([[1.0, -1.0]]), np.array([0.5]))]
    np.testing.assert_allclose(reference.verdicts(F, stack), [-1.5, -1.5])
    np.testing.assert_allclose(reference.slopes(F, stack), [[1, 1], [-1, -1]], rtol=1e-8)


def test_a_discriminator_leaks_a_fifth_of_what_is_negative_in_between():
    np.testing.assert_allclose(reference.verdicts(F, [HIDDEN, LAST]), [1 - 0.2 - 4, 1 + 0 - 2])
    np.testing.assert_allclose(reference.verdicts(F + 6, [HIDDEN, LAST]), [1 + 5 + 40, 1 + 6 + 50])


def test_the_slope_of_a_discriminator_is_the_product_of_its_layers_slopes():
    # At (3, 4) the first hidden unit is above 0 and the second below: 1 * 1 and 10 * 0.2.
    at = np.array([[3.0], [4.0]])
    np.testing.assert_allclose(reference.slopes(at, [HIDDEN, LAST]), [[1], [2]], rtol=1e-7)


def test_what_says_nothing_costs_log_2_for_each_side():
    says_nothing = [(np.zeros((1, 2)), np.zeros(1))]
    assert reference.gan_distance(F, says_nothing) == pytest.approx(np.log(2))
    assert reference.discriminator_loss(F, F_T, says_nothing) == pytest.approx(2 * np.log(2))


def test_the_gan_distance_is_small_where_the_discriminator_is_deceived():
    # D = x: log(1 + e^-1) and log(1 + e^-2).
    stack = [(np.array([[1.0]]), np.zeros(1))]
    expected = (np.log1p(np.exp(-1)) + np.log1p(np.exp(-2))) / 2
    assert reference.gan_distance(np.array([[1.0, 2.0]]), stack) == pytest.approx(expected)


def test_the_penalty_is_half_the_squared_slope():
    # D = 3 x + 4 y, 0 where both are 0: 2 log 2, and 2 / 2 * 25.
    stack = [(np.array([[3.0, 4.0]]), np.zeros(1))]
    found = reference.discriminator_loss(np.zeros((2, 3)), np.zeros((2, 5)), stack, 2.0)
    assert found == pytest.approx(2 * np.log(2) + 25)


def test_the_discriminators_loss_wants_the_exemplar_high_and_the_image_low():
    # D = x: softplus(-2) for the exemplar's 2, softplus(-3) for the image's -3.
    stack = [(np.array([[1.0]]), np.zeros(1))]
    found = reference.discriminator_loss(np.array([[-3.0]]), np.array([[2.0]]), stack, 0.0)
    assert found == pytest.approx(np.log1p(np.exp(-2)) + np.log1p(np.exp(-3)))


def test_spatial_axes_are_positions():
    rng = np.random.default_rng(0)
    out, target = rng.random((3, 4, 5)), rng.random((3, 2, 6))
    directions, stack = rng.normal(size=(3, 3)), [(rng.normal(size=(1, 3)), np.zeros(1))]
    for name in ("gram", "emd", "mean", "cov", "swd", "gan"):
        assert reference.distance(
            name, out, target, directions=directions, stack=stack
        ) == reference.distance(
            name, out.reshape(3, 20), target.reshape(3, 12), directions=directions, stack=stack
        )


def test_a_sum_of_losses_is_named_with_plus():
    assert reference.distance("mean+cov", F, F_T) == pytest.approx(5 + 1 / 32)


# The whole loss


def test_the_loss_weighs_terms_and_layers():
    # One position: features 6 against 2 in conv1_1 and, doubled by conv1_2, 12 against 4.
    # mean: 16 and 64. gram, 1/4 (36 - 4)² = 256 and 1/4 (144 - 16)² = 4096.
    kernels = {"conv1_1": delta(1, 3), "conv1_2": delta(1, 1, 2.0)}
    biases = {"conv1_1": np.zeros(1), "conv1_2": np.zeros(1)}
    total, per_layer = reference.loss(
        grey([[6.0]]),
        grey([[2.0]]),
        kernels,
        biases,
        ZERO_MEAN,
        ["conv1_1", "conv1_2"],
        [1.0, 0.5],
        [("mean", 1.0), ("gram", 0.25)],
    )
    assert per_layer == pytest.approx([16 + 64, 0.5 * (64 + 1024)])
    assert total == pytest.approx(80 + 544)


def test_the_loss_passes_its_options_on():
    # Activation scale 2 turns 6 against 2 into 3 against 1: (9 - 1)² = 64, by chw over (1 * 1)².
    total, _ = reference.loss(
        grey([[6.0]]),
        grey([[2.0]]),
        {"conv1_1": delta(1, 3)},
        {"conv1_1": np.zeros(1)},
        ZERO_MEAN,
        ["conv1_1"],
        [1.0],
        [("gram", 1.0)],
        gram_norm="chw",
        activation_scale={"conv1_1": 2.0},
    )
    assert total == pytest.approx(64)


# Adam


def test_adams_first_step_is_the_learning_rate_against_the_gradients_sign():
    # m = 0.1 g, v = 0.001 g²: lr sqrt(0.001)/0.1 * 0.1 g / (sqrt(0.001) |g|) = lr sign(g).
    x = reference.adam(np.array([1.0, 1.0]), lambda _: np.array([3.0, -0.2]), 1, 0.5, eps=0.0)
    np.testing.assert_allclose(x, [0.5, 1.5])


def test_adams_second_step():
    # beta1 = beta2 = 1/2, gradients 1 and 0: m = 1/2, 1/4; v = 1/2, 1/4; the second step is
    # sqrt(3/4) / (3/4) * (1/4) / (1/2) = 1 / sqrt(3).
    gradients = iter([1.0, 0.0])
    x = reference.adam(
        np.array([0.0]), lambda _: np.array([next(gradients)]), 2, 1.0, 0.5, 0.5, eps=0.0
    )
    np.testing.assert_allclose(x, [-1 - 1 / np.sqrt(3)])


def test_adams_eps_stands_beside_the_uncorrected_root():
    # beta1 = beta2 = 1/2, gradient 1: lr_1 = sqrt(1/2) / (1/2) = sqrt 2, m = v = 1/2.
    x = reference.adam(np.array([0.0]), lambda _: np.array([1.0]), 1, 1.0, 0.5, 0.5, eps=1.0)
    np.testing.assert_allclose(x, [-np.sqrt(2) * 0.5 / (np.sqrt(0.5) + 1)])


def test_adam_leaves_its_start_alone():
    start = np.ones(2)
    reference.adam(start, lambda x: x, 3, 0.1)
    np.testing.assert_array_equal(start, 1)
