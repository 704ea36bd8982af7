"""Scholarly as the tests and benchmarks that all vendors share meet it."""

from tests.vendors.profile import (
    POLLS,
    Benchmark,
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
ATTRIBUTES = {"status": "completed", "created_at": STARTED, "updated_at": STARTED, "file_size": 5}

KEPT = "the id once chosen stays (section 5)"

PROFILE = Profile(
    account="campus",
    staged=Staged(
        resource="Northfield College",
        begins=10,
        ends=100,
        asked=("backups/{id}", "backups/{id}"),
        shows_progress=True,
    ),
    day={
        "campus": Day(resources=1, fewest=POLLS, most=POLLS * 2 + 24 * 5 + 100),
        "faculty": Day(resources=1, fewest=POLLS, most=POLLS + 24 + 1),
    },
    record=Record(
        value={"id": "1", "attributes": ATTRIBUTES},
        paths={
            "started": ("attributes", "created_at"),
            "finished": ("attributes", "updated_at"),
            "size": ("attributes", "file_size"),
        },
    ),
    urls={"base_url": "api"},
    faults=Faults(
        endpoints=(
            from_the_start("api"),
            whole_host("api"),
            Endpoint(
                name="institutions",
                kind="discovery",
                path="/api/v1/institutions",
                paged=True,
                excused={"403": KEPT, "404": KEPT, "page loop": f"several institutions: {KEPT}"},
            ),
            Endpoint(name="backups", kind="resource", path="/api/v1/backups", paged=True),
        ),
        bystander="faculty",
    ),
    benchmark=Benchmark(
        options={"token": "simulated"},
        listing="/api/v1/backups",
        resources=1,
    ),
    cost=None,  # a credential has one institution
)
