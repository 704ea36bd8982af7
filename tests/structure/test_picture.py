"""The picture of the architecture page shows every package of the exporter."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
WITHOUT_DATA = {"testing"}
"""The tests that packages of providers inherit: nothing flows through it in the running program."""


def test_it_shows_every_package() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (picture,) = re.findall(r"^```mermaid\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    packages = {path.parent.name for path in (ROOT / "exporter").glob("*/__init__.py")} - WITHOUT_DATA

    assert packages - set(re.findall(r"\w+", picture)) == set()
    assert {"app", "server", "cli"} <= set(re.findall(r"\w+", picture))
