"""Scalingo as the tests and benchmarks that all vendors share meet it."""

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

SHOP, WIKI = "storefront/postgresql", "intranet/postgresql"

PROFILE = Profile(
    account="shop",
    staged=Staged(resource="intranet/mongodb", begins=30, ends=100, asked=("backups", "backups"), shows_end=False),
    day={
        # each database has a token of its own, renewed every hour as the account's is
        # each poll asks for the recovery window of the shared PostgreSQL that has one, and for the events of four apps
        "shop": Day(resources=7, fewest=POLLS * 11, most=POLLS * 12 + 24 * 22 + 100),
    },
    record=Record(
        value={"id": "1", "status": "done", "started_at": STARTED, "size": 5},
        paths={"started": ("started_at",), "size": ("size",)},
    ),
    urls={"auth_url": "auth", "api_url": "api", "db_api_url": "db-api"},
    faults=Faults(
        keys={"include": [SHOP, "intranet/mongodb", WIKI, "reports/*"]},
        endpoints=(
            from_the_start("auth", "api", "db-api", signed="exchanged"),
            whole_host("auth"),
            whole_host("api"),
            whole_host("db-api"),
            Endpoint(name="token", kind="token", path="/v1/tokens/exchange", signed="", method="POST"),
            Endpoint(name="apps", kind="discovery", path="/v1/apps", signed="exchanged"),
            Endpoint(
                name="one app's addons",
                kind="subtree",
                path="/v1/apps/({app:storefront}|storefront)/addons",
                tries={"404": 2},  # by the app's id, then by its name
                failing=(SHOP,),
                signed="exchanged",
            ),
            Endpoint(
                name="one addon's token",
                kind="facts",
                path="/v1/apps/[^/]+/addons/{storefront/postgresql}/token",
                failing=(SHOP,),
                signed="exchanged",
                method="POST",
            ),
            Endpoint(
                name="one addon's backups",
                kind="resource",
                path="/api/databases/{storefront/postgresql}/backups",
                failing=(SHOP,),
                signed="exchanged",
            ),
            Endpoint(
                name="its database",
                kind="facts",
                path="/api/databases/{storefront/postgresql}",
                failing=(SHOP,),
                signed="exchanged",
            ),
            Endpoint(
                name="a recovery window",
                kind="resource",
                path="/api/databases/{reports/postgresql-ng}/pitr/recovery_window",
                failing=("reports/postgresql-ng",),
                signed="exchanged",
            ),
            Endpoint(
                name="a recovery window beside backups",
                kind="resource",
                path=f"/api/databases/{{{WIKI}}}/pitr/recovery_window",
                failing=(WIKI,),
                signed="exchanged",
                excused={"404": "continuous backups are not for every database on shared resources"},
            ),
        ),
        token_calls=r"/v1/tokens/exchange|/v1/apps/[^/]+/addons/[^/]+/token",
        further_ids=lambda account: {f"app:{name}": identity for name, identity in account._apps.items()},
    ),
    benchmark=Benchmark(
        options={"token": "simulated"},
        listing="/api/databases/{key}/backups",
    ),
    cost=Cost(
        poll=lambda n: n,
        discovery=lambda n: 3 + 3 * n,
        assumed="one database an app without continuous backups, its tokens counted with discovery, `events` off",
    ),
)
