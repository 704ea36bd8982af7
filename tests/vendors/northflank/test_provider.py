"""Northflank: slugs within projects, two ways of paging, sizes as text, imports in the list, schedules as slots."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from exporter.errors import ForbiddenError, MalformedError, NotFoundError, ServerError, UnauthorizedError
from exporter.model import Backup, Details, Resource, Restore, Scope, Status
from exporter.provider import Url
from exporter.providers.northflank import PROVIDER, Options, details, refresh, resources, scopes
from exporter.secret import Secret
from exporter.state.listing import Page
from tests.providers.contract import ProviderContract, fixture, record_page
from tests.providers.fake_api import FakeApi, Reply

V1 = "GET api.northflank.com/v1/projects"
ADDON = f"{V1}/default-project/addons/example-addon"
PAUSED = f"{V1}/default-project/addons/paused-addon"
SECOND = f"{V1}/second-project/addons/example-addon"
OPTIONS = Options(token=Secret("planted-token"))
EXAMPLE = Resource(
    id="default-project/example-addon",
    name="Example Addon",
    kind="mongodb",
    state="running",
    uid="0c4b8f6e-2f1d-4d0a-9a57-1f2e3d4c5b6a",
    path=("default-project", "example-addon"),
)
VOLUMES = f"{V1}/default-project/volumes"
VOLUME = Resource(
    id="default-project/volumes/example-volume",
    name="Example Volume",
    kind="volume",
    state="running",
    created=1609459200.0,
    uid="9e8d7c6b-5a49-4382-9716-0f1e2d3c4b5a",
    path=("default-project", "example-volume"),
)
HOUR = 3600.0
DAY = 86400.0


def answer(name: str) -> Reply:
    return Reply(body=fixture(f"northflank/{name}.json"))


def dump(name: str, status: Status, started: float, took: float | None = None, **further: Any) -> Backup:
    finished = None if took is None else started + took
    return Backup(id=name, status=status, started=started, finished=finished, kind="dump", **further)


class TestNorthflank(ProviderContract):
    provider = PROVIDER
    options = replace(OPTIONS, volumes=True)
    optional: ClassVar = frozenset({
        *("name", "description", "uid", "lifecycleStatus", "tags", "appId", "spec", "type", "status", "createdAt"),
        *("completedAt", "updatedAt", "config", "source", "size", "addonVersion", "compressionType", "schedules"),
        *("additionalDestinations", "customDestinationId", "retentionTime", "scheduling", "interval", "minute", "hour"),
        *("day", "backupType", "restoreTimestamp", "backupId", "sourceObject", "storageSize"),
    })  # fmt: skip
    routes: ClassVar = {
        f"{V1}?per_page=100": answer("projects-1"),
        f"{V1}?cursor=abc123&per_page=100": answer("projects-2"),
        f"{V1}/default-project/addons?per_page=100": answer("addons-1"),
        f"{V1}/default-project/addons?page=2&per_page=100": answer("addons-2"),
        f"{V1}/second-project/addons?per_page=100": answer("addons-second"),
        f"{ADDON}/backup-schedules?per_page=100": answer("schedules"),
        f"{ADDON}/restores?per_page=100": answer("restores"),
        f"{ADDON}/backups?per_page=100": answer("backups-1"),
        f"{ADDON}/backups?cursor=def456&per_page=100": answer("backups-2"),
        f"{ADDON}/backups/dump-running": answer("backup"),
        f"{PAUSED}/backup-schedules?per_page=100": answer("no-schedules"),
        f"{PAUSED}/restores?per_page=100": answer("no-restores"),
        f"{PAUSED}/backups?per_page=100": answer("no-backups"),
        f"{SECOND}/backup-schedules?per_page=100": answer("no-schedules"),
        f"{SECOND}/restores?per_page=100": answer("no-restores"),
        f"{SECOND}/backups?per_page=100": answer("no-backups"),
        f"{VOLUMES}?per_page=100": answer("volumes"),
        f"{V1}/second-project/volumes?per_page=100": Reply(status=404),
        f"{VOLUMES}/example-volume/backup-schedules?per_page=100": answer("volume-schedules"),
        f"{VOLUMES}/example-volume/backups?per_page=100": answer("volume-backups"),
        f"{VOLUMES}/example-volume/backups/volume-backup-running": answer("volume-backup"),
    }
    resources = (
        EXAMPLE,
        Resource(
            id="default-project/paused-addon",
            name="Paused Addon",
            kind="mysql",
            state="paused",
            created=1609459200.0,
            paused=True,
            path=("default-project", "paused-addon"),
        ),
        VOLUME,
        Resource(
            id="second-project/example-addon",
            name="Example Addon",
            kind="addon",
            state="preDeployment",
            path=("second-project", "example-addon"),
        ),
    )
    details: ClassVar = {
        "default-project/example-addon": Details(
            scheduled=True,
            interval=12 * HOUR,
            intervals={"dump": 12 * HOUR, "snapshot": 7 * DAY},
            retention=120 * DAY,
            restore=Restore(started=1611273600.0, status=Status.FAILED),
        ),
        "default-project/paused-addon": Details(scheduled=False),
        "second-project/example-addon": Details(scheduled=False),
        VOLUME.id: Details(scheduled=True, interval=DAY, intervals={"snapshot": DAY}, retention=14 * DAY),
    }
    pages: ClassVar = {
        "default-project/example-addon": (
            Page(
                backups=(
                    Backup(
                        id="example-backup",
                        status=Status.COMPLETED,
                        started=1611141593.175,
                        finished=1611141594.494,
                        size=1234,
                        kind="snapshot",
                    ),
                    dump("dump-done", Status.COMPLETED, 1611208800.0, 300.0, size=987654321),
                    dump("dump-running", Status.IN_PROGRESS, 1611252000.0),
                    dump("dump-failed", Status.FAILED, 1611036000.0, 60.0),
                )
            ),
            Page(
                backups=(
                    dump("dump-stopping", Status.IN_PROGRESS, 1610949600.0),
                    dump("dump-stopped", Status.CANCELLED, 1610863200.0, 30.0),
                    dump("dump-to-come", Status.PENDING, 1611295200.0),
                    replace(dump("snapshot-impossible", Status.UNSUPPORTED, 1610776800.0, 2.0), kind="snapshot"),
                    dump("dump-odd", Status.UNKNOWN, 1610690400.0, unmapped="quarantined"),
                )
            ),
        ),
        "default-project/paused-addon": (Page(),),
        "second-project/example-addon": (Page(),),
        VOLUME.id: (
            Page(
                backups=(
                    Backup(id="volume-backup", status=Status.COMPLETED, started=1611198000.0),
                    Backup(id="volume-backup-running", status=Status.IN_PROGRESS, started=1611284400.0),
                )
            ),
        ),
    }
    refresh: ClassVar = {
        "default-project/example-addon": (
            "dump-running",
            (dump("dump-running", Status.COMPLETED, 1611252000.0, 240.0, size=1000000000),),
        ),
        VOLUME.id: (
            "volume-backup-running",
            (Backup(id="volume-backup-running", status=Status.COMPLETED, started=1611284400.0),),
        ),
    }


def listing(*backups: Any, **beside: Any) -> FakeApi:
    return FakeApi({f"{ADDON}/backups?per_page=100": Reply(body={"data": {"backups": list(backups)}, **beside})})


async def first_page(api: FakeApi, options: Options = OPTIONS) -> tuple[Backup, ...]:
    return (await anext(record_page(PROVIDER, api, options, EXAMPLE))).backups


async def details_of(*schedulings: tuple[str, Any], restores: Reply | None = None) -> Details:
    schedules = [{"backupType": kind, "scheduling": scheduling} for kind, scheduling in schedulings]
    routes = {
        f"{ADDON}/backup-schedules?per_page=100": Reply(body={"data": {"schedules": schedules}}),
        f"{ADDON}/restores?per_page=100": restores or answer("no-restores"),
    }
    return await details(FakeApi(routes), OPTIONS, EXAMPLE)


@pytest.mark.parametrize(
    ("scheduling", "gap"),
    [
        ({"interval": "hourly", "minute": [30], "hour": [], "day": []}, HOUR),
        ({"interval": "hourly", "minute": [0, 15], "hour": [3], "day": [2]}, 45 * 60.0),
        ({"interval": "daily", "minute": [0], "hour": [2]}, DAY),
        ({"interval": "daily", "minute": [0, 30], "hour": [2, 14]}, 11.5 * HOUR),
        ({"interval": "weekly", "minute": [30], "hour": [18], "day": [4]}, 7 * DAY),
        ({"interval": "weekly", "minute": [0], "hour": [1], "day": [0, 2, 4]}, 3 * DAY),
        ({"interval": "weekly", "minute": [0], "hour": [0, 12], "day": [0, 1, 2, 3, 4, 5, 6]}, 12 * HOUR),
        ({"interval": "hourly", "minute": []}, HOUR),
        ({"interval": "daily", "minute": [], "hour": []}, DAY),
        ({"interval": "Weekly"}, 7 * DAY),
        ({"interval": "daily", "minute": ["x", 75, None, True, 0, -5], "hour": {"at": 2}}, DAY),
    ],
)
async def test_the_gap_of_a_schedule(scheduling: dict[str, Any], gap: float) -> None:
    assert (await details_of(("dump", scheduling))) == Details(scheduled=True, interval=gap, intervals={"dump": gap})


async def test_schedules_of_one_kind_and_of_both_are_put_together() -> None:
    found = await details_of(
        ("dump", {"interval": "daily", "minute": [0], "hour": [0]}),
        ("dump", {"interval": "weekly", "minute": [0], "hour": [8], "day": [6]}),
        ("snapshot", {"interval": "daily", "minute": [0], "hour": [6]}),
    )

    assert found.intervals == {"dump": DAY, "snapshot": DAY}
    assert found.interval == 18 * HOUR


@pytest.mark.parametrize("scheduling", [{"interval": "monthly", "hour": [1]}, {}, None, "daily"])
async def test_a_schedule_that_we_cannot_read_is_one_without_an_interval(scheduling: Any) -> None:
    assert await details_of(("dump", scheduling)) == Details(scheduled=True)


async def test_a_schedule_of_an_unheard_of_kind_counts_for_the_addon_alone() -> None:
    found = await details_of(("clone", {"interval": "daily", "hour": [1]}))

    assert (found.interval, dict(found.intervals)) == (DAY, {})


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


async def test_a_following_endpoint_without_config_keeps_the_kind() -> None:
    api = FakeApi({f"{ADDON}/backups/a": Reply(body={"data": {"id": "a", "status": "in-progress"}})})
    before = Backup(id="a", status=Status.PENDING, kind="snapshot")

    assert await refresh(api, OPTIONS, EXAMPLE, before) == (Backup(id="a", status=Status.IN_PROGRESS, kind="snapshot"),)


async def test_a_team_goes_into_every_path() -> None:
    team = "GET localhost:9/api/v1/teams/our%20team/projects"
    none = {"hasNextPage": False, "count": 0}
    api = FakeApi(
        {
            f"{team}?per_page=100": Reply(body={"data": {"projects": []}, "pagination": none}),
            f"{team}/p/addons?per_page=100": Reply(body={"data": {"addons": []}}),
            f"{team}/default-project/addons/example-addon/backup-schedules?per_page=100": answer("no-schedules"),
            f"{team}/default-project/addons/example-addon/restores?per_page=100": answer("no-restores"),
            f"{team}/default-project/addons/example-addon/backups?per_page=100": answer("no-backups"),
            f"{team}/default-project/addons/example-addon/backups/a": Reply(body={"data": {"id": "a"}}),
        }
    )
    options = Options(token=Secret("planted"), team_id="our team", base_url=Url("http://localhost:9/api/"))

    await scopes(api, options)
    await resources(api, options, Scope(id="p"))
    await details(api, options, EXAMPLE)
    await first_page(api, options)
    await refresh(api, options, EXAMPLE, Backup(id="a", status=Status.PENDING))

    assert api.asked == list(api.routes)


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

    assert [page.backups[0].id async for page in record_page(PROVIDER, api, OPTIONS, EXAMPLE)] == [
        "1",
        "2",
        "3",
        "4",
        "5",
    ]


@pytest.mark.parametrize("pagination", [[], "more", {}, {"hasNextPage": "true"}, {"hasNextPage": None}, 1])
async def test_pagination_that_cannot_be_read_never_makes_a_part_the_whole(pagination: Any) -> None:
    with pytest.raises(MalformedError):
        _ = [
            page async for page in record_page(PROVIDER, listing({"id": "a"}, pagination=pagination), OPTIONS, EXAMPLE)
        ]


@pytest.mark.parametrize("backup", [{"status": "completed"}, {"id": ""}, {"id": None}, "a", None])
async def test_a_backup_without_an_id_makes_the_listing_malformed(backup: Any) -> None:
    with pytest.raises(MalformedError):
        await first_page(listing(backup))


@pytest.mark.parametrize(("status", "error"), [(401, UnauthorizedError), (403, ForbiddenError), (404, NotFoundError)])
async def test_a_refusal_of_the_restores_is_the_addons(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        await details_of(restores=Reply(status=status))


async def test_the_newest_ended_restore_goes_by_its_instant() -> None:
    restores = [
        {"status": "aborted", "restoreTimestamp": "2021-01-22T01:00:00+02:00"},
        {"status": "completed", "restoreTimestamp": "2021-01-22T00:00:00Z"},
        {"status": "failed", "restoreTimestamp": None},
        {"status": "aborting", "restoreTimestamp": "2021-01-24T00:00:00Z"},
        {"status": "scheduled", "restoreTimestamp": "2021-01-25T00:00:00Z"},
    ]

    found = await details_of(restores=Reply(body={"data": {"restores": restores}}))

    assert found.restore == Restore(started=1611273600.0, status=Status.COMPLETED)


@pytest.mark.parametrize("status", ["deleting", "DELETED", " Deleted "])
async def test_an_addon_that_is_being_deleted_is_none(status: str) -> None:
    addons = [{"id": "a", "status": status}, {"id": "b", "status": "Paused"}, {"id": "c"}]
    api = FakeApi({f"{V1}/p/addons?per_page=100": Reply(body={"data": {"addons": addons}})})

    found = await resources(api, OPTIONS, Scope(id="p"))

    assert [(resource.id, resource.name, resource.state, resource.paused) for resource in found] == [
        ("p/b", "b", "Paused", True),
        ("p/c", "c", None, False),
    ]


async def schedules_of(data: Any) -> Details:
    routes = {
        f"{ADDON}/backup-schedules?per_page=100": Reply(body={"data": data}),
        f"{ADDON}/restores?per_page=100": answer("no-restores"),
    }
    return await details(FakeApi(routes), OPTIONS, EXAMPLE)


@pytest.mark.parametrize("data", [{}, {"schedules": None}, {"schedules": []}, []])
async def test_schedules_may_be_left_out(data: Any) -> None:
    assert await schedules_of(data) == Details(scheduled=False)


@pytest.mark.parametrize("schedules", ["none", 0, False, {"0": {}}, [None], [{}, "daily"]])
async def test_of_something_else_in_place_of_schedules_nothing_is_known(schedules: Any) -> None:
    assert await schedules_of({"schedules": schedules}) == Details()


@pytest.mark.parametrize(
    ("days", "retention"),
    [
        ((7,), 7 * DAY), ((7, 60, 14), 60 * DAY), ((0,), None), ((None, "7", [7], True, -1, 1e30), None), ((), None),
        ((None, 3), 3 * DAY), ((0.5,), DAY / 2),
    ],
)  # fmt: skip
async def test_the_retention_is_the_longest_of_all_schedules(days: tuple[Any, ...], retention: float | None) -> None:
    found = await schedules_of({"schedules": [{"retentionTime": day} for day in days]})

    assert found.retention == retention


async def test_volumes_are_asked_for_only_where_they_are_wanted() -> None:
    api = FakeApi({f"{V1}?per_page=100": Reply(body={"data": {"projects": [{"id": "p", "name": "P"}]}})})

    assert await scopes(api, OPTIONS) == [Scope(id="p", name="P")]
    assert await scopes(api, replace(OPTIONS, volumes=True)) == [
        Scope(id="p", name="P"),
        Scope(id="p/volumes", name="P/volumes", optional=True),
    ]


@pytest.mark.parametrize("data", [[{"id": "v"}], {"volumes": [{"id": "v"}]}])
async def test_volumes_are_read_in_every_form_that_is_about(data: Any) -> None:
    scope = Scope(id="p/volumes", optional=True)
    api = FakeApi({f"{V1}/p/volumes?per_page=100": Reply(body={"data": data})})

    assert await resources(api, OPTIONS, scope) == [
        Resource(id="p/volumes/v", name="v", kind="volume", path=("p", "v"))
    ]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_project_without_a_list_of_volumes_has_none(status: int) -> None:
    api = FakeApi({f"{V1}/p/volumes?per_page=100": Reply(status=status)})

    assert await resources(api, OPTIONS, Scope(id="p/volumes", optional=True)) == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=401), UnauthorizedError),
        (Reply(status=403), ForbiddenError),
        (Reply(status=500), ServerError),
        (Reply(body="<html>"), MalformedError),
        (Reply(body={"data": {}}), MalformedError),
        (Reply(body={"data": [1]}), MalformedError),
    ],
)
async def test_volumes_that_cannot_be_read_are_left_to_the_core(reply: Reply, error: type[Exception]) -> None:
    with pytest.raises(error):
        await resources(FakeApi({f"{V1}/p/volumes?per_page=100": reply}), OPTIONS, Scope(id="p/volumes", optional=True))


@pytest.mark.parametrize("status", ["deleting", "Deleted"])
async def test_a_project_that_is_being_deleted_is_none(status: str) -> None:
    projects = [{"id": "a", "lifecycleStatus": status}, {"id": "b", "lifecycleStatus": "creating"}, {"id": "c"}]
    api = FakeApi({f"{V1}?per_page=100": Reply(body={"data": {"projects": projects}})})

    assert [scope.id for scope in await scopes(api, OPTIONS)] == ["b", "c"]


@pytest.mark.parametrize("uid", [None, "", 7, [], "u" * 2000])
async def test_an_odd_uid_is_cut_or_absent(uid: Any) -> None:
    api = FakeApi({f"{V1}/p/addons?per_page=100": Reply(body={"data": {"addons": [{"id": "a", "uid": uid}]}})})
    (found,) = await resources(api, OPTIONS, Scope(id="p"))

    assert found.uid == (uid[:1024] if isinstance(uid, str) else "")


@pytest.mark.parametrize("status", [404, 410])
async def test_a_volume_need_not_have_a_list_of_schedules_but_an_addon_does(status: int) -> None:
    path = f"{V1}/default-project/volumes/example-volume/backup-schedules?per_page=100"
    api = FakeApi({path: Reply(status=status), f"{ADDON}/backup-schedules?per_page=100": Reply(status=status)})

    assert await details(api, OPTIONS, VOLUME) == Details()
    with pytest.raises(NotFoundError):
        await details(api, OPTIONS, EXAMPLE)
