"""Installs and builds the renderer beside this file, and lets it draw."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOURCES = ("build.mjs", "draw.mjs", "index.html", "see.mjs", "src")
GRAFANA = os.environ.get("GRAFANA", "13")
"""Whose libraries draw: 13, or 12, which has its own lock, and copies of our sources beside it."""
FOLDER = HERE if GRAFANA == "13" else HERE / f"grafana{GRAFANA}"
DASHBOARDS = HERE.parent / "dashboards"
DESKTOP, LAPTOP = 1600, 1280
INSTALL_SECONDS, DRAW_SECONDS = 600, 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One dashboard, as someone looks at it."""

    name: str
    dashboard: str
    """A path, or the name of a file of ours."""
    prometheus: str
    now: float
    """What the browser takes for the present: until when the Prometheus has samples."""
    theme: str = "dark"
    widths: Sequence[int] = (DESKTOP,)
    begin: str = ""
    """From when on, as Grafana writes it: `now-30m`; empty is what the dashboard says."""
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """Values of variables."""
    opened: bool = False
    """Whether closed rows are opened, as by clicks on their titles."""


def install() -> None:
    """Install what the lock pins, and build; each only if its sources have changed since."""
    lock = FOLDER / "package-lock.json"
    if FOLDER != HERE:
        for name in SOURCES:
            _copy(HERE / name, FOLDER / name)
    _once(FOLDER / "node_modules" / ".made-of", [lock], "npm", "ci")
    _once(
        FOLDER / "dist" / ".made-of",
        [lock, FOLDER / "build.mjs", *sorted((FOLDER / "src").iterdir())],
        "node",
        "build.mjs",
    )


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def _once(mark: Path, sources: Sequence[Path], *command: str) -> None:
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()
    if not mark.exists() or mark.read_text() != digest:
        _run(*command, seconds=INSTALL_SECONDS)
        mark.write_text(digest)


def _run(command: str, *arguments: str, seconds: float) -> str:
    program = shutil.which(command)
    if program is None:
        raise FileNotFoundError(f"{command} is missing: run `make tools`")
    done = subprocess.run(  # noqa: S603
        [program, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=seconds
    )
    if done.returncode:
        raise RuntimeError(f"{command} {' '.join(arguments)}: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout


def draw(pictures: Sequence[Picture], out: Path) -> str:
    """Write each picture and what was seen of it into a folder; return how long each took."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise FileNotFoundError("chromium is missing: run `make tools`")
    out.mkdir(parents=True, exist_ok=True)
    wanted = [
        {
            **asdict(each),
            "dashboard": str(DASHBOARDS / each.dashboard),
            **({"from": each.begin} if each.begin else {}),
        }
        for each in pictures
    ]
    job = out / "job.json"
    job.write_text(json.dumps({"browser": browser, "out": str(out), "pictures": wanted}), encoding="utf-8")
    return _run("node", "draw.mjs", str(job), seconds=DRAW_SECONDS)
