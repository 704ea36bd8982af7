"""ClickHouse Cloud: its documented answers, and its traps."""

from typing import Any, ClassVar

import pytest

from exporter.errors import MalformedError, NotFoundError, PollError, ServerError
from exporter.model import Backup, Details, KindGroup, Scope, Status
from exporter.provider import Url
from exporter.providers.clickhouse_cloud import (
    PROVIDER,
    STATUSES,
    details,
    refresh,
    resources,
    scopes,
)
from exporter.state.listing import Page
from tests.providers.contract import ProviderContract, map_pages
from tests.providers.fake_api import FakeApi, Reply
from tests.vendors.clickhouse_cloud.answers import (
    ARCHIVE,
    HOUR,
    LEDGER,
    LEDGER_RESOURCE,
    ORDERS,
    ORDERS_RESOURCE,
    ORGANIZATION,
    PLAYGROUND,
    POSTGRES,
    SERVICES,
    backup,
    options,
    reply,
    result,
    service,
)

RUNNING = "33333333-cccc-4ccc-8ccc-000000000007"


def every(hours: float, **fields: Any) -> Details:
    """Return the details of a configuration with that period."""
    own = KindGroup(kinds=("full", "incremental"), interval=max(hours, 24) * HOUR)
    external = KindGroup(kinds=("full_external", "incremental_external"), interval=hours * HOUR)
    return Details(interval=hours * HOUR, groups=(own, external), **fields)


ORDERS_BACKUPS = (
    backup(7, Status.IN_PROGRESS, started=1785931200.0, kind="incremental"),
    backup(6, Status.FAILED, started=1785909600.0, finished=1785909720.0, kind="incremental"),
    backup(5, Status.COMPLETED, started=1785888000.25, finished=1785888090.25, size=10485760.0, kind="incremental"),
    backup(4, Status.COMPLETED, started=1785866400.0, finished=1785867000.5, size=12.5, kind="full"),
    backup(3, Status.COMPLETED, started=1785844800.0, finished=1785845400.0, size=1099511627776, kind="full_external"),
    backup(2, Status.UNKNOWN, started=1785823200.0, unmapped="queued_again"),
    backup(1, Status.UNKNOWN, unmapped="(none)"),
)


class TestClickhouseCloud(ProviderContract):
    provider = PROVIDER
    options = options()
    optional: ClassVar = frozenset({
        "backupName", "backupPeriodInHours", "backupRetentionPeriodInHours", "backupStartTime", "bucket",
        "createdAt", "durationInSeconds", "finishedAt", "isPrimary", "name", "requestId", "serviceId",
        "sizeInBytes", "startedAt", "state", "status", "type"
    })  # fmt: skip
    routes: ClassVar = {
        "GET api.clickhouse.cloud/v1/organizations": reply("organizations"),
        SERVICES: reply("services"),
        POSTGRES: reply("postgres"),
        f"{POSTGRES}/{LEDGER}/backups?limit=100": reply("postgres_backups_1"),
        f"{POSTGRES}/{LEDGER}/backups?cursor=after-2&limit=100": reply("postgres_backups_2"),
        f"{SERVICES}/{ORDERS}/backupConfiguration": reply("configuration_orders"),
        f"{SERVICES}/{ORDERS}/backups": reply("backups_orders"),
        f"{SERVICES}/{ORDERS}/backups/{RUNNING}": reply("backup_finished_since"),
        f"{SERVICES}/{ARCHIVE}/backupConfiguration": reply("configuration_archive"),
        f"{SERVICES}/{ARCHIVE}/backups": reply("backups_archive"),
        f"{SERVICES}/{PLAYGROUND}/backupConfiguration": reply("configuration_forbidden", status=403),
        f"{SERVICES}/{PLAYGROUND}/backups": reply("backups_playground"),
    }
    resources = (
        ORDERS_RESOURCE,
        service(ARCHIVE, "archive", state="stopped", created=1735787045.5, paused=True),
        service(PLAYGROUND, "playground", state="idle", created=1748772000.0),
        LEDGER_RESOURCE,
    )
    details: ClassVar = {
        ORDERS: every(6, retention=168 * HOUR),
        ARCHIVE: every(24, retention=1080 * HOUR),
        PLAYGROUND: every(24),
        LEDGER: Details(interval=24 * HOUR),
    }
    pages: ClassVar = {
        ORDERS: (Page(backups=ORDERS_BACKUPS),),
        ARCHIVE: (
            Page(
                backups=(
                    backup(11, Status.COMPLETED, started=1782874800.0, finished=1782875100.0, size=2048, kind="full"),
                )
            ),
        ),
        PLAYGROUND: (Page(),),
        LEDGER: (
            Page(
                backups=(
                    Backup(id="pg-3", status=Status.IN_PROGRESS, started=1785895200.0),
                    Backup(id="pg-2", status=Status.COMPLETED, started=1785808800.0, finished=1785809100.0, size=5000),
                )
            ),
            Page(
                backups=(
                    Backup(
                        id="base_000000010000000000000004",
                        status=Status.COMPLETED,
                        started=1785722400.0,
                        size=4000,
                    ),
                )
            ),
        ),
    }
    refresh: ClassVar = {
        ORDERS: (
            RUNNING,
            (
                backup(
                    7,
                    Status.COMPLETED,
                    started=1785931200.0,
                    finished=1785931400.0,
                    size=20971520,
                    kind="incremental",
                ),
            ),
        )
    }


async def test_the_key_is_sent_as_user_and_password_of_every_request() -> None:
    api = FakeApi({"GET api.clickhouse.cloud/v1/organizations": reply("organizations")})

    assert await scopes(api, options()) == (
        Scope(id=ORGANIZATION, name="Example organization"),
        Scope(id=f"{ORGANIZATION}/postgres", name="Example organization/postgres", optional=True),
    )
    assert api.signed == ["Basic planted-id:planted-secret"]


async def test_a_configured_organization_costs_no_request() -> None:
    api = FakeApi({})

    assert await scopes(api, options(organization_id="own")) == (
        Scope(id="own"),
        Scope(id="own/postgres", name="own/postgres", optional=True),
    )
    assert api.asked == []


async def test_the_vendors_path_follows_any_leading_path_of_the_base_url() -> None:
    api = FakeApi({"GET proxy.example:8443/cloud/v1/organizations/o%2F1/services": result([])})
    behind = options(base_url=Url("http://proxy.example:8443/cloud/"))

    assert await resources(api, behind, Scope(id="o/1")) == ()


@pytest.mark.parametrize(
    ("configuration", "hours"),
    [
        ({"backupPeriodInHours": 12}, 12),
        ({"backupPeriodInHours": 8.0}, 8),
        ({"backupPeriodInHours": 48, "backupStartTime": "03:00"}, 48),
        ({"backupPeriodInHours": 6, "backupStartTime": "03:00"}, 24),
        ({"backupPeriodInHours": 6, "backupStartTime": ""}, 6),
        ({"backupPeriodInHours": 6, "backupStartTime": None}, 6),
        ({"backupPeriodInHours": 6, "backupStartTime": 3}, 6),
        ({"backupPeriodInHours": 6, "backupStartTime": ["03:00"]}, 6),
        ({"backupPeriodInHours": 6, "backupStartTime": "x" * 10_000}, 6),
        ({"backupStartTime": "03:00"}, 24),
        ({"backupPeriodInHours": None}, 24),
        ({"backupPeriodInHours": 0}, 24),
        ({"backupPeriodInHours": ""}, 24),
        ({"backupPeriodInHours": -6}, 24),
        ({"backupPeriodInHours": True}, 24),
        ({"backupPeriodInHours": [6]}, 24),
        ({}, 24),
        (None, 24),
    ],
)
async def test_a_period_that_is_not_told_is_a_day(configuration: Any, hours: int) -> None:
    api = FakeApi({f"{SERVICES}/{ORDERS}/backupConfiguration": result(configuration)})

    assert await details(api, options(), ORDERS_RESOURCE) == every(hours)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Reply(status=404), NotFoundError),
        (Reply(status=500), ServerError),
        (Reply(body="<html>"), MalformedError),
        (result("soon"), MalformedError),
    ],
)
async def test_only_a_forbidden_configuration_means_the_default(answer: Reply, error: type[PollError]) -> None:
    api = FakeApi({f"{SERVICES}/{ORDERS}/backupConfiguration": answer})

    with pytest.raises(error):
        await details(api, options(), ORDERS_RESOURCE)


async def test_forbidden_backups_are_no_empty_list() -> None:
    api = FakeApi({f"{SERVICES}/{ORDERS}/backups": reply("configuration_forbidden", status=403)})

    with pytest.raises(PollError, match="403"):
        [page async for page in map_pages(PROVIDER, api, options(), ORDERS_RESOURCE)]


@pytest.mark.parametrize(
    ("state", "paused"),
    [(state, True) for state in ("stopped", "terminating", "terminated", "softdeleting", "softdeleted", "Stopped")]
    + [(state, False) for state in ("idle", "running", "stopping", "starting", "degraded", "failed", "", None, 7)],
)
async def test_a_service_is_paused_by_its_state(state: Any, paused: bool) -> None:
    api = FakeApi({SERVICES: result([{"id": "s", "state": state}])})

    (found,) = await resources(api, options(), Scope(id=ORGANIZATION))

    assert (found.paused, found.name) == (paused, "s")


@pytest.mark.parametrize(
    ("reported", "primary"),
    [({"isPrimary": False}, False), ({"isPrimary": True}, True), ({"isPrimary": None}, True), ({}, True)],
)
async def test_only_a_service_said_to_be_secondary_is_left_out(reported: dict[str, Any], primary: bool) -> None:
    api = FakeApi({SERVICES: result([{"id": "s", **reported}])})

    assert len(await resources(api, options(), Scope(id=ORGANIZATION))) == primary


@pytest.mark.parametrize(
    ("status", "reported", "finished"),
    [
        ("done", {"finishedAt": "2026-08-05T12:01:00Z", "durationInSeconds": 5}, 1785931260.0),
        ("done", {"durationInSeconds": 5}, 1785931205.0),
        ("error", {"finishedAt": None, "durationInSeconds": 1.5}, 1785931201.5),
        ("done", {"finishedAt": "0001-01-01T00:00:00Z", "durationInSeconds": 0}, 1785931200.0),
        ("done", {"durationInSeconds": -1}, None),
        ("done", {"startedAt": None, "durationInSeconds": 5}, None),
        ("done", {}, None),
        ("in_progress", {"durationInSeconds": 5}, None),
        ("in_progress", {"finishedAt": "2026-08-05T12:01:00Z", "durationInSeconds": 5}, None),
        ("restoring", {"durationInSeconds": 5}, None),
    ],
)
async def test_the_elapsed_time_of_a_running_backup_is_no_finish(
    status: str, reported: dict[str, Any], finished: float | None
) -> None:
    entry = {"id": RUNNING, "status": status, "startedAt": "2026-08-05T12:00:00Z", **reported}
    api = FakeApi({f"{SERVICES}/{ORDERS}/backups/{RUNNING}": result(entry)})

    (found,) = await refresh(api, options(), ORDERS_RESOURCE, backup(7, Status.IN_PROGRESS))

    assert found.finished == finished


async def test_a_backup_without_an_id_makes_the_listing_malformed() -> None:
    api = FakeApi({f"{SERVICES}/{ORDERS}/backups": result([{"id": RUNNING, "status": "done"}, {"status": "done"}])})

    with pytest.raises(MalformedError):
        [page async for page in map_pages(PROVIDER, api, options(), ORDERS_RESOURCE)]


def test_the_limit_lets_the_scheduler_skip_a_slot() -> None:
    assert PROVIDER.max_age(6 * HOUR) == 15 * HOUR
    assert PROVIDER.max_age(24 * HOUR) == 51 * HOUR


def test_the_documented_words_have_a_meaning_each() -> None:
    assert dict(STATUSES) == {
        "done": Status.COMPLETED,
        "error": Status.FAILED,
        "in_progress": Status.IN_PROGRESS,
    }


@pytest.mark.parametrize(
    ("retention", "seconds"),
    [
        (24, 86400.0),
        (1080.0, 1080 * HOUR),
        (0, None),
        (None, None),
        ("24", None),
        (True, None),
        (-24, None),
        (1e30, None),
    ],
)
async def test_the_configured_retention_is_told_in_hours(retention: Any, seconds: float | None) -> None:
    api = FakeApi({f"{SERVICES}/{ORDERS}/backupConfiguration": result({"backupRetentionPeriodInHours": retention})})

    assert await details(api, options(), ORDERS_RESOURCE) == every(24, retention=seconds)


@pytest.mark.parametrize(
    ("reported", "kind"),
    [
        ({"type": "full", "bucket": {"bucketProvider": "AWS"}}, "full_external"),
        ({"type": "incremental", "bucket": {"bucketProvider": "GCP"}}, "incremental_external"),
        ({"type": "full", "bucket": {}}, "full"),
        ({"type": "full", "bucket": None}, "full"),
        ({"type": "full", "bucket": "s3://x"}, "full"),
        ({"type": "full", "bucket": ["x"]}, "full"),
        ({"bucket": {"bucketProvider": "AWS"}}, ""),
        ({"type": "full_external"}, ""),
    ],
)
def test_a_backup_in_a_bucket_of_ones_own_has_a_kind_of_its_own(reported: dict[str, Any], kind: str) -> None:
    backup = PROVIDER.backup(options(), {"id": "b", "status": "done", **reported})
    assert backup == Backup(id="b", status=Status.COMPLETED, kind=kind)


def test_no_link_to_a_backup_is_given() -> None:
    assert PROVIDER.download is None


def test_the_sizes_of_incremental_backups_are_not_judged_in_either_bucket() -> None:
    assert PROVIDER.delta_kinds == {"incremental", "incremental_external"}
