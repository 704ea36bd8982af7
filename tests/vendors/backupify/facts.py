"""Backupify: the seed's paths; the schemas, which it lacks, by the reference. No refusal has a body."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.demo.schema import EMPTY, Documented, Endpoint, Reply, ids, instant, like, text, whole, word

ENDS = {"id": whole, "backup_instance_id": whole, "failures": [text]}
BACKUP = (
    {**ENDS, "status": "queued", "started_at": None, "ended_at": None},
    {**ENDS, "status": "in_progress", "started_at": instant, "ended_at": None},
    {**ENDS, "status": word("successful", "failed", "canceled"), "started_at": instant, "ended_at": instant},
)
INSTANCE = {
    "id": whole,
    "backup_definition_id": whole,
    "customer_id": whole,
    "backup_frequency": word("off", "daily", "weekly"),
    "last_backup_state?": word("queued", "in progress", "successful", "failed", "canceled"),
    "last_successful_backup?": instant,
    "next_scheduled_backup?": instant,
}
ONE_LINK = r'<https?://[^>]+/v1/[^>]+>; rel="(next|prev|first|last)"'
PAGES = {"Link?": like(f"{ONE_LINK}(, {ONE_LINK})*")}
INSTANCES, BACKUPS = "/v1/backup_instances", "/v1/backup_instances/{instance}/backups"


def _next_header(_body: Any, headers: Mapping[str, str]) -> Mapping[str, str] | None:
    found = re.search(r'<([^>]+)>; rel="next"', headers.get("Link", ""))
    return dict(parse_qsl(urlsplit(found[1]).query)) if found else None


DOCUMENTED = Documented(
    endpoints=(
        Endpoint(
            path="/oauth/token",
            method="POST",
            authorization="",
            form={"client_id": "{client_id}", "client_secret": "{client_secret}", "grant_type": "client_credentials",
                  "scope": "write"},
            reply=Reply(body={"access_token": text, "expires_in": whole, "token_type": word("bearer", "bearer_token")}),
            gives={"token": lambda body: [body["access_token"]]},
        ),
        Endpoint(path="/v1/customers", reply=Reply(body=[{"id": whole, "name": text}], headers=PAGES),
                 gives={"customer": ids()}),
        Endpoint(path="/v1/customers/{customer}/backup_instances", reply=Reply(body=[INSTANCE], headers=PAGES),
                 gives={"instance": ids(), "definition": ids(key="backup_definition_id")}),
        Endpoint(path=INSTANCES, query={"backup_definition_id": "{definition}"},
                 reply=Reply(body=[INSTANCE], headers=PAGES)),
        Endpoint(path=INSTANCES + "/{instance}", reply=Reply(body=INSTANCE)),
        Endpoint(path=BACKUPS, reply=Reply(body=[BACKUP], headers=PAGES), gives={"backup": ids()}),
        Endpoint(path=BACKUPS + "/active", reply=Reply(body=BACKUP), idle=True),
        Endpoint(path=BACKUPS + "/{backup}", reply=Reply(body=BACKUP)),
    ),
    refusals=dict.fromkeys((400, 401, 404, 405, 429), EMPTY),
    onward=_next_header,
    staged=frozenset({("/v1/customers/{customer}/backup_instances", 401)}),
)  # fmt: skip
