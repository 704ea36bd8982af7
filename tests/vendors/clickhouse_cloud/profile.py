"""ClickHouse Cloud as the tests and benchmarks that all vendors share meet it."""

from tests.vendors.profile import (
    LOOKS,
    POLLS,
    Benchmark,
    Cost,
    Day,
    Endpoint,
    Faults,
    Profile,
    Record,
    Staged,
    from_the_start,
    whole_host,
)

STARTED = "2026-11-20T10:00:00Z"

PROFILE = Profile(
    account="analytics",
    staged=Staged(
        resource="orders",
        begins=20,
        ends=80,
        asked=("backups/{id}", "backups/{id}"),
        keys={"include": ["orders"]},
    ),
    day={
        # two of them Managed Postgres, whose schedules are not asked for
        "analytics": Day(resources=8, fewest=POLLS * 8 + LOOKS, most=POLLS * 8 + 24 * 9 + LOOKS * 5 // 4),
        "staging": Day(resources=1, fewest=POLLS, most=POLLS + 24 * 3 + 50),
    },
    record=Record(
        value={"id": "1", "status": "done", "startedAt": STARTED, "finishedAt": STARTED, "sizeInBytes": 5},
        paths={"started": ("startedAt",), "finished": ("finishedAt",), "size": ("sizeInBytes",)},
    ),
    urls={"base_url": "api"},
    faults=Faults(
        keys={"include": ["orders", "billing", "search", "accounts"]},
        endpoints=(
            from_the_start("api"),
            whole_host("api"),
            Endpoint(name="organizations", kind="discovery", path="/v1/organizations"),
            Endpoint(
                name="services",
                kind="subtree",
                path="/v1/organizations/[^/]+/services",
                failing=("orders", "billing", "search"),
            ),
            Endpoint(name="one service's backups", kind="resource", path=".*/{orders}/backups", failing=("orders",)),
            Endpoint(
                name="one Managed Postgres service's backups",
                kind="resource",
                path=".*/postgres/{accounts}/backups",
                failing=("accounts",),
            ),
            Endpoint(
                name="its configuration",
                kind="facts",
                path=".*/{orders}/backupConfiguration",
                failing=("orders",),
                excused={"403": "a tier without a choice: a period of 24 h (rule 13)"},
            ),
        ),
    ),
    benchmark=Benchmark(
        options={"key_id": "simulated", "key_secret": "simulated", "organization_id": "organization"},
        listing="/v1/organizations/organization/services/{key}/backups",
        measures="polls",
    ),
    cost=Cost(
        poll=lambda n: n,
        discovery=lambda n: 3 + n,
    ),
)
