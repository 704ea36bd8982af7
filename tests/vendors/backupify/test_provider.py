from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from exporter.errors import MalformedError, UnauthorizedError
from exporter.model import Backup, Details, Resource, Scope, Status
from exporter.provider import BasicAuth, Token, TokenExchange, Url
from exporter.providers.backupify import PROVIDER, Options
from exporter.secret import Secret
from exporter.state.listing import Page
from tests.providers.contract import ProviderContract, fixture, record_page
from tests.providers.fake_api import FakeApi, Reply

HOST = "api.backupify.com"
TOKEN = f"POST {HOST}/oauth/token"
GET = f"GET {HOST}/v1"
OPTIONS = Options(client_id=Secret("id-planted"), client_secret=Secret("secret-planted"))
LISTING = f"{GET}/backup_instances/5/backups"
INSTANCE = Resource(id="5", name="5", kind="backup_instance")
GIVEN = {TOKEN: Reply(body=fixture("backupify/token.json"))}
DAY = 86400.0


def stored(name: str, **links: str) -> Reply:
    return Reply(body=fixture(f"backupify/{name}.json"), links=links)


class TestBackupify(ProviderContract):
    provider = PROVIDER
    options = OPTIONS
    optional: ClassVar = frozenset({
        "backup_frequency", "customer_id", "ended_at", "expires_in", "failures", "last_backup_state",
        "last_successful_backup", "name", "next_scheduled_backup", "started_at", "status", "token_type"
    })  # fmt: skip
    routes: ClassVar[Mapping[str, Reply]] = {
        TOKEN: stored("token"),
        f"{GET}/customers": stored("customers-1", next="?page=2", last="?page=2"),
        f"{GET}/customers?page=2": stored("customers-2", first="?page=1", prev="?page=1"),
        f"{GET}/customers/7/backup_instances": stored("instances-7"),
        f"{GET}/customers/8/backup_instances": stored("instances-8"),
        f"{GET}/backup_instances/11/backups": stored("backups-11-1", next="?page=2", last="?page=3"),
        f"{GET}/backup_instances/11/backups?page=2": stored(
            "backups-11-2", first="?page=1", prev="?page=1", next="?page=3", last="?page=3"
        ),
        f"{GET}/backup_instances/11/backups?page=3": stored("backups-11-3", first="?page=1", prev="?page=2"),
        f"{GET}/backup_instances/11/backups/active": stored("active-11"),
        f"{GET}/backup_instances/12/backups": stored("backups-12"),
        f"{GET}/backup_instances/12/backups/active": stored("active-12"),
        f"{GET}/backup_instances/12/backups/601": stored("backup-601"),
        f"{GET}/backup_instances/13/backups": stored("backups-13"),
        f"{GET}/backup_instances/14/backups": stored("backups-14"),
    }
    details: ClassVar[Mapping[str, Details]] = {
        "11": Details(scheduled=True, interval=24 * 3600.0, last_success=1520130600.0),
        "12": Details(scheduled=True, interval=168 * 3600.0),
        "13": Details(scheduled=False),
        "14": Details(),
    }
    resources = (
        Resource(id="11", name="harbour-school/11", kind="backup_instance", details=details["11"]),
        Resource(id="12", name="harbour-school/12", kind="backup_instance", details=details["12"]),
        Resource(id="13", name="alder-clinic/13", kind="backup_instance", details=details["13"]),
        Resource(id="14", name="alder-clinic/14", kind="backup_instance", details=details["14"]),
    )
    pages: ClassVar[Mapping[str, tuple[Page, ...]]] = {
        "11": (
            Page(
                backups=(
                    Backup(id="505", status=Status.IN_PROGRESS, started=1520215200.0),
                    Backup(id="506", status=Status.PENDING),
                    Backup(id="507", status=Status.UNKNOWN, started=1520218800.5, unmapped="suspended"),
                )
            ),
            Page(
                backups=(
                    Backup(id="503", status=Status.CANCELLED, started=1520042400.0, finished=1520042460.0),
                    Backup(id="504", status=Status.COMPLETED, started=1520128800.0, finished=1520130600.0, failures=0),
                )
            ),
            Page(
                backups=(
                    Backup(id="501", status=Status.COMPLETED, started=1519869600.0, finished=1519870800.0, failures=0),
                    Backup(id="502", status=Status.FAILED, started=1519956000.0, finished=1519956300.0),
                )
            ),
        ),
        "12": (Page(backups=(Backup(id="601", status=Status.IN_PROGRESS, started=1520139600.0),)),),
        "13": (Page(),),
        "14": (
            Page(
                backups=(
                    Backup(id="701", status=Status.COMPLETED, started=1519869600.0, finished=1519870800.0, failures=0),
                )
            ),
        ),
    }
    refresh: ClassVar[Mapping[str, tuple[str, tuple[Backup, ...]]]] = {
        "11": ("505", (Backup(id="505", status=Status.IN_PROGRESS, started=1520215200.0),)),
        "12": (
            "601",
            (
                Backup(id="602", status=Status.IN_PROGRESS, started=1520143200.0),
                Backup(id="601", status=Status.COMPLETED, started=1520139600.0, finished=1520142300.0, failures=0),
            ),
        ),
    }


def page(*numbers: int, **links: str) -> Reply:
    """Return a page of the listing with two records for each of `numbers`; ids ascend with them."""
    ids = [number * 10 + unit for number in numbers for unit in (1, 2)]
    return Reply(body=[{"id": one, "status": "successful"} for one in ids], links=links)


def listing(pages: Mapping[str, Reply]) -> dict[str, Reply]:
    return {**GIVEN, **{LISTING + query: reply for query, reply in pages.items()}}


async def walk(api: FakeApi) -> list[list[int]]:
    return [[int(one.id) for one in part.backups] async for part in record_page(PROVIDER, api, OPTIONS, INSTANCE)]


PAGINGS: dict[str, tuple[dict[str, Reply], Sequence[str]]] = {
    "the first page is linked without a query": (
        {
            "": page(1, next="?page=2", last="?page=3"),
            "?page=2": page(2, prev=f"https://{HOST}/v1/backup_instances/5/backups", next="?page=3", last="?page=3"),
            "?page=3": page(3, prev="?page=2"),
        },
        ["", "?page=3", "?page=2"],
    ),
    "all four links stand everywhere": (
        {
            "": page(1, first="?page=1", prev="?page=1", next="?page=2", last="?page=3"),
            "?page=2": page(2, first="?page=1", prev="?page=1", next="?page=3", last="?page=3"),
            "?page=3": page(3, first="?page=1", prev="?page=2", last="?page=3"),
        },
        ["", "?page=3", "?page=2"],
    ),
    "two pages": (
        {"": page(1, 2, next="?page=2", last="?page=2"), "?page=2": page(3, first="?page=1", prev="?page=1")},
        ["", "?page=2"],
    ),
    "the list grows while it is read": (
        {
            "": page(1, next="?page=2", last="?page=2"),
            "?page=2": page(2, first="?page=1", prev="?page=1", next="?page=3"),
            "?page=3": page(3, first="?page=1", prev="?page=2"),
        },
        ["", "?page=2", "?page=3"],
    ),
    "no last": (
        {"": page(1, next="?page=2"), "?page=2": page(2, next="?page=3"), "?page=3": page(3)},
        ["", "?page=2", "?page=3"],
    ),
    "no prev": (
        {
            "": page(1, next="?page=2", last="?page=3"),
            "?page=2": page(2, next="?page=3", last="?page=3"),
            "?page=3": page(3),
        },
        ["", "?page=3", "?page=2"],
    ),
    "no first": (
        {
            "": page(1, next="?page=2", last="?page=3"),
            "?page=2": page(2, prev="?page=1", next="?page=3", last="?page=3"),
            "?page=3": page(3, prev="?page=2"),
        },
        ["", "?page=3", "?page=2"],
    ),
    "previous for prev": (
        {
            "": page(1, next="?page=2", last="?page=4"),
            "?page=2": page(2, first="?page=1", previous="?page=1", next="?page=3", last="?page=4"),
            "?page=3": page(3, first="?page=1", previous="?page=2", next="?page=4", last="?page=4"),
            "?page=4": page(4, first="?page=1", previous="?page=3"),
        },
        ["", "?page=4", "?page=3", "?page=2"],
    ),
    "no first, and the same page under several addresses": (
        {
            "": page(1, next="?after=12", last="?last=1"),
            "?before=21": page(1, next="?after=12"),
            "?before=31": page(2, prev="?before=21", next="?after=22"),
            "?last=1": page(3, prev="?before=31"),
        },
        ["", "?last=1", "?before=31", "?before=21"],
    ),
}


@pytest.mark.parametrize("name", PAGINGS)
async def test_every_way_of_linking_gives_the_whole_listing_newest_page_first(name: str) -> None:
    pages, asked = PAGINGS[name]
    api = FakeApi(listing(pages))
    found = await walk(api)

    assert [route.removeprefix(LISTING) for route in api.asked if route != TOKEN] == asked
    assert {one for part in found for one in part} == {one["id"] for told in pages.values() for one in told.body}
    assert [max(part) for part in found] == sorted((max(part) for part in found), reverse=True)


@pytest.mark.parametrize(
    "links",
    [{}, {"first": "?page=1", "last": "?page=1"}, {"last": LISTING.replace("GET ", "https://")}],
    ids=["no links", "first and last", "last is the page itself"],
)
async def test_a_single_page_is_one_request_however_full(links: dict[str, str]) -> None:
    api = FakeApi(listing({"": page(*range(10), **links)}))

    assert [len(part) for part in await walk(api)] == [20]
    assert api.asked == [TOKEN, LISTING]


async def test_the_newest_page_is_yielded_before_older_ones_are_asked_for() -> None:
    api = FakeApi(listing(PAGINGS["all four links stand everywhere"][0]))
    async for part in record_page(PROVIDER, api, OPTIONS, INSTANCE):
        assert [one.id for one in part.backups] == ["31", "32"]
        break

    assert api.asked == [TOKEN, LISTING, f"{LISTING}?page=3"]


@pytest.mark.parametrize("rel", ["last", "next"])
async def test_a_link_to_another_host_is_not_followed(rel: str) -> None:
    api = FakeApi(listing({"": page(1, **{rel: "https://elsewhere.example/v1/backups?page=2"})}))
    with pytest.raises(MalformedError):
        await walk(api)


@pytest.mark.parametrize("body", [[{"status": "successful"}], [7], {"backups": []}, None])
async def test_a_listing_without_records_or_ids_is_malformed(body: Any) -> None:
    with pytest.raises(MalformedError):
        await walk(FakeApi(listing({"": Reply(body=body)})))


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [
        ("daily", Details(scheduled=True, interval=DAY)),
        ("Weekly", Details(scheduled=True, interval=7 * DAY)),
        ("off", Details(scheduled=False)),
        (False, Details(scheduled=False)),
        (True, Details()),
        (None, Details()),
        ("fortnightly", Details()),
        (0, Details()),
    ],
)
async def test_the_frequency_is_the_schedule(frequency: object, expected: Details) -> None:
    instance = {"id": 5, "backup_definition_id": 3, "customer_id": 7, "backup_frequency": frequency}
    api = FakeApi({**GIVEN, f"{GET}/backup_instances/5": Reply(body=instance)})

    assert PROVIDER.details is not None
    assert await PROVIDER.details(api, OPTIONS, INSTANCE) == expected


async def test_configured_ids_replace_the_list_of_customers() -> None:
    options = Options(
        client_id=Secret("id"),
        client_secret=Secret("secret"),
        backup_instance_ids=("5", "6", "5"),
        backup_definition_ids=("3",),
    )
    api = FakeApi({
        **GIVEN,
        f"{GET}/backup_instances?backup_definition_id=3": Reply(body=[{"id": 1}], links={"next": "?page=2"}),
        f"{GET}/backup_instances?page=2": Reply(body=[{"id": 2}]),
    })  # fmt: skip
    scopes = await PROVIDER.scopes(api, options)
    assert scopes == [Scope(id="definition/3"), Scope(id="instances")]
    assert api.asked == []

    listed, configured = [await PROVIDER.resources(api, options, scope) for scope in scopes]
    assert [(one.id, one.name, one.details) for one in listed] == [("1", "1", Details()), ("2", "2", Details())]
    assert [(one.id, one.name, one.details) for one in configured] == [("5", "5", None), ("6", "6", None)]
    assert len(api.asked) == 3, "configured instances cost no request"


async def test_customers_that_are_not_ours_are_left_to_the_core() -> None:
    api = FakeApi({**GIVEN, f"{GET}/customers/9/backup_instances": Reply(status=401)})
    with pytest.raises(UnauthorizedError):
        await PROVIDER.resources(api, OPTIONS, Scope(id="customer/9", name="former"))


async def test_a_backup_that_is_no_longer_active_is_asked_for_itself() -> None:
    ended = {"id": 51, "status": "failed", "started_at": "2018-03-01T00:00:00Z", "ended_at": "2018-03-01T00:01:00Z"}
    api = FakeApi({**GIVEN, f"{LISTING}/active": Reply(status=204), f"{LISTING}/51": Reply(body=ended)})
    asked = Backup(id="51", status=Status.IN_PROGRESS, started=1519862400.0)

    assert PROVIDER.refresh is not None
    assert await PROVIDER.refresh(api, OPTIONS, INSTANCE, asked) == [
        Backup(id="51", status=Status.FAILED, started=1519862400.0, finished=1519862460.0)
    ]


class Peeking(FakeApi):
    """Keeps what a request was to be signed with."""

    async def get(self, url: str, *, auth: BasicAuth | TokenExchange | Any, **rest: Any) -> Any:
        self.auth = auth
        return await super().get(url, auth=auth, **rest)


async def exchange(base: str = f"https://{HOST}") -> TokenExchange:
    options = Options(client_id=Secret("id-planted"), client_secret=Secret("secret-planted"), base_url=Url(base))
    host = base.removeprefix("https://").rstrip("/")
    routes = {f"POST {host}/oauth/token": GIVEN[TOKEN], f"GET {host}/v1/customers": Reply(body=[])}
    api = Peeking(routes)
    await PROVIDER.scopes(api, options)
    assert isinstance(api.auth, TokenExchange)
    return api.auth


async def test_the_token_is_asked_for_by_a_form() -> None:
    auth = await exchange("https://proxy.example/backupify/")
    assert auth.url == "https://proxy.example/backupify/oauth/token"
    assert (auth.auth, auth.source_wide, auth.lifetime) == (None, True, 899)
    assert {key: one.reveal() if isinstance(one, Secret) else one for key, one in (auth.form or {}).items()} == {
        "client_id": "id-planted",
        "client_secret": "secret-planted",
        "grant_type": "client_credentials",
        "scope": "write",
    }


@pytest.mark.parametrize(
    ("said", "lifetime"),
    [
        (899, 899.0),
        ("600", 600.0),
        (0, None),
        (-1, None),
        ("soon", None),
        ("9" * 400, None),
        (None, None),
        (True, None),
    ],
)
async def test_the_token_lives_as_long_as_the_vendor_says(said: object, lifetime: float | None) -> None:
    token = (await exchange()).read({"access_token": "abc==", "expires_in": said, "token_type": "bearer"})
    assert token == Token("abc==", lifetime)


@pytest.mark.parametrize("body", [None, [], {}, {"access_token": None}, {"access_token": " "}, {"access_token": 7}])
async def test_an_answer_without_a_token_is_malformed(body: object) -> None:
    with pytest.raises(MalformedError):
        (await exchange()).read(body)


def full_page(**links: str) -> Reply:
    """Return a page of twenty records, the last of which ended on 2018-03-21 at 01:00."""
    records = [
        {
            "id": number,
            "status": "successful",
            "started_at": f"2018-03-{number:02}T00:00:00Z",
            "ended_at": f"2018-03-{number + 1:02}T01:00:00Z",
        }
        for number in range(1, 21)
    ]
    return Reply(body=records, links=links)


LAST_END = 1521594000.0


@pytest.mark.parametrize(
    ("last_success", "whole"),
    [
        (None, True), (LAST_END, True), (LAST_END + 60, True), (LAST_END - 9 * DAY, True), (LAST_END + 61, False),
        (LAST_END + 9 * DAY, False),
    ],
)  # fmt: skip
async def test_a_full_page_without_links_is_not_the_whole_list_if_a_success_is_newer(
    last_success: float | None, whole: bool
) -> None:
    told = replace(INSTANCE, details=Details(last_success=last_success))
    api = FakeApi(listing({"": full_page()}))
    with nullcontext() if whole else pytest.raises(MalformedError, match="last_successful_backup"):
        (page,) = [page async for page in record_page(PROVIDER, api, OPTIONS, told)]
        assert len(page.backups) == 20


async def test_a_full_page_with_any_link_and_one_that_is_not_full_are_believed() -> None:
    told = replace(INSTANCE, details=Details(last_success=LAST_END + DAY))
    short = Reply(body=full_page().body[:19])
    for reply in (full_page(first="?page=1"), short):
        assert [page async for page in record_page(PROVIDER, FakeApi(listing({"": reply})), OPTIONS, told)]


@pytest.mark.parametrize(
    ("failures", "count"),
    [
        ([], 0), (["a"], 1), ([{"item": 1}, None, 3], 3), ([0] * 5000, 5000), (None, None), ("", None), ("many", None),
        (3, None), ({"a": 1}, None), (True, None),
    ],
)  # fmt: skip
def test_the_failures_of_a_successful_backup_are_counted(failures: object, count: int | None) -> None:
    record = {"id": 1, "status": "successful", "failures": failures}

    assert PROVIDER.backup(OPTIONS, record) == Backup(id="1", status=Status.COMPLETED, failures=count)
    assert PROVIDER.backup(OPTIONS, {"id": 1, "status": "successful"}) == Backup(id="1", status=Status.COMPLETED)
    failed = PROVIDER.backup(OPTIONS, {**record, "status": "failed"})
    assert failed is not None
    assert failed.failures is None


@pytest.mark.parametrize("told", [None, "", "soon", 0, 1e30, [], {}, "0001-01-01T00:00:00Z", "x" * 10_000])
async def test_an_odd_last_success_is_none(told: object) -> None:
    instance = {"id": 5, "backup_frequency": "daily", "last_successful_backup": told}
    api = FakeApi({**GIVEN, f"{GET}/backup_instances/5": Reply(body=instance)})

    assert PROVIDER.details is not None
    assert await PROVIDER.details(api, OPTIONS, INSTANCE) == Details(scheduled=True, interval=DAY)


def test_no_link_to_a_backup_is_given() -> None:
    assert PROVIDER.download is None
