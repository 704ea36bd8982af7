"""What the renderer saw: reads NAME.json beside each picture."""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import yaml

from render import samples as scraped
from render.draw import DESKTOP, LAPTOP, Picture, draw, install
from render.history import Span
from render.samples import HOUR, Sample
from render.server import week
from tests.dashboards.programs import demo, wait

ROOT = Path(__file__).parents[2]
WIDTHS = (DESKTOP, LAPTOP)
THEMES = ("dark", "light")
BOARDS = ("overview", "resource", "exporter")
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
SHORT = Span(resources=6 * HOUR, resource_step=15 * 60, exporter=2 * HOUR)


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture, in words."""

    name: str
    page: dict[str, Any]

    def panel(self, title: str) -> dict[str, Any]:
        (found,) = (each for each in self.page["panels"] if each["title"] == title)
        return dict(found)

    def tables(self) -> dict[str, dict[str, Any]]:
        return {each["title"]: each["table"] for each in self.page["panels"] if "table" in each}

    def headers(self, title: str) -> list[str]:
        return [each["text"] for each in self.tables()[title]["columns"]]

    def column(self, title: str, header: str) -> list[dict[str, Any]]:
        """Return the cells of a column, as far as rows are drawn."""
        place = self.headers(title).index(header)
        return [row[place] for row in self.tables()[title]["rows"]]

    def links(self, title: str) -> list[str]:
        """Return where the cells of a table lead, drawn or not."""
        fields = self.panel(title)["given"].get("fields", [])
        return [link["href"] for field in fields for row in field.get("links") or () for link in row]


def is_green(color: str) -> bool:
    """Tell whether a colour is more green than anything else."""
    red, green, blue = (int(each) for each in re.findall(r"\d+", color)[:3])
    return green > red + 20 and green > blue + 20


def colors(ground: str) -> list[str]:
    return re.findall(r"rgba?\([^)]*\)", ground)


def grounds(seen: Seen) -> dict[str, str]:
    """Return the colour behind each tile that has one."""
    return {
        each["title"]: colors(each["ground"])[0]
        for each in seen.page["panels"]
        if each.get("ground", "").startswith("linear-gradient(120deg")
    }


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
    whole = [
        Picture(
            name=f"{board}-{theme}", dashboard=files[board], prometheus=prometheus, now=now, theme=theme, widths=WIDTHS
        )
        for board in BOARDS
        for theme in THEMES
    ]
    brief = Picture(
        name="brief", dashboard=files["exporter"], prometheus=prometheus, now=now, widths=(DESKTOP,), begin="now-30m"
    )
    return [*whole, brief]


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
            )
            for name in urls
            if name != "week"
            for board in (("overview", "resource") if name == "lean" else ("overview",))
        ]
        draw([*boards(urls["week"], now, files), *odd], folder / "pictures")
    return {
        path.stem: Seen(path.stem, json.loads(path.read_text(encoding="utf-8")))
        for path in (folder / "pictures").glob("*-1[0-9]*.json")
    }
