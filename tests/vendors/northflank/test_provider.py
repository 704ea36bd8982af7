"""Northflank: slugs within projects, two ways of paging, sizes as text, imports in the list, schedules as slots."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from exporter.errors import ForbiddenError, NotFoundError, UnauthorizedError
from exporter.model import Backup, Details, Resource, Restore, Scope, Status
from exporter.provider import Url
from exporter.providers.northflank import PROVIDER, Options, details, refresh, resources, scopes
from exporter.secret import Secret
from exporter.state.listing import Page
from tests.providers.contract import ProviderContract
from tests.providers.fake_api import FakeApi, Reply
from tests.vendors.northflank.answers import (
    ADDON,
    DAY,
    EXAMPLE,
    HOUR,
    OPTIONS,
    V1,
    VOLUME,
    VOLUMES,
    answer,
    details_of,
    first_page,
)

PAUSED = f"{V1}/default-project/addons/paused-addon"
SECOND = f"{V1}/second-project/addons/example-addon"


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


def test_the_sizes_of_snapshots_are_not_judged() -> None:
    assert "snapshot" in PROVIDER.delta_kinds
    assert "dump" not in PROVIDER.delta_kinds
