"""The pages in a real Chromium: both schemes, wide and narrow, hostile names, the keyboard, what moves by itself."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import get, status
from tests.web.pages import HOSTILE_NAME, serve_pages

FOLDER = Path(__file__).parent / "browser"
TIMEOUT = 240
pytestmark = pytest.mark.slow
Answers = dict[str, Any]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the driver and its packages."""
    if missing := [tool for tool in ("node", "npm", "chromium") if not shutil.which(tool)]:
        pytest.fail(f"needs {' and '.join(missing)}: `make tools` installs them")
    folder = Path(shutil.copytree(FOLDER, tmp_path_factory.mktemp("browser"), dirs_exist_ok=True))
    quiet = {"npm_config_update_notifier": "false", "npm_config_audit": "false", "npm_config_fund": "false"}
    installed = subprocess.run(
        ["npm", "ci", "--ignore-scripts"],
        cwd=folder,
        env=os.environ | quiet,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert installed.returncode == 0, installed.stderr
    return folder


def drive(driver: Path, **wanted: Any) -> Answers:
    """Let Chromium look at pages; return what it saw."""
    order = json.dumps({"chromium": shutil.which("chromium"), **wanted})
    done = subprocess.run(
        ["node", "look.mjs", order], cwd=driver, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert done.returncode == 0, done.stderr
    answers: Answers = json.loads(done.stdout)
    return answers


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """Run the demo; return its address when every source was polled."""
    command = [sys.executable, "-m", "exporter", "demo", "--web.listen-address", "127.0.0.1:0", "--log.format", "json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = next(json.loads(line)["url"] for line in process.stderr if '"listening"' in line)
        try:
            wait_until_ready(url)
            yield url
        finally:
            process.terminate()
            process.communicate(timeout=20)


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 90
    while status(f"{url}/-/ready") != 200:
        assert time.monotonic() < deadline, "the demo was not ready"
        time.sleep(0.2)


def test_a_running_backup_moves_without_a_reload(driver: Path, demo: str) -> None:
    seen = drive(driver, live={"url": f"{demo}/", "pattern": "A backup runs[^.]*%"})["live"]
    assert len(seen["texts"]) > 1
    assert (seen["loads"], seen["messages"], seen["open"]) == (0, [], True)
    assert seen["scroll"] > 0


@pytest.fixture(scope="module")
def looks(driver: Path, demo: str) -> dict[str, Answers]:
    """Return what Chromium saw of the demo's pages, by name."""
    resources = json.loads(get(f"{demo}/api/v1/status")[1])["resources"]
    worst = next(one for one in resources if one["problems"] and "backup_backups" in one)
    paths = {
        "status": "/",
        "filtered": "/?state=critical",
        "resource": f"/resources/{worst['source']}/{worst['resource']}",
    }
    wanted = [
        {
            "name": f"{page}-{width}-{scheme}",
            "url": demo + path,
            "width": width,
            "scheme": scheme,
            "axe": width == 1280 or page == "status",
        }
        for page, path in paths.items()
        for width in (1280, 390, 360)
        for scheme in ("light", "dark")
    ]
    seen = drive(driver, looks=wanted)["looks"]
    return {each["name"]: each for each in seen}


def test_nothing_overlaps_and_nothing_scrolls_sideways(looks: dict[str, Answers]) -> None:
    assert {name: (each["overflow"], each["overlaps"]) for name, each in looks.items()} == {
        name: (0, []) for name in looks
    }


def test_the_console_is_silent_and_axe_finds_nothing(looks: dict[str, Answers]) -> None:
    assert {name: (each["messages"], each["violations"]) for name, each in looks.items()} == {
        name: ([], []) for name in looks
    }


def test_both_schemes_are_drawn(looks: dict[str, Answers]) -> None:
    assert looks["status-1280-light"]["background"] == "rgb(255, 255, 255)"
    assert looks["status-1280-dark"]["background"] == "rgb(20, 23, 28)"


def test_the_title_counts_what_the_heading_says(looks: dict[str, Answers]) -> None:
    seen = looks["status-1280-light"]
    assert seen["title"].startswith("(")
    assert "need attention" in seen["heading"]
    assert looks["filtered-1280-light"]["rows"] < seen["rows"]


def test_the_keyboard_reaches_everything(driver: Path, demo: str) -> None:
    reached = drive(driver, keyboard={"url": f"{demo}/"})["keyboard"]
    assert reached[0] == "#content"
    assert {"/metrics", "/api/v1/status", "/?state=critical", "/?state=paused", "q", "source", "provider"} <= set(
        reached
    )
    assert any(each.startswith("/resources/") for each in reached)
    assert "summary" in reached


@pytest.mark.parametrize("width", [1280, 390])
async def test_hostile_names_do_nothing(driver: Path, width: int) -> None:
    async with serve_pages(names=[HOSTILE_NAME, "x" * 5000, "\u202egnp.exe", "<script>alert(1)</script>"]) as url:
        looks = [{"name": "hostile", "url": url, "width": width, "scheme": "light", "axe": True}]
        (seen,) = (await asyncio.to_thread(drive, driver, looks=looks))["looks"]
    assert (seen["messages"], seen["injected"], seen["overflow"], seen["overlaps"]) == ([], 0, 0, [])
    assert seen["violations"] == []


def test_the_picture_of_the_readme(driver: Path, demo: str) -> None:
    """`make pictures` keeps what this sees: PICTURES names the folder."""
    look = {"name": "page", "url": f"{demo}/", "width": 1280, "scheme": "light"}
    (seen,) = drive(driver, looks=[look], pictures=os.environ.get("PICTURES", ""), folded=True)["looks"]
    assert seen["title"].startswith("(")
