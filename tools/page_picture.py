r"""Take the picture of the web page after a run, as it stands in the README.

    python tools/page_picture.py docs/images/web.png --web examples/web --models models

It needs playwright, Chromium on the PATH, `npm install` in the example, and a folder vgg16-gram
that `texonnx export` wrote in `models`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

WINDOW = {"width": 1200, "height": 760}
MILLISECONDS = 3_600_000
FLAGS = ("--no-sandbox", "--no-first-run", "--disable-gpu", "--force-color-profile=srgb")


def main(words: Sequence[str] | None = None) -> int:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--web", type=Path, required=True, help="examples/web after npm install")
    parser.add_argument("--models", type=Path, required=True, help="with a folder vgg16-gram")
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--height", type=int, default=256)
    arguments = parser.parse_args(words)
    command = ["node", "server.mjs", "--port", "0", "--models", str(arguments.models.resolve())]
    with (
        subprocess.Popen(command, cwd=arguments.web, stdout=subprocess.PIPE, text=True) as server,
        sync_playwright() as playwright,
    ):
        assert server.stdout is not None
        address = server.stdout.readline().split()[-1]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport=WINDOW)
        page.set_default_timeout(MILLISECONDS)
        page.goto(f"{address}?backend=wasm")
        page.select_option("#folder", "vgg16-gram")
        for name in ("width", "height"):
            page.fill(f"#{name}", str(getattr(arguments, name)))
        page.click("#start")
        page.wait_for_function("document.body.dataset.state === 'finished'")
        page.screenshot(path=str(arguments.picture))
        browser.close()
        server.terminate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
