from collections.abc import Mapping
from typing import ClassVar

import pytest

from exporter.errors import UnauthorizedError
from exporter.model import Backup, Details, Resource, Scope, Status
from exporter.providers.backupify import PROVIDER, Options
from exporter.secret import Secret
from exporter.state.listing import Page
from tests.providers.contract import ProviderContract, fixture
from tests.providers.fake_api import FakeApi, Reply
from tests.vendors.backupify.answers import DAY, GET, GIVEN, INSTANCE, LISTING, OPTIONS, TOKEN


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


@pytest.mark.parametrize("reported", [None, "", "soon", 0, 1e30, [], {}, "0001-01-01T00:00:00Z", "x" * 10_000])
async def test_an_odd_last_success_is_none(reported: object) -> None:
    instance = {"id": 5, "backup_frequency": "daily", "last_successful_backup": reported}
    api = FakeApi({**GIVEN, f"{GET}/backup_instances/5": Reply(body=instance)})

    assert PROVIDER.details is not None
    assert await PROVIDER.details(api, OPTIONS, INSTANCE) == Details(scheduled=True, interval=DAY)


def test_no_link_to_a_backup_is_given() -> None:
    assert PROVIDER.download is None
