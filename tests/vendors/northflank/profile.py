"""Northflank as the tests and benchmarks that all vendors share meet it."""

from math import ceil

from tests.vendors.profile import (
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
    account="platform",
    staged=Staged(resource="Uploads", begins=30, ends=90, asked=("backups/{id}", "backups/{id}")),
    day={
        # in each poll one for each addon or two where there are more than a hundred backups, one for each volume, and
        # two for the project that is closed: its addons and its volumes
        "platform": Day(resources=8, fewest=POLLS * 10, most=POLLS * 11 + 24 * 25 + 100),
    },
    record=Record(
        value={"id": "1", "status": "completed", "createdAt": STARTED, "completedAt": STARTED, "config": {"size": "5"}},
        paths={"started": ("createdAt",), "finished": ("completedAt",), "size": ("config", "size")},
    ),
    urls={"base_url": "api"},
    faults=Faults(
        keys={"include": ["payments/ledger-db", "payments/risk-db", "media/catalog", "media/volumes/originals"]},
        endpoints=(
            from_the_start("api"),
            whole_host("api"),
            Endpoint(name="projects", kind="discovery", path="/v1/projects", paged=True),
            Endpoint(
                name="one project's addons",
                kind="subtree",
                path="/v1/projects/payments/addons",
                failing=("Ledger Db", "Risk Db"),
                paged=True,
            ),
            Endpoint(
                name="one addon's backups",
                kind="resource",
                path="/v1/projects/{Ledger Db}/backups",
                failing=("Ledger Db",),
                paged=True,
            ),
            Endpoint(
                name="one volume's backups",
                kind="resource",
                path="/v1/projects/{Originals}/backups",
                failing=("Originals",),
                paged=True,
            ),
            Endpoint(
                name="its schedules",
                kind="facts",
                path="/v1/projects/{Ledger Db}/backup-schedules",
                failing=("Ledger Db",),
                paged=True,
            ),
            Endpoint(
                name="its restores",
                kind="facts",
                path="/v1/projects/{Ledger Db}/restores",
                failing=("Ledger Db",),
                paged=True,
            ),
        ),
        follows_links=False,
        more_pages={"pagination": {"hasNextPage": True, "cursor": "again"}},
        path_of=lambda identity: identity if "/volumes/" in identity else identity.replace("/", "/addons/"),
    ),
    benchmark=Benchmark(
        options={"token": "simulated"},
        listing="/v1/projects/project/addons/{key}/backups",
        requests=2,  # its order is unknown, so a listing is read whole
        measures="arrivals",
        path=("project", "addon"),
    ),
    cost=Cost(
        poll=lambda n: n,
        discovery=lambda n: 1 + ceil(n / 10) + 2 * n,
        assumed="ten addons a project, up to a hundred backups each, `volumes` off",
    ),
)
