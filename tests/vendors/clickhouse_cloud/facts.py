"""ClickHouse Cloud: the seed and the excerpt of the OpenAPI document; 401, 403 and 429 as users report them."""

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

STATES = ("starting", "stopping", "terminating", "softdeleting", "awaking", "partially_running", "provisioning",
          "running", "stopped", "terminated", "softdeleted", "degraded", "failed", "idle")  # fmt: skip
ORGANIZATION = {"id": uuid, "createdAt": instant, "name": text}
SERVICE = {
    "id": uuid,
    "name": text,
    "provider": word("aws", "gcp", "azure"),
    "region": like("[a-z]+(-[a-z]+)*-?[0-9]"),
    "state": word(*STATES),
    "createdAt": instant,
    "dataWarehouseId": text,
    "isPrimary": flag,
    "isReadonly": flag,
    "tags": [{"key": text, "value?": text}],
    "autoscalingMode": word("vertical", "horizontal"),
    "currentScaling": anything,
}
COMMON: dict[str, Fact] = {"id": uuid, "serviceId": text, "startedAt": instant, "sizeInBytes?": number,
                           "durationInSeconds": number, "type": word("full", "incremental")}  # fmt: skip
BUCKET = (
    {"bucketProvider": "AWS", "bucketPath": text, "iamRoleArn": text, "iamRoleSessionName": text},
    {"bucketProvider": "GCP", "bucketPath": text, "accessKeyId": text},
    {"bucketProvider": "AZURE", "containerName": text},
)
COMMON |= {"backupName?": text, "bucket?": BUCKET}
BACKUP = ({**COMMON, "status": "in_progress"},
                     {**COMMON, "status": word("done", "error"), "finishedAt": instant})  # fmt: skip
CONFIGURATION = {
    "backupPeriodInHours": number,
    "backupRetentionPeriodInHours": word(*range(24, 1081, 24)),
    "backupStartTime?": like(r"[0-2]\d:00"),
}
POSTGRES_STATES = ("creating", "restarting", "running", "replaying_wal", "restoring_backup", "finalizing_restore",
                   "unavailable", "stopped", "deleting")  # fmt: skip
POSTGRES = {
    "id": uuid,
    "name": text,
    "provider": word("aws", "gcp", "azure"),
    "region": text,
    "postgresVersion": text,
    "size": text,
    "haType": text,
    "tags": [{"key": text, "value?": text}],
    "state": word(*POSTGRES_STATES),
    "createdAt": instant,
    "isPrimary": flag,
}
POSTGRES_LIST = "/v1/organizations/{organization}/postgres"
SERVICES = "/v1/organizations/{organization}/services"


def _next(body: Any, _headers: Mapping[str, str]) -> Mapping[str, str] | None:
    return {"limit": "3", "cursor": body["nextCursor"]} if body.get("nextCursor") else None


def _endpoint(path: str, result: Fact, **names: Names) -> Endpoint:
    body = {"status": 200, "requestId": uuid, "result": result}
    return Endpoint(path=path, authorization="Basic {basic}", reply=Reply(body=body), gives=names)


DOCUMENTED = Documented(
    endpoints=(
        _endpoint("/v1/organizations", [ORGANIZATION], organization=ids("result")),
        _endpoint("/v1/organizations/{organization}", ORGANIZATION),
        _endpoint(POSTGRES_LIST, [POSTGRES], postgres=ids("result")),
        Endpoint(
            path=POSTGRES_LIST + "/{postgres}/backups",
            authorization="Basic {basic}",
            query={"limit": "3"},
            reply=Reply(
                body={
                    "status": 200,
                    "requestId": uuid,
                    "result": [BACKUP],
                    "limit": whole,
                    "totalCount": whole,
                    "nextCursor": (text, None),
                }
            ),
        ),
        _endpoint(SERVICES, [SERVICE], service=ids("result")),
        _endpoint(SERVICES + "/{service}", SERVICE),
        _endpoint(SERVICES + "/{service}/backups", [BACKUP], backup=ids("result")),
        _endpoint(SERVICES + "/{service}/backups/{backup}", BACKUP),
        _endpoint(SERVICES + "/{service}/backupConfiguration", CONFIGURATION),
    ),
    refusals={
        **refusals(lambda status: {"status": status, "error": text, "requestId": uuid}, 400, 401, 403, 404, 405),
        429: Reply(body={"status": 429, "error": text}, headers={"X-RateLimit-Reset": like(r"\d+\.\d+")}),
        503: Reply(body=like(r"(?s)<html>.*</html>\s*"), media="text/html"),
    },
    staged=frozenset({("/v1/organizations", 503), (SERVICES + "/{service}/backupConfiguration", 403)}),
    onward=_next,
    misled=frozenset(
        {
            (POSTGRES_LIST + "/{postgres}/backups", 404),
            *((SERVICES + f"/{{service}}/{what}", 404) for what in ("backups", "backupConfiguration")),
        }
    ),
)
