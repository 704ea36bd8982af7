"""Draws the dashboards over a week of the demo, and over what else may be scraped."""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import yaml

from render import samples as scraped
from render.draw import DESKTOP, LAPTOP, Picture, draw, install
from render.history import Span
from render.samples import HOUR, Sample
from render.server import week
from tests.dashboards.expected import BOARDS, THEMES, WIDTHS
from tests.dashboards.programs import demo, wait
from tests.dashboards.renderer_output import Seen
from tests.paths import ROOT

SPEED = 10
STAGED = (
    "nothing_to_restore",
    "stuck",
    "schedule_off",
    "too_old",
    "restore_failed",
    "last_run_failed",
    "too_old_by_kind",
)
"""Words that the demo's resources reach one after the other, the last within 20 seconds at this speed."""
STAGED_SECONDS = 90
ODD_BOARDS = {"lean": BOARDS, "down": ("overview", "exporter")}
"""Which boards are drawn of a bad input, where it is not the overview alone."""
SHORT = Span(resources=6 * HOUR, resource_step=15 * 60, exporter=2 * HOUR)


def lean_list() -> list[str]:
    text = (ROOT / "docs" / "verdict.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(metrics:.*?)```", text, re.DOTALL)
    assert found
    patterns: list[str] = yaml.safe_load(found[1])["metrics"]["exclude"]
    return patterns


def scrape(url: str) -> str:
    """Return what the demo exposes when everything that it stages has happened."""
    text = ""

    def staged() -> bool:
        nonlocal text
        with urlopen(f"{url}/metrics", timeout=10) as response:
            text = response.read().decode()
        return all(f'problem="{word}"' in text for word in STAGED)

    wait(staged, "all that the demo stages", STAGED_SECONDS)
    return text


def bad_inputs(samples: Sequence[Sample], now: float) -> dict[str, list[Sample]]:
    """Return what else may be scraped, by name."""
    both = [*scraped.at(samples), *scraped.at(samples, instance="backup-exporter-2:10342")]
    return {
        "none": [],
        "one": scraped.at(scraped.keep_one(samples, "faculty")),
        "many": scraped.at(scraped.multiply(samples, "platform", 300)),
        "down": scraped.at(scraped.take_down(samples, "shop", now)),
        "names": scraped.at(scraped.lengthen_names(samples)),
        "lean": scraped.at(scraped.leave_out(samples, lean_list())),
        "replicas": both,
    }


def boards(prometheus: str, now: float, files: Mapping[str, str]) -> list[Picture]:
    common: dict[str, Any] = {"prometheus": prometheus, "now": now}
    whole = [
        Picture(name=f"{board}-{theme}", dashboard=files[board], theme=theme, widths=WIDTHS, opened=True, **common)
        for board in BOARDS
        for theme in THEMES
    ]
    closed = [
        Picture(name=f"{board}-closed", dashboard=files[board], theme=theme, widths=WIDTHS, **common)
        for board, theme in (("resource", "dark"), ("exporter", "light"))
    ]
    brief = Picture(
        name="brief", dashboard=files["exporter"], widths=(DESKTOP,), begin="now-30m", opened=True, **common
    )
    return [*whole, *closed, brief]


@contextmanager
def servers(folder: Path, samples: Sequence[Sample], now: float) -> Iterator[dict[str, str]]:
    """Run a Prometheus for the week and for each bad input; yield their addresses."""
    with ExitStack() as stack:
        yield {"week": stack.enter_context(week(folder / "week", scraped.at(samples), now))} | {
            name: stack.enter_context(week(folder / name, series, now, SHORT))
            for name, series in bad_inputs(samples, now).items()
        }


def draw_everything(folder: Path, files: Mapping[str, str]) -> dict[str, Seen]:
    """Draw every dashboard at both widths in both schemes, and the overview of each bad input; return what was seen."""
    with demo(SPEED) as url:
        install()
        samples, now = scraped.parse(scrape(url)), float(int(time.time()))
    with servers(folder, samples, now) as urls:
        odd = [
            Picture(
                name=f"{name}-{board}",
                dashboard=files[board],
                prometheus=urls[name],
                now=now,
                theme="light" if name in {"none", "down"} else "dark",
                widths=(LAPTOP,),
                begin="now-6h",
                opened=True,
            )
            for name in urls
            if name != "week"
            for board in ODD_BOARDS.get(name, ("overview",))
        ]
        draw([*boards(urls["week"], now, files), *odd], folder / "pictures")
    return {
        path.stem: Seen(path.stem, json.loads(path.read_text(encoding="utf-8")))
        for path in (folder / "pictures").glob("*-1[0-9]*.json")
    }
