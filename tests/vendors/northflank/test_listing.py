"""Northflank's listings: sizes as text, imports among the backups, pages by cursor and by number."""

from typing import Any

import pytest

from exporter.errors import MalformedError
from exporter.model import Backup, Status
from exporter.providers.northflank import PROVIDER, Options
from exporter.secret import Secret
from tests.providers.contract import map_pages
from tests.providers.fake_api import FakeApi, Reply
from tests.vendors.northflank.answers import ADDON, EXAMPLE, OPTIONS, first_page


def listing(*backups: Any, **beside: Any) -> FakeApi:
    return FakeApi({f"{ADDON}/backups?per_page=100": Reply(body={"data": {"backups": list(backups)}, **beside})})


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ("1234", 1234), (1234, 1234), ("0", 0), ("", None), (None, None), ("12 GB", None), ("-5", None), (-5, None),
        ("1e3", None), ("\uff19", None), ("9" * 5000, None), (True, None), ([], None),
    ],
)  # fmt: skip
async def test_a_size_is_a_text_of_digits(said: Any, size: float | None) -> None:
    [found] = await first_page(
        listing({"id": "a", "status": "completed", "config": {"source": {"type": "snapshot"}, "size": said}})
    )

    assert found.size == size


@pytest.mark.parametrize("config", [None, {}, {"source": None}, {"source": {}}, {"source": {"type": "clone"}}])
async def test_a_backup_of_unheard_of_origin_has_no_kind(config: Any) -> None:
    [found] = await first_page(listing({"id": "a", "status": "completed", "config": config}))

    assert found == Backup(id="a", status=Status.COMPLETED)


async def test_which_origins_are_imports_is_for_the_user_to_say() -> None:
    backups = [
        {"id": source, "status": "completed", "config": {"source": {"type": source}}}
        for source in ("fileUpload", "liveInstance", "externalDump", "sameAddon", "snapshot")
    ]
    options = Options(token=Secret("planted"), import_sources=("fileUpload", "snapshot"))

    assert [found.id for found in await first_page(listing(*backups))] == ["sameAddon", "snapshot"]
    assert [found.id for found in await first_page(listing(*backups), options)] == [
        "liveInstance",
        "externalDump",
        "sameAddon",
    ]


async def test_page_numbers_go_on_where_cursors_are_missing() -> None:
    def part(number: int, **pagination: Any) -> Reply:
        return Reply(body={"data": {"backups": [{"id": number}]}, "pagination": {"count": 1, **pagination}})

    backups = f"{ADDON}/backups?"
    long = "c" * 3000
    api = FakeApi(
        {
            f"{backups}per_page=100": part(1, hasNextPage=True),
            f"{backups}page=2&per_page=100": part(2, hasNextPage=True, cursor=""),
            f"{backups}page=3&per_page=100": part(3, hasNextPage=True, cursor=long),
            f"{backups}cursor={long}&per_page=100": part(4, hasNextPage=True, cursor=None),
            f"{backups}page=5&per_page=100": part(5, hasNextPage=False, cursor="further"),
        }
    )

    assert [page.backups[0].id async for page in map_pages(PROVIDER, api, OPTIONS, EXAMPLE)] == [
        "1",
        "2",
        "3",
        "4",
        "5",
    ]


@pytest.mark.parametrize("pagination", [[], "more", {}, {"hasNextPage": "true"}, {"hasNextPage": None}, 1])
async def test_pagination_that_cannot_be_read_never_makes_a_part_the_whole(pagination: Any) -> None:
    with pytest.raises(MalformedError):
        _ = [page async for page in map_pages(PROVIDER, listing({"id": "a"}, pagination=pagination), OPTIONS, EXAMPLE)]


@pytest.mark.parametrize("backup", [{"status": "completed"}, {"id": ""}, {"id": None}, "a", None])
async def test_a_backup_without_an_id_makes_the_listing_malformed(backup: Any) -> None:
    with pytest.raises(MalformedError):
        await first_page(listing(backup))
