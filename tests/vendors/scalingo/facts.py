"""Scalingo: the seed, the vendor's pages on apps, addons, databases; statuses and errors by the reference."""

from tests.demo.schema import (
    Documented,
    Endpoint,
    Reply,
    flag,
    ids,
    instant,
    like,
    refusals,
    text,
    whole,
    word,
)  # fmt: skip

HEX = like("[0-9a-f]{24}")
LOCAL = like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0[12]:00")
JWT = like(r"[\w-]+\.[\w-]+\.[\w-]+")
APP = {
    "id": HEX,
    "name": text,
    "status": word("new", "running", "stopped", "crashed", "restarting", "scaling", "booting"),
    "created_at": LOCAL,
    "owner": {"id": HEX, "username": text, "email": like(".+@example.com")},
}
ADDON = {
    "id": like("ad-[0-9a-f]{32,}"),
    "app_id": HEX,
    "resource_id": text,
    "provisioned_at": LOCAL,
    "deprovisioned_at": (None, LOCAL),
    "status": word("running", "provisioning", "suspended"),
    "plan": {"id": HEX, "name": text, "display_name": text},
    "addon_provider": {"id": text, "name": text},
}
DEDICATED = {"id": HEX, "name": text, "project_id": like("pr-.+"), "technology": text, "plan": text}
DATABASE = {
    "id": HEX,
    "resource_id": text,
    "app_name": text,
    "created_at": LOCAL,
    "status": word("creating", "running", "migrating", "updating", "upgrading", "stopped"),
    "type_name": text,
    "current_operation_id": (text, None),
    "periodic_backups_enabled": flag,
    "periodic_backups_scheduled_at": [word(*range(24))],
    "first_pitr_backup?": (LOCAL, None),
}
COMMON = {"id": HEX, "created_at": LOCAL, "name": like(r"\d{14}_.+"), "database_id": HEX,
          "method": word("periodic", "manual")}  # fmt: skip
BACKUP = (
    {**COMMON, "status": "done", "started_at": LOCAL, "size": whole},
    {
        **COMMON,
        "status": word("pending", "running", "error", "cancelling", "cancelled"),
        "started_at": LOCAL,
        "size": 0,
    },
    {**COMMON, "status": "scheduled", "started_at": None, "size": None},
)
WINDOW = {"recovery_window": {"earliest_recoverable_at": instant, "latest_recoverable_at": instant}}
USER = {"id": text, "username": text, "email": like(".+@example.com")}
EVENT = {"id": HEX, "created_at": LOCAL, "user": USER, "app_id": HEX, "app_name": text}
EVENTS = (
    {
        **EVENT,
        "type": word("database_backup_succeeded", "database_backup_failed"),
        "type_data": {"addon_uuid": text, "addon_name": text, "backup_id": HEX, "backup_method": text,
                      "started_at": LOCAL, "ended_at": LOCAL},
    },
    {**EVENT, "type": "edit_variable", "type_data": {"name": text, "value": text, "old_value": text}},
)  # fmt: skip
PAGINATION = {"current_page": 1, "prev_page": None, "next_page": (whole, None), "total_pages": whole,
              "total_count": whole}  # fmt: skip
OWN = "/api/databases/{addon}"

DOCUMENTED = Documented(
    endpoints=(
        Endpoint(
            path="/v1/tokens/exchange",
            method="POST",
            authorization="Basic {basic}",
            reply=Reply(body={"token": JWT}),
            gives={"account": lambda body: [body["token"]]},
        ),
        Endpoint(
            path="/v1/apps",
            authorization="Bearer {account}",
            reply=Reply(body={"apps": [APP]}),
            gives={"app": ids("apps")},
        ),
        Endpoint(
            path="/v1/apps/{app}/addons",
            authorization="Bearer {account}",
            reply=Reply(body={"addons": [ADDON]}),
            gives={"addon": ids("addons")},
        ),
        Endpoint(
            path="/v1/apps/{app}/events",
            authorization="Bearer {account}",
            query={"from": "72"},
            reply=Reply(body={"events": [EVENTS], "meta": {"pagination": PAGINATION}}),
        ),
        Endpoint(path="/v1/databases", authorization="Bearer {account}", reply=Reply(body={"databases": [DEDICATED]})),
        Endpoint(
            path="/v1/apps/{app}/addons/{addon}/token",
            method="POST",
            authorization="Bearer {account}",
            reply=Reply(body={"addon": {**ADDON, "token": JWT}}),
            gives={"own": lambda body: [body["addon"]["token"]]},
        ),
        Endpoint(path=OWN, authorization="Bearer {own}", reply=Reply(body={"database": DATABASE})),
        Endpoint(
            path=OWN + "/backups",
            authorization="Bearer {own}",
            reply=Reply(body={"database_backups": [BACKUP]}),
            gives={"backup": ids("database_backups")},
        ),
        Endpoint(
            path=OWN + "/backups/{backup}/archive",
            authorization="Bearer {own}",
            reply=Reply(body={"download_url": like("https?://.+")}),
        ),
        Endpoint(path=OWN + "/pitr/recovery_window", authorization="Bearer {own}", reply=Reply(body=WINDOW)),
    ),
    refusals={
        **refusals(lambda _: {"error": text, "code?": text}, 400, 401, 405),
        403: Reply(body={"error": text, "code": text}),
        404: Reply(body={"resource?": text, "error": text}),
        429: Reply(body="Retry later", media="text/plain"),
    },
    staged=frozenset({("/v1/apps/{app}/addons/{addon}/token", 403), (OWN + "/pitr/recovery_window", 404)}),
    misled=frozenset({(OWN + "/pitr/recovery_window", 404)}),
)
