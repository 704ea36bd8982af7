"""ClickHouse Cloud: the seed and the excerpt of the OpenAPI document; 401, 403 and 429 as users report them."""

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
COMMON = {"id": uuid, "serviceId": text, "startedAt": instant, "sizeInBytes?": number, "durationInSeconds": number,
          "type": word("full", "incremental")}  # fmt: skip
BACKUP = ({**COMMON, "status": "in_progress"},
                     {**COMMON, "status": word("done", "error"), "finishedAt": instant})  # fmt: skip
CONFIGURATION = {
    "backupPeriodInHours": number,
    "backupRetentionPeriodInHours": word(*range(24, 1081, 24)),
    "backupStartTime?": like(r"[0-2]\d:00"),
}
POSTGRES = {
    "id": uuid,
    "name": text,
    "provider": word("aws", "gcp", "azure"),
    "region": text,
    "postgresVersion": text,
    "size": text,
    "haType": text,
    "tags": [{"key": text, "value?": text}],
    "state": text,
    "createdAt": instant,
    "isPrimary": flag,
}
SERVICES = "/v1/organizations/{organization}/services"


def _endpoint(path: str, result: Fact, **names: Names) -> Endpoint:
    body = {"status": 200, "requestId": uuid, "result": result}
    return Endpoint(path=path, authorization="Basic {basic}", reply=Reply(body=body), gives=names)


DOCUMENTED = Documented(
    endpoints=(
        _endpoint("/v1/organizations", [ORGANIZATION], organization=ids("result")),
        _endpoint("/v1/organizations/{organization}", ORGANIZATION),
        _endpoint("/v1/organizations/{organization}/postgres", [POSTGRES]),
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
    misled=frozenset({(SERVICES + f"/{{service}}/{what}", 404) for what in ("backups", "backupConfiguration")}),
)
