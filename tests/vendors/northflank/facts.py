"""Northflank: the seed, and the vendor's pages of the other endpoints."""

from collections.abc import Mapping
from typing import Any

from tests.demo.schema import (
    Documented,
    Endpoint,
    Fact,
    Names,
    Reply,
    anything,
    flag,
    ids,
    instant,
    like,
    number,
    refusals,
    text,
    uuid,
    whole,
    word,
)  # fmt: skip

ADDON_STATES = (
    "preDeployment", "triggerAllocation", "allocating", "postDeployment", "running", "paused", "scaling", "upgrading",
    "resetting", "backup", "restore", "failed", "error", "errorAllocating", "deleting", "deleted",
)  # fmt: skip
ENDED = {"status": word("completed", "aborted", "failed", "not-supported"), "completedAt": instant}
UNENDED = {"status": word("scheduled", "in-progress", "aborting")}
"""The documents want `completedAt` in a list, which a running backup cannot have."""
PROJECT = {"id": text, "name": text, "uid": uuid, "description?": text, "lifecycleStatus?": text}
ADDON = {"id": text, "name": text, "uid": uuid, "appId": text, "tags?": [text], "description?": text,
         "spec": {"type": text}, "status": word(*ADDON_STATES)}  # fmt: skip
ALONE = {
    "source": {"type": word("fileUpload", "liveInstance", "snapshot", "externalDump", "sameAddon")},
    "size": like(r"\d*"),
    "addonVersion?": text,
}
IN_LIST = {**ALONE, "compressionType?": word("gz", "zstd")}
SCHEDULE = {
    "id": text,
    "backupType": word("dump", "snapshot"),
    "backupCompressionType?": word("gz", "zstd"),
    "scheduling": {
        "interval": word("hourly", "daily", "weekly"),
        "minute?": [word(*range(60))],
        "hour?": [word(*range(24))],
        "day?": [word(*range(7))],
    },
    "retentionTime": whole,
    "createdAt": instant,
    "updatedAt": instant,
}
RESTORE = ({"id": text, "restoreTimestamp": instant, "backupId": text, **ENDED},
           {"id": text, "restoreTimestamp": instant, "backupId": text, **UNENDED})  # fmt: skip
VOLUME = {"id": text, "name": text, "uid": uuid, "tags": [text], "status": text, "createdAt": instant,
          "updatedAt": instant, "spec": {"accessMode": text, "storageSize": whole}}  # fmt: skip
VOLUME_BACKUP = {
    "id": text,
    "name": text,
    "uid": uuid,
    "status": word("scheduled", "in-progress", "completed", "aborting", "aborted", "failed", "not-supported"),
    "createdAt": instant,
    "updatedAt": instant,
    "source": {"type": text, "sourceObject": {"id": text}},
    "spec": {"storageSize": whole},
}
ADDONS = "/v1/projects/{project}/addons"
VOLUMES = "/v1/projects/{project}/volumes"


def _backup(config: Fact) -> Fact:
    common = {"id": text, "name": text, "createdAt": instant, "config": config}
    return {**common, **ENDED}, {**common, **UNENDED}


def _list(path: str, name: str, element: Fact, **names: Names) -> Endpoint:
    pagination = {"hasNextPage": flag, "cursor?": text, "count": number}
    body = {"data": {name: [element]} if name else [element], "pagination": pagination}
    return Endpoint(path=path, query={"per_page": "40"}, reply=Reply(body=body), gives=names)


def _next(body: Any, _headers: Mapping[str, str]) -> Mapping[str, str] | None:
    pagination = body.get("pagination", {"hasNextPage": False})
    return {"per_page": "40", "cursor": pagination["cursor"]} if pagination["hasNextPage"] else None


DOCUMENTED = Documented(
    endpoints=(
        _list("/v1/projects", "projects", PROJECT, project=ids("data", "projects")),
        _list("/v1/teams/simulated-team/projects", "projects", PROJECT),
        _list(ADDONS, "addons", ADDON, addon=ids("data", "addons")),
        _list(ADDONS + "/{addon}/backups", "backups", _backup(IN_LIST), backup=ids("data", "backups")),
        _list(ADDONS + "/{addon}/restores", "restores", RESTORE),
        Endpoint(path=ADDONS + "/{addon}/backups/{backup}", reply=Reply(body={"data": _backup(ALONE)})),
        Endpoint(
            path=ADDONS + "/{addon}/backups/{backup}/download-link",
            reply=Reply(body={"data": {"downloadLink": like("https?://.+")}}),
        ),
        Endpoint(path=ADDONS + "/{addon}/backup-schedules", reply=Reply(body={"data": {"schedules": [SCHEDULE]}})),
        _list(VOLUMES, "", VOLUME, volume=ids("data")),
        _list(VOLUMES + "/{volume}/backups", "", VOLUME_BACKUP, kept=ids("data")),
        Endpoint(path=VOLUMES + "/{volume}/backups/{kept}", reply=Reply(body={"data": VOLUME_BACKUP})),
        Endpoint(path=VOLUMES + "/{volume}/backup-schedules", reply=Reply(body={"data": {"schedules": [SCHEDULE]}})),
    ),
    refusals={
        **refusals(
            lambda status: {"error": {"status": status, "message": text, "id": text, "details": anything}},
            *(400, 401, 403, 404, 429),
        ),
        405: Reply(
            body={"error": {"status": 405, "message": text, "id": text, "details": anything}},
            headers={"Allow": "GET"},
        ),
    },
    onward=_next,
    staged=frozenset({(ADDONS, 403), (VOLUMES, 403)}),
    misled=frozenset({(ADDONS + "/{addon}/backups/{backup}/download-link", 404)}),
    headers={f"x-ratelimit-{what}": like(r"\d+") for what in ("limit", "remaining", "reset")},
)
