"""Which ONNX Runtime is installed: none, one, or several that overwrite each other."""

from __future__ import annotations

import importlib.util
from collections.abc import Container
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from texonnx.errors import RuntimeUnavailableError

TRAINING_PACKAGE = "onnxruntime-training"

_PACKAGES = (
    "onnxruntime",
    "onnxruntime-gpu",
    TRAINING_PACKAGE,
    "onnxruntime-openvino",
    "onnxruntime-directml",
    "onnxruntime-qnn",
    "onnxruntime-rocm",
    "onnxruntime-migraphx",
    "onnxruntime-cann",
    "onnxruntime-vitisai",
    "ort-nightly",
    "ort-nightly-gpu",
)
"""Every package that installs the module `onnxruntime`."""

INSTALL_HINT = "pip install 'texonnx[cpu]' (or [training], [gpu], [openvino], [webgpu])"


CARDS = {
    "nvidia": ("/proc/driver/nvidia", "/dev/nvidia0", "/dev/dxg"),
    "amd": ("/dev/kfd",),
}
"""Whose graphics card there may be where one of these is, on Linux."""
_AND_NOT_RUN_YET = "(texonnx was not run with it yet)"


def cards_here() -> list[str]:
    """Return whose graphics cards there may be here, of :data:`CARDS`."""
    return [maker for maker, places in CARDS.items() if any(Path(one).exists() for one in places)]


def packages_for(system: str, machine: str, cards: Container[str]) -> list[str]:
    """Return what to install for the providers that a machine may have, a sentence each.

    Parameters
    ----------
    system, machine
        As :data:`sys.platform` and :func:`platform.machine` say.
    cards
        Of :data:`CARDS`.
    """
    told = []
    if system in ("linux", "win32") and machine.lower() in ("x86_64", "amd64"):
        told.append("openvino, for processors of Intel and AMD: pip install 'texonnx[openvino]'")
    if "nvidia" in cards:
        told.append("cuda, for the NVIDIA card: pip install 'texonnx[gpu]'")
    if "amd" in cards:
        told.append(
            "migraphx, for the AMD card: pip install onnxruntime-migraphx, in place of onnxruntime "
            + _AND_NOT_RUN_YET
        )
    if system == "win32":
        told.append(
            "directml, for any card: pip install onnxruntime-directml, in place of onnxruntime "
            + _AND_NOT_RUN_YET
        )
    if system == "darwin":
        told.append(f"coreml comes with pip install 'texonnx[cpu]' {_AND_NOT_RUN_YET}")
    told.append("webgpu, for any graphics card: pip install 'texonnx[webgpu]'")
    return told


@dataclass(frozen=True)
class InstalledRuntime:
    """A package that provides the module `onnxruntime`, and its version."""

    package: str
    version: str

    @property
    def can_train(self) -> bool:
        """Whether the package has ONNX Runtime's training API."""
        return self.package == TRAINING_PACKAGE

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


def installed_runtimes() -> list[InstalledRuntime]:
    """Return the packages in this environment that install the module `onnxruntime`."""
    found = []
    for package in _PACKAGES:
        try:
            found.append(InstalledRuntime(package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    if not found and importlib.util.find_spec("onnxruntime") is not None:
        found.append(InstalledRuntime("onnxruntime (built from source)", "unknown"))
    return found


def the_runtime() -> InstalledRuntime:
    """Return the one installed runtime.

    Raises
    ------
    RuntimeUnavailableError
        When there is none, or several that overwrite each other's files.
    """
    found = installed_runtimes()
    if not found:
        raise RuntimeUnavailableError(f"no ONNX Runtime is installed; {INSTALL_HINT}")
    if len(found) > 1:
        names = " and ".join(str(runtime) for runtime in found)
        raise RuntimeUnavailableError(
            f"{names} are installed together and overwrite each other's files; uninstall all of "
            "them, then install exactly one"
        )
    return found[0]
