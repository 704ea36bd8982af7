"""What a declaration makes of a large answer is worked out beside the event loop, and in slices."""

import asyncio
import json
import threading
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from exporter.declared import expressions
from exporter.declared.evaluation import MAX_INLINE_BYTES
from exporter.declared.vendors import load_declaration
from exporter.polling.mapping import RECORDS_PER_SLICE, SLICE_BYTES, is_large, slices
from exporter.provider import RawPage
from exporter.trial.checks import check_declaration
from tests.declared.vendor import Asked, poll, vendor

pytestmark = pytest.mark.slow

ROWS = [{"id": f"b{at}", "at": 1_700_000_000 + at, "ok": at % 2 == 0} for at in range(2000)]
NESTED = [{"id": "n", "at": 1_700_000_000, "parts": [{"size": at} for at in range(9000)]}]
API: Mapping[str, Any] = {
    "declaration": 1,
    "base_url": "https://acme.example",
    "options": {"token": {"secret": True}},
    "auth": {"type": "bearer", "token": "token"},
    "rate_limit": {"requests": 1000, "per": "1s"},
    "resources": {"path": "/databases", "records": "databases[?!hidden]", "id": "id"},
    "schedule": {"path": "/schedules/{resource.id}", "interval": {"expr": "min(hours[?@ > `0`])", "unit": "h"}},
    "backups": {
        "path": "/backups/{resource.id}",
        "records": "sort_by(rows, &at)",
        "where": "ok != `false`",
        "id": "id",
        "started": {"expr": "at", "format": "epoch"},
        "size": "sum(parts[].size || `[1]`)",
        "status": {"always": "completed"},
    },
}


def answer(asked: Asked) -> Any:
    if asked.path == "/databases":
        return {"databases": [{"id": one} for one in ("large", "nested", "small")], "more": "x" * MAX_INLINE_BYTES}
    if asked.path.startswith("/schedules"):
        return {"hours": [24, 12] * MAX_INLINE_BYTES if asked.path.endswith("large") else [24, 12]}
    return {"rows": {"large": ROWS, "nested": NESTED, "small": ROWS[:2]}[asked.path.rpartition("/")[2]]}


def test_a_large_answer_is_evaluated_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    visit = expressions._visit
    on_the_loop: list[int] = []

    def watch(tree: Any, value: Any) -> Any:
        if threading.current_thread() is threading.main_thread():
            on_the_loop.append(len(json.dumps(value)))
        return visit(tree, value)

    monkeypatch.setattr(expressions, "_visit", watch)

    async def read() -> dict[str, dict[str, Any]]:
        async with vendor(answer) as found:
            return await poll(API, base_url=found.url, token="t")

    records = asyncio.run(read())

    assert {key: one["backup_backups"] for key, one in records.items()} == {
        "large": {"completed": 1000},
        "nested": {"completed": 1},
        "small": {"completed": 1},
    }
    assert {one["backup_expected_interval_seconds"] for one in records.values()} == {12 * 3600}
    assert records["nested"]["backup_stored_bytes"] == sum(range(9000))
    assert on_the_loop, "what is small is evaluated at once"
    assert max(on_the_loop) <= MAX_INLINE_BYTES


def test_records_are_mapped_in_slices_of_few_bytes() -> None:
    sizes = [SLICE_BYTES // 3, SLICE_BYTES // 3, SLICE_BYTES // 2, 3 * SLICE_BYTES, *([9] * 1000)]
    page = RawPage(records=[msgspec.Raw(b"[" + b" " * (size - 2) + b"]") for size in sizes], last=True)
    pieces = list(slices(page))

    assert [record for piece in pieces for record in piece.records] == page.records
    assert [len(piece.records) for piece in pieces] == [
        2,
        1,
        1,
        RECORDS_PER_SLICE,
        RECORDS_PER_SLICE,
        1000 - 2 * RECORDS_PER_SLICE,
    ]
    assert [is_large(piece) for piece in pieces] == [False, False, True, False, False, False]
    assert [piece.last for piece in pieces] == [False] * 5 + [True]


def test_a_large_answer_in_the_tests_of_a_declaration() -> None:
    answers = {f"GET {path}": answer(Asked("GET", path, {}, {}, "")) for path in PATHS}
    test = {"name": "large", "options": {"token": "t"}, "answers": answers, "expect": {"requests": 7}}
    found = check_declaration(declaration_of_mapping({**API, "name": "acme", "tests": [test]}))

    assert found.problems == ()


PATHS = ("/databases", *(f"/{what}/{one}" for what in ("schedules", "backups") for one in ("large", "nested", "small")))


def declaration_of_mapping(value: Mapping[str, Any]) -> Any:
    return load_declaration(json.loads(json.dumps(value)))
