"""Every paginator over real HTTP: parents are read whole, and each child from its first page."""

from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web

from tests.declared.vendor import Asked, Vendor, poll, vendor

pytestmark = pytest.mark.integration

PROJECTS = ["p1", "p2", "p3"]
DATABASES = ["a", "b"]
BACKUPS = ["b1", "b2", "b3", "b4", "b5"]
SIZE = 2


def items_of(path: str) -> list[str]:
    return PROJECTS if path == "/v1/projects" else BACKUPS if path.endswith("/backups") else DATABASES


def record(path: str, own: str) -> dict[str, Any]:
    started = f"2026-11-{int(own[1:]) + 10:02}T01:00:00Z" if path.endswith("/backups") else ""
    return {"id": own, "state": "done", "created_at": started}


def page(asked: Asked, begin: int, size: int = SIZE) -> list[dict[str, Any]]:
    return [record(asked.path, own) for own in items_of(asked.path)[begin : begin + size]]


def link_next(asked: Asked, begin: int) -> str | None:
    return f"{asked.path}?from={begin + SIZE}" if begin + SIZE < len(items_of(asked.path)) else None


def by_header(asked: Asked) -> Any:
    begin = int(asked.query.get("from", "0"))
    following = link_next(asked, begin)
    headers = {"Link": f'<{following}>; rel="next"'} if following else {}
    return web.json_response({"items": page(asked, begin)}, headers=headers)


def by_json_link(asked: Asked) -> Any:
    begin = int(asked.query.get("from", "0"))
    following = link_next(asked, begin)
    return {"items": page(asked, begin), "links": {"next": following and f"http://{asked.headers['Host']}{following}"}}


def by_cursor(asked: Asked) -> Any:
    begin = int(asked.query.get("cursor", "0"))
    more = begin + SIZE < len(items_of(asked.path))
    return {"items": page(asked, begin), "next": str(begin + SIZE) if more else ""}


def by_numbered_cursor(asked: Asked) -> Any:
    number = int(asked.query.get("page", "1"))
    begin = (number - 1) * SIZE
    return {"items": page(asked, begin), "more": begin + SIZE < len(items_of(asked.path)), "next": None}


def by_number(asked: Asked) -> Any:
    begin = (int(asked.query["page"]) - 1) * SIZE
    total = len(items_of(asked.path))
    return {"items": page(asked, begin), "pages": -(-total // SIZE), "total": total}


def by_number_from_zero(asked: Asked) -> Any:
    return {"items": page(asked, int(asked.query["p"]) * SIZE)}


def by_offset(asked: Asked) -> Any:
    assert asked.query["limit"] == "2"
    return {"items": page(asked, int(asked.query["offset"])), "total": len(items_of(asked.path))}


def by_capped_offset(asked: Asked) -> Any:
    assert asked.query["max"] == "100"
    return {"items": page(asked, int(asked.query["skip"]))}


PAGINATORS: Mapping[str, tuple[dict[str, Any], Any]] = {
    "header_link": ({"type": "header_link"}, by_header),
    "json_link": ({"type": "json_link", "next_url_path": "links.next"}, by_json_link),
    "cursor": ({"type": "cursor", "cursor_path": "next", "cursor_param": "cursor"}, by_cursor),
    "cursor with a page": (
        {"type": "cursor", "cursor_path": "next", "cursor_param": "c", "has_more_path": "more", "page_param": "page"},
        by_numbered_cursor,
    ),
    "page_number, pages": ({"type": "page_number", "page_param": "page", "total_pages_path": "pages"}, by_number),
    "page_number, records": ({"type": "page_number", "page_param": "page", "total_records_path": "total"}, by_number),
    "page_number, no total": ({"type": "page_number", "page_param": "p", "base_page": 0}, by_number_from_zero),
    "offset": ({"type": "offset", "limit": 2, "total_records_path": "total"}, by_offset),
    "offset, the vendor's pages are smaller": (
        {"type": "offset", "limit": 100, "offset_param": "skip", "limit_param": "max"},
        by_capped_offset,
    ),
}


def declaration(found: Vendor, paginator: dict[str, Any]) -> dict[str, Any]:
    return {
        "options": {"token": {"secret": True}},
        "base_url": found.url,
        "auth": {"type": "bearer", "token": "token"},
        "rate_limit": {"requests": 1000, "per": "1s"},
        "paginator": paginator,
        "scopes": [{"as": "project", "path": "/v1/projects", "records": "items", "id": "id"}],
        "resources": {
            "path": "/v1/{project.id}/databases",
            "records": "items",
            "id": "id",
            "label": "{project.id}/{resource.id}",
        },
        "backups": {
            "path": "/v1/{project.id}/databases/{resource.id}/backups",
            "records": "items",
            "id": "id",
            "started": "created_at",
            "status": {"expr": "state", "map": {"completed": "done", "failed": "error"}},
        },
    }


@pytest.mark.parametrize("name", PAGINATORS)
async def test_everything_is_read(name: str) -> None:
    paginator, answer = PAGINATORS[name]
    async with vendor(answer) as found:
        resources = await poll(declaration(found, paginator), polls=2, token="t")

    assert set(resources) == {f"{project}/{database}" for project in PROJECTS for database in DATABASES}
    assert {one["backup_backups"]["completed"] for one in resources.values()} == {5}
    assert {one["backup_last_success_timestamp_seconds"] for one in resources.values()} == {1763168400.0 + 365 * 86400}


async def test_a_single_page_is_read_once() -> None:
    async with vendor(lambda asked: {"items": page(asked, 0, 5), "next": "more"}) as found:
        await poll(declaration(found, {"type": "single_page"}), token="t")

    assert len(found.paths()) == len(set(found.paths()))


ODD: Mapping[str, tuple[dict[str, Any], Any]] = {
    "a link to another host": (
        {"type": "json_link", "next_url_path": "next"},
        lambda _: {"items": [], "next": "https://evil.example/v1/projects"},
    ),
    "a link back": ({"type": "json_link", "next_url_path": "next"}, lambda asked: {"items": [], "next": asked.path}),
    "a link that is a number": ({"type": "json_link", "next_url_path": "next"}, lambda _: {"items": [], "next": 7}),
    "more without a cursor": (
        {"type": "cursor", "cursor_path": "next", "cursor_param": "c", "has_more_path": "more"},
        lambda _: {"items": [], "more": True},
    ),
    "the same cursor again": (
        {"type": "cursor", "cursor_path": "next", "cursor_param": "c"},
        lambda _: {"items": [], "next": "same"},
    ),
    "an end before the total": (
        {"type": "page_number", "total_records_path": "total"},
        lambda asked: {"items": page(asked, 0, 1) if asked.query["page"] == "1" else [], "total": 9},
    ),
    "no list": ({"type": "single_page"}, lambda _: {"items": None}),
    "no objects": ({"type": "single_page"}, lambda _: {"items": ["a"]}),
    "no id": ({"type": "single_page"}, lambda _: {"items": [{"name": "x"}]}),
}


@pytest.mark.parametrize("name", ODD)
async def test_what_may_hide_records_is_malformed(name: str, caplog: pytest.LogCaptureFixture) -> None:
    paginator, odd = ODD[name]

    def answer(asked: Asked) -> Any:
        return odd(asked) if asked.path.endswith("/backups") else {"items": page(asked, 0, 3), "total": 3, "pages": 1}

    async with vendor(answer) as found:
        api = declaration(found, {"type": "single_page"})
        api["backups"]["paginator"] = paginator
        resources = await poll(api, token="t")

    assert {tuple(one["backup_resource_failure"]) for one in resources.values()} == {("malformed",)}
    assert not any("backup_backups" in one for one in resources.values())
    assert "evil" not in caplog.text
