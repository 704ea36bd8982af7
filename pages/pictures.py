"""Draws the pictures of the dashboards: by Grafana's front-end libraries, from a week behind the demo.

Run as `python -m pages.pictures`; it installs the renderer, runs the demo until all that it stages has
happened, and writes into docs/pictures.
"""

import asyncio
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from render.draw import DESKTOP, Picture, draw, install
from render.samples import Sample, at, parse
from render.server import week
from stack.servers import demo

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
SPEED = 10
STAGED_SECONDS = 30
"""By then all that the demo stages has happened, at this speed."""
WANTED = {
    "overview-dark": "overview.json",
    "overview-light": "overview.json",
    "resource-dark": "resource.json",
    "exporter-light": "exporter.json",
}
CHOSEN = {"resource": "payments/risk-db"}


async def watch() -> list[Sample]:
    """Run the demo for a while; return what it exposes at the end."""
    with TemporaryDirectory() as name:
        async with demo(Path(name), speed=SPEED) as exporter:
            await asyncio.sleep(STAGED_SECONDS)
            return at(parse(await asyncio.to_thread(_read, f"{exporter.url}/metrics")))


def _read(url: str) -> str:
    with urlopen(url, timeout=10) as response:  # noqa: S310
        return str(response.read().decode())


def main() -> None:
    """Write the pictures anew: of the overview the whole page in both schemes, of the others the first screen."""
    install()
    samples = asyncio.run(watch())
    now = float(int(time.time()))
    with TemporaryDirectory() as name:
        folder = Path(name)
        with week(folder / "week", samples, now) as prometheus:
            pictures = [
                Picture(
                    name=picture,
                    dashboard=file,
                    prometheus=prometheus,
                    now=now,
                    theme=picture.rpartition("-")[2],
                    chosen=CHOSEN if file == "resource.json" else {},
                )
                for picture, file in WANTED.items()
            ]
            draw(pictures, folder)
        FOLDER.mkdir(exist_ok=True)
        for picture in WANTED:
            part = "" if picture == "overview-dark" else "-first"
            shutil.copyfile(folder / f"{picture}-{DESKTOP}{part}.png", FOLDER / f"{picture}.png")


if __name__ == "__main__":
    main()
