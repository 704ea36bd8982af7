"""Backupify as the tests and benchmarks that all vendors share meet it."""

from math import ceil

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
    account="workspace",
    staged=Staged(
        resource="Harbour School/102",
        begins=25,
        ends=75,
        asked=("active", "active", "{id}"),
        keys={"backup_instance_ids": ["102"], "rate_limit": {"requests": 2}},
        resource_alone="102",  # the list of a customer's instances, which gives the other, is not read
    ),
    day={
        # five instances, two of them with a second page; a backup that never ends is followed by one request a look
        "workspace": Day(resources=5, fewest=POLLS * 5 + LOOKS // 2, most=POLLS * 8 + LOOKS * 5 // 4),
    },
    record=Record(
        value={"id": 1, "status": "successful", "started_at": STARTED, "ended_at": STARTED},
        paths={"started": ("started_at",), "finished": ("ended_at",)},
    ),
    urls={"base_url": "api"},
    faults=Faults(
        keys={"include": ["101", "102", "201"]},
        endpoints=(
            from_the_start("api", signed="exchanged"),
            whole_host("api"),
            Endpoint(name="token", kind="token", path="/oauth/token", signed="", method="POST", renewed=True),
            Endpoint(name="customers", kind="discovery", path="/v1/customers", paged=True, signed="exchanged"),
            Endpoint(
                name="one customer's instances",
                kind="subtree",
                path="/v1/customers/7/backup_instances",
                failing=("Harbour School/101", "Harbour School/102"),
                paged=True,
                signed="exchanged",
            ),
            Endpoint(
                name="one instance's backups",
                kind="resource",
                path="/v1/backup_instances/101/backups",
                failing=("Harbour School/101",),
                paged=True,
                signed="exchanged",
            ),
            Endpoint(
                name="a single instance",
                kind="facts",
                path="/v1/backup_instances/101",
                failing=("101",),
                signed="exchanged",
                keys={"backup_instance_ids": ["101", "201"]},
            ),
        ),
        token_calls="/oauth/token",
    ),
    benchmark=Benchmark(
        options={"client_id": "simulated", "client_secret": "simulated"},
        listing="/v1/backup_instances/{key}/backups",
        requests=2,
    ),
    cost=Cost(
        poll=lambda n: 2 * n,
        discovery=lambda n: 1 + ceil(n / 20),
        assumed="more than 20 backups an instance, and all instances at one customer",
    ),
)
