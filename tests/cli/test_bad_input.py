"""Everything a user can get wrong: told in one sentence, exit code 2, and nothing written."""

from __future__ import annotations

import json
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from support.commands import (
    SHORT,
    SMALL,
    Outcome,
    Texonnx,
    assert_refused,
    command,
    everything_below,
    run_process,
)

from texonnx.images import load_image
from texonnx.runtime.installed import the_runtime
from texonnx.weights import cache
from texonnx.weights.library import load_weights


@pytest.fixture
def synth(texonnx: Texonnx, exemplar: Path) -> Texonnx:
    """Run a good command with `arguments` behind it; the last of an option given twice counts."""

    def run(*arguments: str | Path) -> Outcome:
        return texonnx("synth", exemplar, "-o", "out.png", *SMALL, *SHORT, *arguments)

    return run


def refused(run: Callable[[], Outcome], folder: Path) -> str:
    before = everything_below(folder)
    sentence = assert_refused(run())
    assert everything_below(folder) == before
    return sentence


def test_the_command_that_the_others_spoil_is_good(synth: Texonnx, tmp_path: Path) -> None:
    assert synth().code == 0
    assert (tmp_path / "out.png").is_file()


# Exemplars


def jpeg(path: Path) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    PIL.Image.fromarray(pixels).save(path, "JPEG")
    return path.read_bytes()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG file of a few bytes with one row of the pixels that its header promises."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1 + 3 * min(width, 1000)))
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


BAD_FILES = {
    "not an image": (lambda path: b"To whom it may concern", "not an image"),
    "truncated JPEG": (lambda path: jpeg(path)[:-900], "truncated"),
    "0 bytes": (lambda path: b"", "0 bytes"),
    "decompression bomb": (lambda path: png_that_claims(100_000, 100_000), "10000 megapixels"),
}


@pytest.mark.parametrize(("content", "reason"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_is_no_whole_image_is_refused(
    content: Callable[[Path], bytes], reason: str, texonnx: Texonnx, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(content(bad))
    sentence = refused(lambda: texonnx("synth", bad, "-o", "out.png", *SMALL), tmp_path)
    assert reason in sentence
    assert "bad.jpg" in sentence


@pytest.mark.parametrize("options", [(), ("-o", "out.png")], ids=["default name", "-o"])
def test_an_exemplar_that_does_not_exist_is_refused(
    options: tuple[str, ...], texonnx: Texonnx, tmp_path: Path
) -> None:
    sentence = refused(lambda: texonnx("synth", "stoen.jpg", *options), tmp_path)
    assert sentence == "texonnx: there is no image file 'stoen.jpg'"


def test_an_exemplar_that_is_a_folder_is_refused(texonnx: Texonnx, tmp_path: Path) -> None:
    assert "folder" in refused(lambda: texonnx("synth", tmp_path, "-o", "out.png"), tmp_path)


@pytest.mark.parametrize(
    ("size", "options", "least"),
    [
        ((1, 1), (), "16x16"),
        ((10, 40), (), "16x16"),
        ((40, 3), ("--layers", "conv1_1,conv3_1"), "4x4"),
        ((3, 3), ("--layers", "conv2_1", "--padding", "reflect"), "4x4"),
    ],
    ids=["1x1", "too low for all layers", "too narrow for conv3_1", "too small to reflect"],
)
def test_an_exemplar_too_small_for_the_layers_is_refused_with_the_least_size(
    size: tuple[int, int],
    options: tuple[str, ...],
    least: str,
    texonnx: Texonnx,
    tmp_path: Path,
) -> None:
    PIL.Image.new("RGB", size, "red").save(tmp_path / "tiny.png")
    sentence = refused(lambda: texonnx("synth", "tiny.png", "-o", "out.png", *options), tmp_path)
    assert least in sentence
    assert f"{size[0]}x{size[1]}" in sentence


@pytest.mark.parametrize("option", ["--exemplar-size", "--size"])
def test_a_scaled_image_too_small_for_the_layers_is_refused_with_the_least_size(
    option: str, synth: Texonnx, tmp_path: Path
) -> None:
    sentence = refused(lambda: synth("--layers", "all", option, "15"), tmp_path)
    assert "15x15" in sentence
    assert "16x16" in sentence


# Words

WORDS = {
    "loss in a sum": ("--loss", "gram:1,edm:0.1", "'emd'"),
    "layer": ("--layers", "conv1_1,conv2_11", "'conv2_1'"),
    "layer set": ("--layers", "shalow", "'shallow'"),
    "schedule": ("--layer-weights", "lineal", "'linear'"),
    "a few words": ("--pool", "agv", "'avg'"),
}


@pytest.mark.parametrize(("option", "word", "meant"), WORDS.values(), ids=WORDS)
def test_an_unknown_word_is_refused_with_the_nearest_known_one(
    option: str, word: str, meant: str, synth: Texonnx, tmp_path: Path
) -> None:
    sentence = refused(lambda: synth(option, word), tmp_path)
    assert f"did you mean {meant}?" in sentence
    assert word.split(",")[-1].split(":")[0] in sentence


def test_a_word_like_no_other_is_refused_with_all_that_are_known(
    synth: Texonnx, tmp_path: Path
) -> None:
    sentence = refused(lambda: synth("--optimizer", "xyzzy"), tmp_path)
    assert all(name in sentence for name in ("adam", "sgd", "lbfgs"))


# Numbers

NUMBERS = [
    ("--loss", "gram:-1", "-1"),
    ("--layers", "conv1_1,conv1_1", "conv1_1"),
    ("--layer-weights", "1,2,3", "3 layer weights were given for 2 layers"),
    ("--size", "0x32", "not 0"),
    ("--exemplar-size", "1.5", "1.5"),
    ("--steps", "4,,2", "'4,,2'"),
    ("--until", "1.5", "1.5"),
    ("--scales", "0", "0"),
    ("--threads", "two", "two"),
    ("--seed", "-1", "-1"),
    ("--save-every", "0", "0"),
    ("--mix", "half", "'half'"),
    *(("--mix", text, f"not {text}") for text in ("-1", "0", "nan", "inf")),
    *(("--mix", text, "exemplars") for text in ("", "1,2")),
    ("--disc-widths", "8;4", "'8;4'"),
    ("--disc-steps", "0", "0"),
    ("--lr", "-1", "-1"),
]
"""One row an option; what else its grammar refuses is in tests/options."""


@pytest.mark.parametrize(("option", "text", "told"), NUMBERS)
def test_a_number_that_will_not_do_is_refused_by_its_value(
    option: str, text: str, told: str, synth: Texonnx, tmp_path: Path
) -> None:
    assert told in refused(lambda: synth(option, text), tmp_path)


def test_until_with_discriminators_is_refused(synth: Texonnx, tmp_path: Path) -> None:
    sentence = refused(lambda: synth("--loss", "gan", "--until", "0.1"), tmp_path)
    assert "gan" in sentence
    assert "leave 'until' out" in sentence


@pytest.mark.parametrize("mix", ["1", "1,2,3"])
def test_shares_for_another_number_of_exemplars_are_refused(
    mix: str, synth: Texonnx, other: Path, tmp_path: Path
) -> None:
    sentence = refused(lambda: synth("wood.png", "--mix", mix), tmp_path)
    assert "for 2 exemplars" in sentence


def test_a_second_exemplar_that_does_not_exist_is_refused(synth: Texonnx, tmp_path: Path) -> None:
    sentence = refused(lambda: synth("grass.png"), tmp_path)
    assert sentence == "texonnx: there is no image file 'grass.png'"


@pytest.mark.parametrize(("scales", "steps"), [("2", "4,3,2"), ("3", "4,3"), ("1", "4,3")])
def test_steps_for_another_number_of_scales_are_refused_with_both(
    scales: str, steps: str, synth: Texonnx, tmp_path: Path
) -> None:
    sentence = refused(lambda: synth("--scales", scales, "--steps", steps), tmp_path)
    assert f"the number of scales is {scales}" in sentence
    assert steps in sentence


def test_a_learning_rate_for_lbfgs_is_refused(synth: Texonnx, tmp_path: Path) -> None:
    sentence = refused(lambda: synth("--optimizer", "lbfgs", "--lr", "0.1"), tmp_path)
    assert "lbfgs takes no learning rate" in sentence


@pytest.mark.parametrize("option", ["--size", "--exemplar-size"])
def test_a_size_of_more_pixels_than_an_image_may_have_is_refused(
    option: str, synth: Texonnx, tmp_path: Path
) -> None:
    sentence = refused(lambda: synth(option, "999999"), tmp_path)
    assert "999999" in sentence
    assert "100 megapixels" in sentence


def test_more_scales_than_the_layers_allow_are_refused(synth: Texonnx, tmp_path: Path) -> None:
    assert "scales" in refused(lambda: synth("--scales", "6"), tmp_path)


def test_absurdly_many_scales_are_refused(
    exemplar: Path, tmp_path: Path, drawn_once: dict[str, str]
) -> None:
    # In a process of its own: 2 to the power of this would fill the memory, slowly.
    arguments = command(
        "synth", exemplar, "-o", "out.png", "--weights", "drawn", "--scales", 10**15
    )
    outcome = run_process(arguments, tmp_path, drawn_once)
    assert "scales" in assert_refused(outcome)


# Outputs


@pytest.mark.parametrize(
    "output",
    ["no/such/folder/out.png", "stone.png/out.png", "/proc/out.png", "out.xyz", "out", "."],
)
def test_an_output_that_cannot_be_written_is_refused_before_any_work(
    output: str, synth: Texonnx, tmp_path: Path
) -> None:
    assert f"'{output}'" in refused(lambda: synth("-o", output), tmp_path)


@pytest.mark.parametrize(
    "history",
    ["no/such/folder/h.csv", "stone.png/h.csv", "/proc/h.csv", "h.xlsx", "h", "."],
)
def test_a_history_that_cannot_be_written_is_refused_before_any_work(
    history: str, synth: Texonnx, tmp_path: Path
) -> None:
    refused(lambda: synth("--history", history), tmp_path)


def test_a_history_that_is_a_folder_is_refused(synth: Texonnx, tmp_path: Path) -> None:
    (tmp_path / "h.csv").mkdir()
    assert "folder" in refused(lambda: synth("--history", "h.csv"), tmp_path)


def test_a_first_image_that_does_not_exist_is_refused(synth: Texonnx, tmp_path: Path) -> None:
    assert "'start.png'" in refused(lambda: synth("--init", "start.png"), tmp_path)


# Weights


def test_no_network_and_no_cache_is_refused_with_the_ways_out(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    sentence = refused(lambda: texonnx("synth", exemplar, "-o", "out.png"), tmp_path)
    assert "no connection" in sentence
    assert "--weights random" in sentence
    assert "texonnx weights import" in sentence


def test_cached_weights_that_are_damaged_are_refused_and_kept(
    synth: Texonnx, cache_root: Path, tmp_path: Path
) -> None:
    path = cache.path_of("pretrained", "vgg16")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\x08\0\0\0\0\0\0\0{garbage")
    sentence = refused(lambda: synth("--weights", "pretrained"), tmp_path)
    assert "damaged" in sentence
    assert "texonnx weights fetch" in sentence
    assert path.read_bytes().endswith(b"{garbage")


def test_cached_weights_with_one_bit_flipped_are_refused(synth: Texonnx, tmp_path: Path) -> None:
    path = cache.save(load_weights("random:0"), "mine")
    with path.open("r+b") as file:
        file.seek(-1000, 2)
        byte = file.read(1)[0]
        file.seek(-1000, 2)
        file.write(bytes([byte ^ 1]))
    assert "damaged" in refused(lambda: synth("--weights", "mine"), tmp_path)


@pytest.mark.parametrize(
    "name", ["w.h5", "w.pth", "w.safetensors", "w.onnx", "w.npy", "w.npz", "w.txt", "w"]
)
def test_a_weights_file_that_holds_no_weights_is_refused(
    name: str, synth: Texonnx, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(b"To whom it may concern: these are no weights at all.")
    assert name in refused(lambda: synth("--weights", f"./{name}"), tmp_path)


@pytest.mark.parametrize(
    "weights", ["random:-1", "random:x", "random:", "pretraind", "no.such.file.h5", "", "."]
)
def test_weights_that_do_not_exist_are_refused(
    weights: str, synth: Texonnx, tmp_path: Path
) -> None:
    assert weights in refused(lambda: synth("--weights", weights), tmp_path)


# Exported folders


def test_a_folder_that_keeps_the_content_of_an_image_is_refused(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    options = ("--content-layers", "conv4_2", "--tv", "0.1", "--no-training", "--quiet")
    assert texonnx("export", "-o", "transfer", *SMALL, *options).code == 0
    for plan in ((), ("--plan",)):
        sentence = refused(
            lambda plan=plan: texonnx("synth", exemplar, "--artifacts", "transfer", *SHORT, *plan),
            tmp_path,
        )
        assert "'transfer' was exported with content layers" in sentence
        assert "--content-layers" in sentence


def run_from(folder: Path, texonnx: Texonnx, exemplar: Path) -> Outcome:
    return texonnx("synth", exemplar, "-o", "out.png", "--artifacts", folder, *SHORT)


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "folder"))


FOLDER_FILES = ["manifest.json", "targets.onnx", "objective.onnx", "adam_step.onnx", "weights.bin"]


@pytest.mark.parametrize("name", FOLDER_FILES)
def test_an_exported_folder_with_a_missing_file_is_refused(
    name: str, folder: Path, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    (folder / name).unlink()
    assert name in refused(lambda: run_from(folder, texonnx, exemplar), tmp_path)


@pytest.mark.parametrize("name", FOLDER_FILES[1:])
def test_an_exported_folder_with_an_altered_file_is_refused(
    name: str, folder: Path, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    sentence = refused(lambda: run_from(folder, texonnx, exemplar), tmp_path)
    assert name in sentence
    assert "SHA-256" in sentence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "\x80",
        *(f'{{"schema_version": {version}}}' for version in (1, 2, 4, 99)),
    ],
)
def test_a_manifest_that_is_none_is_refused(
    text: str, folder: Path, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    (folder / "manifest.json").write_bytes(text.encode("latin-1"))
    assert "manifest.json" in refused(lambda: run_from(folder, texonnx, exemplar), tmp_path)


def rewrite(folder: Path, key: str, value: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    if value is None:
        del manifest[key]
    else:
        manifest[key] = value
    (folder / "manifest.json").write_text(json.dumps(manifest))


MANIFEST_KEYS = [
    "training", "losses", "parts", "graphs", "network", "minimum_size", "size", "files"
]  # fmt: skip


@pytest.mark.parametrize("key", MANIFEST_KEYS)
@pytest.mark.parametrize("value", [None, "nonsense"], ids=["missing", "nonsense"])
def test_a_manifest_with_a_bad_entry_is_refused(
    key: str, value: object, folder: Path, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    rewrite(folder, key, value)
    assert "manifest.json" in refused(lambda: run_from(folder, texonnx, exemplar), tmp_path)


@pytest.mark.parametrize("outside", ["../stone.png", "/etc/hostname"])
def test_a_manifest_that_names_a_file_outside_its_folder_is_refused(
    outside: str, folder: Path, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    rewrite(folder, "files", {**files, outside: {"sha256": "0" * 64}})
    sentence = refused(lambda: run_from(folder, texonnx, exemplar), tmp_path)
    assert outside in sentence
    assert "outside" in sentence


def test_a_manifest_with_training_artifacts_outside_its_folder_is_refused(
    folder: Path, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    rewrite(folder, "training", [{"folder": "../elsewhere", "height": 32, "width": 32}])
    assert "outside" in refused(lambda: run_from(folder, texonnx, exemplar), tmp_path)


def test_a_folder_that_does_not_exist_is_refused(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    assert "'nowhere'" in refused(lambda: run_from(Path("nowhere"), texonnx, exemplar), tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        ("--loss", "emd"),
        ("--layers", "conv1_1"),
        ("--layer-weights", "1,2"),
        ("--gram-norm", "chw"),
        ("--pool", "max"),
        ("--padding", "zeros"),
        ("--arch", "vgg19"),
        ("--weights", "random"),
        ("--raw",),
        ("--disc-widths", "8"),
    ],
    ids=lambda options: options[0],
)
def test_an_objective_beside_an_exported_folder_is_refused(
    options: tuple[str, ...], folder: Path, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    sentence = refused(
        lambda: texonnx("synth", exemplar, "-o", "out.png", "--artifacts", folder, *options),
        tmp_path,
    )
    assert "fixed in the exported folder" in sentence


# The command line itself


@pytest.mark.parametrize(
    "arguments",
    [
        ("synth", "stone.png", "--los", "gram"),
        ("synth",),
        ("transfer",),
        ("reconstruct",),
        ("reconstruct", "stone.png", "stone.png"),
        ("transfer", "stone.png", "stone.png", "stone.png"),
        ("synth", "stone.png", "--loss"),
        ("synt", "stone.png"),
        ("--verbos",),
        ("weights", "fetsch"),
        ("weights", "import"),
    ],
    ids=" ".join,
)
def test_a_command_line_that_is_none_is_refused(
    arguments: tuple[str, ...], texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    refused(lambda: texonnx(*arguments), tmp_path)


# Engines and providers


def test_the_training_engine_without_its_package_is_refused(synth: Texonnx, tmp_path: Path) -> None:
    if the_runtime().can_train:
        pytest.skip("onnxruntime-training is installed here")
    sentence = refused(lambda: synth("--engine", "training"), tmp_path)
    assert "onnxruntime-training" in sentence
    assert "texonnx[training]" in sentence


@pytest.mark.parametrize("engine", ["auto", "analytic"])
def test_cuda_where_there_is_none_is_refused(engine: str, synth: Texonnx, tmp_path: Path) -> None:
    from texonnx.runtime.sessions import probe

    if probe("cuda") is None:
        pytest.skip("CUDA starts here")
    sentence = refused(lambda: synth("--provider", "cuda", "--engine", engine), tmp_path)
    assert "cuda" in sentence


@pytest.mark.training
def test_cuda_for_the_training_engine_where_there_is_none_is_refused(
    synth: Texonnx, tmp_path: Path
) -> None:
    from texonnx.runtime.sessions import probe

    if probe("cuda") is None:
        pytest.skip("CUDA starts here")
    refused(lambda: synth("--provider", "cuda", "--engine", "training"), tmp_path)


@pytest.mark.training
def test_a_provider_that_the_training_engine_lacks_is_refused(
    synth: Texonnx, tmp_path: Path
) -> None:
    sentence = refused(lambda: synth("--provider", "webgpu", "--engine", "training"), tmp_path)
    assert "webgpu" in sentence


@pytest.mark.parametrize("engine", ["auto", "analytic"])
@pytest.mark.parametrize(("precision", "home"), [("bf16", "openvino"), ("tf32", "cuda")])
def test_a_precision_that_the_provider_lacks_is_refused_with_the_one_that_has_it(
    precision: str, home: str, engine: str, synth: Texonnx, tmp_path: Path
) -> None:
    sentence = refused(
        lambda: synth("--provider", "cpu", "--precision", precision, "--engine", engine), tmp_path
    )
    assert f"cpu provider has no {precision}" in sentence
    assert f"--provider {home}" in sentence


@pytest.mark.training
def test_a_precision_for_the_training_engine_is_refused(synth: Texonnx, tmp_path: Path) -> None:
    sentence = refused(lambda: synth("--engine", "training", "--precision", "tf32"), tmp_path)
    assert "tf32" in sentence
    assert "--engine analytic" in sentence


# Read right, not refused


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def in_part(height: int, width: int) -> np.ndarray:
    """Return colours that are opaque but for a quarter of the rows."""
    image = pixels(height, width, 4)
    image[..., 3] = 255
    image[: height // 4, :, 3] = 0
    return image


UNUSUAL: dict[str, tuple[str, Callable[[Path], None]]] = {
    "grey": ("a.png", lambda path: PIL.Image.fromarray(pixels(40, 40)).save(path)),
    "alpha": ("a.png", lambda path: PIL.Image.fromarray(in_part(53, 40), "RGBA").save(path)),
    "CMYK": ("a.jpg", lambda path: PIL.Image.fromarray(pixels(40, 40, 4), "CMYK").save(path)),
    "palette": (
        "a.png",
        lambda path: PIL.Image.fromarray(pixels(40, 40, 3)).quantize(16).save(path),
    ),
    "16-bit": (
        "a.png",
        lambda path: PIL.Image.fromarray(pixels(40, 40).astype(np.uint16) * 257).save(path),
    ),
}


@pytest.mark.parametrize(("name", "write"), UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_exemplar_is_read_and_synthesised(
    name: str, write: Callable[[Path], None], texonnx: Texonnx, tmp_path: Path
) -> None:
    write(tmp_path / name)
    outcome = texonnx("synth", name, "-o", "out.png", *SMALL, *SHORT)
    assert outcome.code == 0
    assert load_image(tmp_path / "out.png").shape == (1, 3, 32, 32)


def test_an_exif_rotated_exemplar_stands_upright(texonnx: Texonnx, tmp_path: Path) -> None:
    picture = PIL.Image.fromarray(pixels(40, 60, 3))
    exif = picture.getexif()
    exif[0x0112] = 6  # turn by 90 degrees to show
    picture.save(tmp_path / "turned.jpg", exif=exif)
    assert texonnx("synth", "turned.jpg", "-o", "out.png", *SMALL, *SHORT).code == 0
    assert load_image(tmp_path / "out.png").shape == (1, 3, 48, 32)
