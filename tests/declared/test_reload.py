"""A declaration's file is read again at a reload: as it was, nothing changes; changed, its sources begin anew."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.app import App
from exporter.commands.config import read_configuration
from exporter.config.loader import ConfigError
from exporter.settings import Settings
from exporter.state.store import SourceEntry
from tests.declared.declarations import GOOD, change
from tests.declared.vendor import Asked, vendor

pytestmark = pytest.mark.integration

BROKEN = (
    ("backups/size", {"expr": "size_gb", "unit": "Gb"}),
    ("backups/started", "sum(at)"),
    ("tests/0/expect/requests", 5),
)


def answer(asked: Asked) -> Any:
    known: Mapping[str, Any] = GOOD["tests"][0]["answers"]
    return known[f"GET {asked.path}"]


def write(folder: Path, declaration: Mapping[str, Any], url: str) -> Path:
    (folder / "acme.yaml").write_text(yaml.safe_dump(dict(declaration)))
    source = {"name": "one", "provider": "acme", "token": "t", "base_url": url}
    (folder / "config.yaml").write_text(yaml.safe_dump({"declarations": ["acme.yaml"], "sources": [source]}))
    return folder / "config.yaml"


async def settings(folder: Path, declaration: Mapping[str, Any], url: str) -> Settings:
    """Return what is read beside the event loop, as a reload reads it."""
    return (await asyncio.to_thread(read_configuration, write(folder, declaration, url))).settings


def entry(app: App) -> SourceEntry:
    return app.store.entries["one"]


async def test_only_a_changed_declaration_begins_its_sources_anew(tmp_path: Path) -> None:
    async with vendor(answer) as found:
        app = App(lambda: 1_800_000_000.0)
        (first,) = await app.apply(await settings(tmp_path, GOOD, found.url))
        await first.poller.poll()
        before = entry(app).resources["d"]
        same = await app.apply(await settings(tmp_path, GOOD, found.url))
        kept = entry(app).resources["d"]
        renamed = {**change("resources/kind", {"value": "postgresql"}), "title": "Acme"}
        changed = await app.apply(await settings(tmp_path, renamed, found.url))
        await app.stop()

    assert same == []
    assert kept is before
    assert [watch.source.name for watch in changed] == ["one"]


@pytest.mark.parametrize(("path", "value"), BROKEN, ids=[path for path, _ in BROKEN])
def test_a_broken_declaration_fails_the_reload_like_any_other_mistake(tmp_path: Path, path: str, value: Any) -> None:
    config = write(tmp_path, change(path, value), "https://acme.example")
    with pytest.raises(ConfigError) as error:
        read_configuration(config)

    assert all(problem.startswith("declaration acme: ") for problem in error.value.problems)
