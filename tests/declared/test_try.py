"""`backup-exporter try` against a vendor on loopback: what it shows, what it masks, what it records."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from exporter.cli import main
from tests.declared.vendor import Asked, vendor

pytestmark = pytest.mark.integration

DECLARATION = """
declaration: 1
name: acme
options: {token: {secret: true}, region: {default: eu}}
base_url: https://api.acme.example
auth: {type: api_key, name: key, location: query, template: "{options.token}"}
paginator: {type: json_link, next_url_path: next}
resources:
  path: "/v1/{options.region}/databases"
  records: databases
  where: backups_enabled
  id: id
  name: name
  kind: engine
schedule:
  path: "/v1/databases/{resource.id}"
  interval: {expr: every_hours, unit: h}
backups:
  path: "/v1/databases/{resource.id}/backups"
  records: backups
  id: id
  started: created_at
  size: {expr: size_gb, unit: GB}
  status: {expr: state, map: {completed: [ready, done], failed: error}}
"""


def answer(asked: Asked) -> Any:
    if asked.query.get("key") != "planted":
        return web.Response(status=401)
    if asked.path == "/v1/eu/databases":
        databases = [
            {
                "id": f"d{number}",
                "name": f"orders-{number}",
                "backups_enabled": number != 9,
                "connection": {"password": "hunter2"},
            }
            for number in range(10)
        ]
        return {"databases": databases, "next": None}
    if asked.path.endswith("/backups"):
        following = None if asked.query.get("page") else f"http://{asked.headers['Host']}{asked.path}?page=2"
        own = "old" if asked.query.get("page") else "new"
        state = "done" if own == "old" else "archived"
        backup = {"id": own, "state": state, "created_at": "2026-11-20T01:00:00Z", "url": "https://signed?sig=hunter2"}
        return {"backups": [backup], "next": following}
    return {"every_hours": 24, "owner": "hunter2"}


async def run(folder: Path, url: str, *arguments: str, token: str = "planted", declaration: str = DECLARATION) -> int:
    (folder / "acme.yaml").write_text(declaration)
    source = {"name": "shop", "provider": "acme", "token": token, "base_url": url, "max_age": "26h"}
    text = yaml.safe_dump({"declarations": ["acme.yaml"], "sources": [source]})
    (folder / "config.yaml").write_text(text)
    return await asyncio.to_thread(main, ["try", *arguments, "--config.file", str(folder / "config.yaml")])


async def test_each_step_is_shown_and_what_is_not_read_is_masked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with vendor(answer) as found:
        code = await run(tmp_path, found.url, "shop")
    shown = capsys.readouterr().out

    assert code == 0
    assert f"GET {found.url}/v1/eu/databases?key=***  200" in shown
    assert "records: 10 found, 9 kept" in shown
    assert "kind: 0/9  has no value in any record" in shown
    assert "size: 0/6  has no value in any record" in shown
    assert "archived -> unknown: 3" in shown
    assert "done -> completed: 3" in shown
    assert '"connection": "***"' in shown
    assert '"interval": 86400.0' in shown
    assert "becomes: {" in shown
    assert "requests: about 18 a poll" in shown
    assert "planted" not in shown
    assert "hunter2" not in shown
    assert len({path for path in found.paths() if "/backups" in path}) == 6, "three resources, two pages each"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "started: created_at",
            "started: sum(created_at)",
            "started: 0/3  cannot be evaluated: backups.started: sum()",
        ),
        ("expr: state", "expr: max(state)", "status: 0/3  cannot be evaluated: backups.status"),
        ("id: id\n  name: name", "id: abs(id)\n  name: name", "id: 0/9  cannot be evaluated: resources.id: abs()"),
        ("where: backups_enabled", "where: sum(name)", "the source cannot be read: malformed: resources.where: sum()"),
    ],
)
async def test_an_expression_that_raises_is_shown_with_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, said: str
) -> None:
    assert DECLARATION.count(before) == 1
    async with vendor(answer) as found:
        code = await run(tmp_path, found.url, "shop", declaration=DECLARATION.replace(before, after))
    shown = capsys.readouterr()

    assert code == 1
    assert said in shown.out
    assert "Traceback" not in shown.err
    assert "hunter2" not in shown.out


@pytest.mark.parametrize("sent", ['"2030-01-01T00:00:00Z"', "1795648551000", "1e300", "null", '{"at": "2030-01-01"}'])
async def test_a_record_is_shown_as_it_was_sent_whatever_its_keys_are_called(
    sent: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def with_a_finish(asked: Asked) -> Any:
        found = answer(asked)
        for backup in found.get("backups", ()) if isinstance(found, dict) else ():
            backup["finished"] = json.loads(sent)
        return found

    text = DECLARATION.replace("  started: created_at", "  started: created_at\n  expires: finished")
    async with vendor(with_a_finish) as found:
        code = await run(tmp_path, found.url, "shop", declaration=text)

    assert code == 0
    assert f'"finished": {json.dumps(json.loads(sent))}' in capsys.readouterr().out


async def test_what_the_vendor_writes_does_not_reach_the_terminal_raw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "d\x1b[2J\x9b\u202e\nforged line"

    def hostile_answer(asked: Asked) -> Any:
        if asked.path == "/v1/eu/databases":
            return {"databases": [{"id": hostile, "name": hostile, "backups_enabled": True}], "next": None}
        if asked.path.endswith("/backups"):
            backup = {"id": hostile, "state": hostile, "created_at": "2026-11-20T01:00:00Z"}
            return {"backups": [backup], "next": None}
        return web.Response(status=404)

    async with vendor(hostile_answer) as found:
        await run(tmp_path, found.url, "shop")
    shown = capsys.readouterr().out

    assert "cannot be read: not_found" in shown
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
    assert "\nforged line" not in shown


async def test_a_glob_chooses_resources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with vendor(answer) as found:
        code = await run(tmp_path, found.url, "shop", "--resource", "*-4")

    assert code == 0
    assert {path.split("?")[0] for path in found.paths() if "/backups" in path} == {"/v1/databases/d4/backups"}
    capsys.readouterr()


async def test_a_recorded_test_is_masked_and_passes_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with vendor(answer) as found:
        assert await run(tmp_path, found.url, "shop", "--record", str(tmp_path / "tests.yaml")) == 0
    recorded = (tmp_path / "tests.yaml").read_text()
    (tmp_path / "acme.yaml").write_text(DECLARATION + recorded)
    capsys.readouterr()

    code = await asyncio.to_thread(main, ["check", "--config.file", str(tmp_path / "config.yaml")])

    assert code == 0, capsys.readouterr().err
    assert "hunter2" not in recorded
    assert "planted" not in recorded
    assert "127.0.0.1" not in recorded
    assert len(yaml.safe_load(recorded)["tests"][0]["expect"]["resources"]) == 3


async def test_what_is_another_kind_of_value_than_an_expression_expects_is_neither_shown_nor_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def odd_answer(asked: Asked) -> Any:
        found = answer(asked)
        if asked.path == "/v1/eu/databases":
            for database in found["databases"]:
                database |= {"connection": "postgres://u:hunter2@h", "hosts": ["hunter2", {"region": "eu"}], "plan": 1}
        return found

    keep = """  kind: connection.engine || 'none'
  keep: {region: "hosts[].region | [0]", plan: "*.plan | [0]"}
"""
    text = DECLARATION.replace("  kind: engine\n", keep)
    record = tmp_path / "tests.yaml"
    async with vendor(odd_answer) as found:
        assert await run(tmp_path, found.url, "shop", "--record", str(record), declaration=text) == 0
    shown = capsys.readouterr().out
    (tmp_path / "acme.yaml").write_text(text + record.read_text())
    code = await asyncio.to_thread(main, ["check", "--config.file", str(tmp_path / "config.yaml")])

    assert code == 0, capsys.readouterr().err
    assert '"connection": "***"' in shown
    assert "hunter2" not in shown + record.read_text()


async def test_a_refusal_is_1_and_an_unknown_source_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with vendor(answer) as found:
        refused = await run(tmp_path, found.url, "shop", token="wrong")
        shown = capsys.readouterr().out
        unknown = await run(tmp_path, found.url, "nowhere")

    assert refused == 1
    assert "the source cannot be read: unauthorized" in shown
    assert unknown == 2
    assert "nowhere: no such source; known are shop" in capsys.readouterr().err
