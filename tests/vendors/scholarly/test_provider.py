import copy
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from exporter.errors import MalformedError, PollError
from exporter.model import Backup, Details, Resource, Scope, Status
from exporter.provider import Url
from exporter.providers.scholarly import NAMED_AFTER_SOURCE, PROVIDER, Options
from exporter.secret import Secret
from exporter.state.listing import Page
from tests.providers.contract import ProviderContract, fixture, map_pages, read
from tests.providers.fake_api import FakeApi, Reply

HOST = "api.scholarlysoftware.com"
INSTITUTIONS = f"GET {HOST}/api/v1/institutions"
BACKUPS = f"GET {HOST}/api/v1/backups?page[size]=100&sort=-created_at"
SECOND = f"GET {HOST}/api/v1/backups?page[after]=c1&page[size]=100&sort=-created_at"
THIRD = f"GET {HOST}/api/v1/backups?page[after]=c2&page[size]=100&sort=-created_at"
INSTITUTION = "9b1d6c1e-5a52-4a3e-8f0e-7f3a51b8c001"
OPTIONS = Options(token=Secret("sch_planted"))
SCOPE = Scope(id="institution")


def uuid(number: int) -> str:
    return f"4f6c2a1e-0000-4000-8000-00000000000{number}"


class TestScholarly(ProviderContract):
    provider = PROVIDER
    options = OPTIONS
    optional: ClassVar = frozenset({
        "attributes", "completed_tables", "created_at", "demo", "download_checksum_md5", "download_url",
        "file_size", "message", "meta", "name", "page", "percentage", "progress", "relationships",
        "requester_name", "size", "status", "total", "total_tables", "updated_at"
    })  # fmt: skip
    routes: ClassVar[Mapping[str, Reply]] = {
        INSTITUTIONS: Reply(body=fixture("scholarly/institutions.json")),
        BACKUPS: Reply(body=fixture("scholarly/backups-1.json")),
        SECOND: Reply(body=fixture("scholarly/backups-2.json")),
        THIRD: Reply(body=fixture("scholarly/backups-3.json")),
        f"GET {HOST}/api/v1/backups/{uuid(1)}": Reply(body=fixture("scholarly/backup.json")),
    }
    resources = (Resource(id=INSTITUTION, name="Example University", kind="institution", created=1736935200.0),)
    details: ClassVar[Mapping[str, Details]] = {INSTITUTION: Details()}
    pages: ClassVar[Mapping[str, tuple[Page, ...]]] = {
        INSTITUTION: (
            Page(
                backups=(
                    Backup(id=uuid(1), status=Status.IN_PROGRESS, started=1763467200.0, progress=45),
                    Backup(id=uuid(2), status=Status.PENDING, started=1763465400.0),
                    Backup(
                        id=uuid(3),
                        status=Status.COMPLETED,
                        started=1763380800.0,
                        finished=1763381100.0,
                        size=1048576,
                    ),
                ),
                total=6,
            ),
            Page(
                backups=(
                    Backup(id=uuid(4), status=Status.FAILED, started=1763294400.0),
                    Backup(
                        id=uuid(5),
                        status=Status.COMPLETED,
                        started=1763208000.0,
                        finished=1763208300.0,
                        size=1000000,
                    ),
                ),
                total=6,
            ),
            Page(
                backups=(Backup(id=uuid(6), status=Status.UNKNOWN, started=1763121600.25, unmapped="archived"),),
                total=6,
            ),
        )
    }
    refresh: ClassVar[Mapping[str, tuple[str, tuple[Backup, ...]]]] = {
        INSTITUTION: (uuid(1), (Backup(id=uuid(1), status=Status.IN_PROGRESS, started=1763467200.0, progress=60),))
    }


def empty_listing() -> Reply:
    return Reply(body={"data": []})


def institutions(count: int, **links: Any) -> Reply:
    body = copy.deepcopy(fixture("scholarly/institutions.json"))
    body["data"] = [{**body["data"][0], "id": f"institution-{number}"} for number in range(count)]
    return Reply(body={**body, "links": links})


async def list_resources(routes: Mapping[str, Reply]) -> list[Page]:
    return [page async for page in map_pages(PROVIDER, FakeApi(routes), OPTIONS, NAMED_AFTER_SOURCE)]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Reply(status=403), id="forbidden"),
        pytest.param(Reply(status=404), id="not found"),
        pytest.param(institutions(0), id="none"),
        pytest.param(institutions(2), id="several"),
        pytest.param(institutions(1, next="/api/v1/institutions?page%5Bafter%5D=c1"), id="more on the next page"),
    ],
)
async def test_a_key_without_exactly_one_institution_is_named_after_its_source(answer: Reply) -> None:
    found = await read(PROVIDER, FakeApi({INSTITUTIONS: answer, BACKUPS: empty_listing()}), OPTIONS)

    assert [Resource(id="", name="", kind="institution")] == [resource for resource, _, _ in found]


async def test_an_institution_without_a_name_is_still_known_by_its_id() -> None:
    answer = institutions(1, next=None)
    answer.body["data"][0]["attributes"] = None
    found = await PROVIDER.resources(FakeApi({INSTITUTIONS: answer}), OPTIONS, SCOPE)

    assert [Resource(id="institution-0", name="", kind="institution")] == list(found)


@pytest.mark.parametrize(("status", "reason"), [(401, "unauthorized"), (429, "rate_limited"), (500, "server_error")])
async def test_other_refusals_of_the_institutions_do_not_choose_a_name(status: int, reason: str) -> None:
    with pytest.raises(PollError) as caught:
        await read(PROVIDER, FakeApi({INSTITUTIONS: Reply(status=status)}), OPTIONS)

    assert reason == caught.value.reason


async def test_the_older_generation_of_the_list_is_read_by_page_numbers() -> None:
    second = f"GET {HOST}/api/v1/backups?page[number]=2&page[size]=100&sort=-created_at"
    last = {"data": [], "links": {"next": "/api/v1/backups?page%5Bnumber%5D=3"}, "meta": {"page": {"total_count": 101}}}
    pages = await list_resources(
        {BACKUPS: Reply(body=fixture("scholarly/backups-numbered.json")), second: Reply(body=last)}
    )

    assert [(len(page.backups), page.total) for page in pages] == [(1, 101), (0, 101)]


@pytest.mark.parametrize("target", [None, "", {}, {"href": None}, {"href": ""}, 7, [], True])
async def test_no_usable_next_link_ends_the_listing(target: Any) -> None:
    body = {**fixture("scholarly/backups-1.json"), "links": {"next": target}}

    assert len(await list_resources({BACKUPS: Reply(body=body)})) == 1


async def test_a_next_link_may_be_an_object() -> None:
    target = {"href": "/api/v1/backups?sort=-created_at&page[size]=100&page[after]=c2", "meta": {}}
    body = {**fixture("scholarly/backups-1.json"), "links": {"next": target}}
    pages = await list_resources({BACKUPS: Reply(body=body), THIRD: Reply(body=fixture("scholarly/backups-3.json"))})

    assert [len(page.backups) for page in pages] == [3, 1]


async def test_a_next_link_to_another_host_is_refused() -> None:
    body = {**fixture("scholarly/backups-1.json"), "links": {"next": "https://elsewhere.example/api/v1/backups"}}

    with pytest.raises(MalformedError):
        await list_resources({BACKUPS: Reply(body=body)})


@pytest.mark.parametrize(
    ("meta", "total"),
    [
        ({"total": 0}, 0),
        ({"page": {"total_count": 7}}, 7),
        ({"total": -1, "page": {"total_count": 7}}, 7),
        ({"total": "7"}, None),
        ({"total": True}, None),
        ({"total": 7.0}, None),
        (None, None),
    ],
)
async def test_the_total_is_told_by_either_generation(meta: Any, total: int | None) -> None:
    pages = await list_resources({BACKUPS: Reply(body={"data": [], "meta": meta})})

    assert [total] == [page.total for page in pages]


@pytest.mark.parametrize(
    ("status", "percentage", "progress"),
    [
        ("processing", 0, 0),
        ("Processing", 100, 100),
        ("processing", 101, None),
        ("processing", -1, None),
        ("processing", "45", None),
        ("completed", 100, None),
        ("failed", 45, None),
    ],
)
async def test_a_percentage_counts_only_while_running_and_within_range(
    status: str, percentage: object, progress: float | None
) -> None:
    backup = {"id": "1", "attributes": {"status": status, "progress": {"percentage": percentage}}}
    pages = await list_resources({BACKUPS: Reply(body={"data": [backup]})})

    assert [progress] == [each.progress for each in pages[0].backups]


@pytest.mark.parametrize("size", [None, "1048576", -1, [], True])
async def test_an_odd_size_is_unknown(size: object) -> None:
    backup = {"id": "1", "attributes": {"status": "completed", "file_size": size}}
    pages = await list_resources({BACKUPS: Reply(body={"data": [backup]})})

    assert (Backup(id="1", status=Status.COMPLETED),) == pages[0].backups


@pytest.mark.parametrize("data", [None, {}, [None], [{"attributes": {"status": "completed"}}], [{"id": ""}]])
async def test_a_listing_with_a_record_that_is_none_is_malformed(data: object) -> None:
    with pytest.raises(MalformedError):
        await list_resources({BACKUPS: Reply(body={"data": data})})


async def test_a_base_url_keeps_its_leading_path_and_the_key_is_a_bearer() -> None:
    api = FakeApi({"GET proxy.example/scholarly/api/v1/institutions": institutions(1)})
    options = Options(token=Secret("sch_planted"), base_url=Url("http://proxy.example/scholarly/"))
    await PROVIDER.resources(api, options, SCOPE)

    assert api.asked == ["GET proxy.example/scholarly/api/v1/institutions"]
    assert api.signed == ["Bearer sch_planted"]


async def test_every_request_asks_for_json_api() -> None:
    class Noting(FakeApi):
        async def get(self, url: str, *, accept: str = "", **others: Any) -> Any:
            accepted.add(accept)
            return await super().get(url, accept=accept, **others)

    accepted: set[str] = set()
    await read(PROVIDER, Noting(TestScholarly.routes), OPTIONS)

    assert {"application/vnd.api+json"} == accepted


async def test_an_id_is_escaped_in_the_path_of_a_running_backup() -> None:
    api = FakeApi({f"GET {HOST}/api/v1/backups/a%2F..%2Fb": Reply(body={"data": {"id": "a/../b"}})})
    backup = Backup(id="a/../b", status=Status.IN_PROGRESS)
    assert PROVIDER.refresh is not None
    followed = await PROVIDER.refresh(api, OPTIONS, NAMED_AFTER_SOURCE, backup)

    assert [each.id for each in followed] == ["a/../b"]


@pytest.mark.parametrize(
    ("progress", "percent"),
    [
        ({"percentage": 40, "completed_tables": 1, "total_tables": 4}, 40),
        ({"completed_tables": 1, "total_tables": 4}, 25),
        ({"percentage": None, "completed_tables": 0, "total_tables": 4}, 0),
        ({"percentage": "40", "completed_tables": 4, "total_tables": 4}, 100),
        ({"percentage": 140, "completed_tables": 1, "total_tables": 4}, None),
        ({"completed_tables": 5, "total_tables": 4}, None),
        ({"completed_tables": 1, "total_tables": 0}, None),
        ({"completed_tables": 1}, None),
        ({"total_tables": 4}, None),
        ({"completed_tables": "1", "total_tables": [4]}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_tables_give_the_percentage_that_is_missing(progress: Any, percent: float | None) -> None:
    record = {"id": "a", "attributes": {"status": "processing", "progress": progress}}
    found = PROVIDER.backup(OPTIONS, record)

    assert found is not None
    assert found.progress == percent
