"""Make more of a texture from a folder that ``texonnx export`` wrote.

python synthesise.py FOLDER EXEMPLAR OUT [--size WxH] [--seed N] [--steps N[,N...]]

Needs onnxruntime, numpy and pillow, and nothing of texonnx: network, loss, gradient, optimiser,
resizing and noise are graphs in the folder. What is left is this loop.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import math
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

# Read when ONNX Runtime is loaded: without it, builds for Linux report home since 1.29.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np
import onnxruntime as ort
from PIL import Image, ImageCms, ImageOps

Values = dict[str, np.ndarray]
"""Tensors by the names that they have in the graphs."""

SCHEMA_VERSION = 4
BITS_PER_SAMPLE = 258
"""The tag of a TIFF file."""

LARGEST_NUMBER = 2**53 - 1
"""That every host reads alike: JavaScript's numbers are whole up to here."""


class UserError(Exception):
    """What a user can put right, in one sentence."""


class Folder:
    """The graphs of an exported folder; each is loaded when it first runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = read_manifest(path)
        self._sessions: dict[str, ort.InferenceSession] = {}

    def has(self, graph: str) -> bool:
        """Whether the folder holds the graph."""
        return graph in self.manifest["graphs"]

    def run(self, graph: str, *values: Mapping[str, np.ndarray]) -> Values:
        """Feed a graph the inputs that it names; return its outputs by name."""
        if graph not in self._sessions:
            self._sessions[graph] = self._load(graph)
        session = self._sessions[graph]
        given = {name: value for group in values for name, value in group.items()}
        feed = {value.name: given[value.name] for value in session.get_inputs()}
        names = [value.name for value in session.get_outputs()]
        return dict(zip(names, session.run(names, feed), strict=True))

    def _load(self, graph: str) -> ort.InferenceSession:
        path = self.path / self.manifest["graphs"][graph]["file"]
        options = ort.SessionOptions()
        options.enable_mem_pattern = False  # sizes change from scale to scale
        try:
            return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            reason = str(error).partition("\n")[0]
            raise UserError(
                f"ONNX Runtime {ort.__version__} cannot load '{path}': {reason}"
            ) from error


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read manifest.json, and check every file that it lists."""
    try:
        manifest: dict[str, Any] = json.loads(
            (folder / "manifest.json").read_text(encoding="utf-8")
        )
    except OSError:
        raise UserError(f"'{folder}' is not an exported folder: no manifest.json") from None
    except ValueError:
        raise UserError(f"'{folder / 'manifest.json'}' is not JSON") from None
    version = manifest.get("schema_version")
    if version != SCHEMA_VERSION:
        raise UserError(f"'{folder}' is of schema version {version}, not {SCHEMA_VERSION}")
    if manifest["recipe"] is None:
        raise UserError(f"'{folder}' is for style transfer: it holds no recipe for a texture")
    for name, entry in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise UserError(f"'{path}' is missing; export the folder again")
        if hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            raise UserError(f"'{path}' was altered: its SHA-256 is not the manifest's")
    return manifest


def read_picture(path: Path) -> np.ndarray:
    """Return [1, 3, H, W], sRGB, in [0, 1]; refuse what Pillow would not read as it is seen."""
    try:
        with Image.open(path) as picture:
            check_kind(path, picture)
            pixels = np.asarray(in_srgb(ImageOps.exif_transpose(picture)), np.float32) / 255
    except (OSError, ValueError, ImageCms.PyCMSError) as error:
        raise UserError(f"cannot read the image '{path}': {error}") from None
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[np.newaxis])


def check_kind(path: Path, picture: Image.Image) -> None:
    """Refuse more than 8 bits a colour, and transparency."""
    bits = picture.tag_v2.get(BITS_PER_SAMPLE, (8,)) if picture.format == "TIFF" else (8,)
    if picture.mode in ("I", "F") or picture.mode.startswith("I;") or max(bits) > 8:
        raise UserError(f"'{path}' has more than 8 bits a colour; convert it to 8 bits")
    transparent = picture.has_transparency_data
    if transparent and picture.convert("RGBA").getchannel("A").getextrema()[0] < 255:
        raise UserError(f"'{path}' is transparent in parts; crop it, or fill them")


def in_srgb(picture: Image.Image) -> Image.Image:
    """Return a picture in RGB, through its colour profile if it has one."""
    profile = picture.info.get("icc_profile")
    if picture.mode not in ("RGB", "L", "CMYK"):
        picture = picture.convert("RGB")
    if profile is None:
        return picture.convert("RGB")
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.profileToProfile(
        picture,
        source,
        ImageCms.createProfile("sRGB"),
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
    )


def write_picture(path: Path, image: np.ndarray) -> None:
    """Clip, round and write [1, 3, H, W]."""
    pixels = np.rint(np.clip(image[0], 0, 1).transpose(1, 2, 0) * 255).astype(np.uint8)
    try:
        Image.fromarray(pixels).save(path)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot write '{path}': {error}") from None


def write_losses(path: Path, history: list[dict[str, Any]]) -> None:
    """Write sizes, losses and seconds as JSON."""
    try:
        path.write_text(json.dumps(history), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write '{path}': {error.strerror}") from None


def resized(folder: Folder, image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale an image to a height and a width."""
    return folder.run("resize", {"image": image, "size": np.array(size, np.int64)})["resized"]


def sides(image: np.ndarray) -> tuple[int, int]:
    """Return height and width."""
    return image.shape[2], image.shape[3]


def scaled_sides(size: tuple[int, int], shorter_side: int) -> tuple[int, int]:
    """Return the sides in proportion, the shorter one of `shorter_side` pixels."""
    shorter = min(size)
    height, width = ((2 * side * shorter_side + shorter) // (2 * shorter) for side in size)
    return height, width


def shrunk(size: tuple[int, int], factor: int) -> tuple[int, int]:
    """Divide both sides, leaving at least a pixel."""
    return max(1, size[0] // factor), max(1, size[1] // factor)


def check_size(what: str, size: tuple[int, int], least: int) -> None:
    """Refuse what is smaller than the layers can look at."""
    if min(size) < least:
        raise UserError(
            f"the {what} has {size[1]}x{size[0]} pixels, and this folder needs {least}x{least}"
        )


def used_scales(
    manifest: dict[str, Any], shortest: int, steps: list[int] | None
) -> list[dict[str, Any]]:
    """Return factor, steps and learning rate of each scale, coarsest first."""
    recipe = manifest["recipe"]
    least = max(recipe["coarsest_side"], manifest["minimum_size"])
    chosen = [
        dict(scale)
        for scale in recipe["scales"]
        if scale["factor"] == 1 or shortest // scale["factor"] >= least
    ][::-1]
    chosen[0]["steps"] = max(chosen[0]["steps"], recipe["least_steps_at_the_coarsest"])
    if steps is not None:
        if len(steps) not in (1, len(chosen)):
            raise UserError(
                f"--steps takes one number or {len(chosen)}, one for each scale, not {len(steps)}"
            )
        for scale, count in zip(chosen, steps * len(chosen), strict=False):
            scale["steps"] = count
    return chosen


def zero_moments(parameters: Values) -> Values:
    """Return what Adam starts from, named as the discriminators' moments are."""
    return {
        f"{moment}.{name}": np.zeros_like(value)
        for name, value in parameters.items()
        for moment in ("first_moment", "second_moment")
    }


def advance(folder: Folder, graph: str, state: Values, others: Values, rate: float) -> Values:
    """Run a step graph; move `state` to what follows it, and return all outputs."""
    outputs = folder.run(graph, others, state, {"learning_rate": np.array([rate], np.float32)})
    state.update({name: outputs[f"next_{name}"] for name in state})
    return outputs


def started(folder: Folder, image: np.ndarray, exemplar: np.ndarray, steps: int) -> Values:
    """Return the optimiser's state before so many steps from an image."""
    given = {"image": image, "exemplar": exemplar, "steps": np.array([steps], np.int64)}
    outputs = folder.run(folder.manifest["recipe"]["start_graph"], given)
    return {name.removeprefix("next_"): value for name, value in outputs.items()}


def falling_rate(rate: float | None, done: float, falls_from: float | None) -> float:
    """Return the learning rate when a share of the steps is done: even, then down half a cosine.

    Where there is none, no graph takes it.
    """
    if rate is None or falls_from is None:
        return 0.0
    fallen = max(0.0, (done - falls_from) / (1 - falls_from))
    return rate * (1 + math.cos(math.pi * fallen)) / 2


def directions(folder: Folder, seed: np.ndarray, draw: int) -> Values:
    """Draw the unit vectors that swd looks along."""
    return folder.run("directions", {"seed": seed, "draw": np.array([draw], np.int64)})


def statistics(folder: Folder, exemplar: np.ndarray, image: np.ndarray, drawn: Values) -> Values:
    """Return what the image is held against, and the directions that it was measured along."""
    goal = {"exemplar": exemplar, "output_size": np.array(sides(image), np.int64)}
    return {**drawn, **folder.run("targets", goal, drawn)}


def optimise(
    folder: Folder,
    scale: dict[str, Any],
    exemplar: np.ndarray,
    state: Values,
    parameters: Values,
    seed: np.ndarray,
) -> Iterator[float]:
    """Move the state, and the discriminators' parameters if any; yield every loss."""
    recipe = folder.manifest["recipe"]
    every, rival = recipe["draw_every"], recipe["discriminators"]
    learning = {**parameters, **zero_moments(parameters), "step": np.ones(1, np.float32)}
    held: Values = {}
    run_of_steps = recipe["start_every"] or scale["steps"]
    for step in range(scale["steps"]):
        if step % run_of_steps == 0:
            count = min(run_of_steps, scale["steps"] - step)
            image = state[recipe["result"]] if step else state["image"]
            state.update(started(folder, image, exemplar, count))
        if step % (every or scale["steps"]) == 0:
            drawn = directions(folder, seed, 1 + step // every) if every else {}
            held = statistics(folder, exemplar, state["image"], drawn)
        for _ in range(rival["steps"] if rival else 0):
            others = {**held, "image": state["image"]}
            advance(folder, "discriminator_step", learning, others, rival["learning_rate"])
        parameters.update({name: learning[name] for name in parameters})
        rate = falling_rate(
            scale["learning_rate"], step / scale["steps"], recipe["learning_rate_falls_from"]
        )
        others = {**held, **parameters}
        loss = float(advance(folder, recipe["step_graph"], state, others, rate)["loss"])
        if not math.isfinite(loss):
            raise UserError(f"the loss is {loss} at step {step + 1} of {scale['steps']}")
        yield loss


def synthesise(
    folder: Folder,
    picture: np.ndarray,
    exemplar_size: int | None,
    size: tuple[int, int] | None,
    seed: int | None,
    steps: list[int] | None,
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return the image, and of each scale the size, the losses and the seconds of the steps."""
    manifest, recipe = folder.manifest, folder.manifest["recipe"]
    finest = resized(
        folder, picture, scaled_sides(sides(picture), exemplar_size or recipe["exemplar_size"])
    )
    fixed = manifest["size"] and (manifest["size"]["height"], manifest["size"]["width"])
    if fixed and size and size != fixed:
        raise UserError(f"this folder makes {fixed[1]}x{fixed[0]} pixels alone")
    output = size or fixed or sides(finest)
    check_size("exemplar", sides(finest), manifest["minimum_size"])
    check_size("output", output, manifest["minimum_size"])

    drawn_from = np.array([recipe["seed"] if seed is None else seed], np.int64)
    parameters = (
        folder.run("discriminators", {"seed": drawn_from}) if folder.has("discriminators") else {}
    )
    grey = bool((picture[:, :1] == picture[:, 1:]).all())
    image = coarser = None
    history = []
    for scale in used_scales(manifest, min(*sides(finest), *output), steps):
        exemplar = resized(folder, finest, shrunk(sides(finest), scale["factor"]))
        goal = {
            "exemplar": exemplar,
            "output_size": np.array(shrunk(output, scale["factor"]), np.int64),
            "seed": drawn_from,
        }
        if coarser is None:
            image = folder.run("first_image", goal)["first_image"]
        else:
            goal["coarser_exemplar_size"] = np.array(sides(coarser), np.int64)
            image = folder.run("finer_image", goal, {"image": image})["finer_image"]
        state = {"image": image}
        losses, ends = [], [time.perf_counter()]
        for loss in optimise(folder, scale, exemplar, state, parameters, drawn_from):
            losses.append(loss)
            ends.append(time.perf_counter())
        image = state[recipe["result"]]
        if grey:  # the channels have moved apart
            mean = image.mean(axis=1, keepdims=True, dtype=np.float32)
            image = np.repeat(mean, 3, axis=1)
        height, width = sides(image)
        seconds = np.diff(ends).tolist()
        history.append({"height": height, "width": width, "losses": losses, "seconds": seconds})
        print(f"{width}x{height}: {len(losses)} steps, loss {losses[0]:.4g} to {losses[-1]:.4g}")
        coarser = exemplar
    return image, history


class Parser(argparse.ArgumentParser):
    """Refuses in one sentence."""

    def error(self, message: str) -> NoReturn:
        """Leave it to the caller to say."""
        raise UserError(message)


def whole_number(text: str, least: int = 1) -> int:
    """Return a number from `least` up."""
    if not text.isdecimal() or not least <= int(text) <= LARGEST_NUMBER:
        raise argparse.ArgumentTypeError(f"whole numbers from {least} are accepted, not '{text}'")
    return int(text)


def parse_size(text: str) -> tuple[int, int]:
    """Return height and width of N or WxH."""
    width, *height = map(whole_number, text.lower().split("x"))
    if len(height) > 1:
        raise argparse.ArgumentTypeError(f"N or WxH is accepted, not '{text}'")
    return (height[0] if height else width), width


def parse_steps(text: str) -> list[int]:
    """Return the numbers of N[,N...]."""
    return [whole_number(number) for number in text.split(",")]


def parse_seed(text: str) -> int:
    """Return a number from 0 up."""
    return whole_number(text, least=0)


def parse_arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = Parser(description="Make more of a texture.")
    parser.add_argument("folder", type=Path, help="written by texonnx export")
    parser.add_argument("exemplar", type=Path, help="the image of a texture")
    parser.add_argument("out", type=Path, help="the image to write")
    parser.add_argument("--size", type=parse_size, help="of the result, N or WxH; the exemplar's")
    parser.add_argument("--seed", type=parse_seed, help="of the noise; the recipe's")
    parser.add_argument("--steps", type=parse_steps, help="at each scale, N or N,N coarsest first")
    parser.add_argument("--exemplar-size", type=whole_number, help="of its shorter side")
    parser.add_argument("--losses", type=Path, help="write losses and seconds of all steps as JSON")
    return parser.parse_args()


def main() -> int:
    """Run the command; return its exit code."""
    try:
        given = parse_arguments()
        folder = Folder(given.folder)
        picture = read_picture(given.exemplar)
        image, history = synthesise(
            folder, picture, given.exemplar_size, given.size, given.seed, given.steps
        )
        write_picture(given.out, image)
        if given.losses:
            write_losses(given.losses, history)
    except UserError as error:
        print(f"synthesise: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
