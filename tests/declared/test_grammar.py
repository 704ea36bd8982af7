"""What the grammar means, shown on single declarations that are polled over real HTTP."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web

from exporter.declared.demand import prune
from exporter.model import Status
from tests.declared.vendor import Asked, poll, settings_of, vendor

pytestmark = pytest.mark.integration

BASE: Mapping[str, Any] = {
    "declaration": 1,
    "name": "acme",
    "options": {"token": {"secret": True}},
    "base_url": "https://api.acme.example",
    "rate_limit": {"requests": 1000, "per": "1s"},
    "auth": {"type": "bearer", "token": "token"},
    "resources": {"path": "/v1/databases", "id": "id"},
    "backups": {
        "path": "/v1/databases/{resource.id}/backups",
        "id": "id",
        "started": "at",
        "size": "size",
        "status": {"expr": "state", "map": {"completed": "done", "failed": "error", "in_progress": "running"}},
    },
}


def api(url: str, **steps: Any) -> dict[str, Any]:
    found = copy.deepcopy(dict(BASE))
    for step, keys in steps.items():
        found[step] = {**found[step], **keys} if isinstance(found.get(step), dict) and isinstance(keys, dict) else keys
    return {**found, "base_url": url}


async def poll_once(answers: Mapping[str, Any], **steps: Any) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Poll a vendor that answers by path; what is not there is a 404."""

    def answer(asked: Asked) -> Any:
        found = answers.get(asked.path)
        if found is None or isinstance(found, web.Response):  # a response can be sent only once
            return web.Response(status=404 if found is None else found.status)
        return found

    async with vendor(answer) as found:
        resources = await poll(api(found.url, **steps), token="t")
    return resources, found.paths()


BACKUPS = [
    {"id": 1, "at": "2026-11-20T01:00:00Z", "state": "done", "size": 10},
    {"id": 2, "at": "2026-11-21T01:00:00Z", "state": "error", "size": 10},
    {"id": 2, "at": "2026-11-21T01:00:00Z", "state": "error", "size": 10},
]
ONE = {"/v1/databases": [{"id": "d"}], "/v1/databases/d/backups": BACKUPS}


async def test_all_seven_statuses_are_shown_where_failures_are_listed() -> None:
    resources, _ = await poll_once(ONE)

    assert set(resources["d"]["backup_backups"]) == set(Status)
    assert resources["d"]["backup_failures_since_success"] == 1
    assert resources["d"]["backup_backups"]["failed"] == 1, "two records with one id count once"


FAILURES = ("backup_failures_since_success", "backup_last_failure_timestamp_seconds")


async def test_always_completed_shows_one_status_and_no_failures() -> None:
    resources, _ = await poll_once(ONE, backups={"status": {"always": "completed"}})

    assert resources["d"]["backup_backups"] == {"completed": 2}
    assert resources["d"]["backup_last_finished_status"] == {"completed": 1}
    assert not set(FAILURES) & resources["d"].keys()


async def test_a_map_without_failed_shows_what_can_be() -> None:
    status = {"expr": "state", "map": {"completed": "done", "pending": "queued"}}
    resources, _ = await poll_once(ONE, backups={"status": status})

    assert set(resources["d"]["backup_backups"]) == {"completed", "pending", "unknown"}
    assert not set(FAILURES) & resources["d"].keys()


async def test_an_expression_that_raises_is_malformed_and_one_resources_affair() -> None:
    answers = {
        "/v1/databases": [{"id": "d"}, {"id": "e"}],
        "/v1/databases/d/backups": [{"id": 1, "at": "2026-11-20T01:00:00Z", "state": "done", "size": None}],
        "/v1/databases/e/backups": [{"id": 1, "at": "2026-11-20T01:00:00Z", "state": "done", "size": "12"}],
    }
    resources, _ = await poll_once(answers, backups={"size": "length(size)"})

    assert resources["d"]["backup_resource_failure"] == {"malformed": 1}
    assert resources["e"]["backup_resource_up"] == 1
    assert resources["e"]["backup_stored_bytes"] == 2


async def test_a_chain_of_scopes_whose_one_part_is_forbidden() -> None:
    answers = {
        "/orgs": [{"id": "o1"}, {"id": "o2"}],
        "/orgs/o1/projects": [{"id": "p", "zone": "eu"}],
        "/orgs/o2/projects": web.Response(status=403),
        "/orgs/o1/p/eu/databases": [{"id": "d"}],
        "/databases/d/eu": BACKUPS,
    }
    scopes = [
        {"as": "org", "path": "/orgs", "id": "id"},
        {"as": "project", "path": "/orgs/{org.id}/projects", "id": "id", "keep": {"zone": "zone"}},
    ]
    resources, _ = await poll_once(
        answers,
        scopes=scopes,
        resources={"path": "/orgs/{org.id}/{project.id}/{project.zone}/databases", "label": "{org.id}/{resource.id}"},
        backups={"path": "/databases/{resource.id}/{project.zone}"},
    )

    assert set(resources) == {"o1/d"}
    assert resources["o1/d"]["backup_resource_up"] == 1


async def test_a_path_is_chosen_by_the_resources_record() -> None:
    answers = {
        "/v1/databases": [{"id": "d", "type": "REPLICASET"}, {"id": "e", "type": "SHARDED"}, {"id": "f", "type": "X"}],
        "/v1/replica/d": BACKUPS,
        "/v1/sharded/e": BACKUPS,
    }
    path = [
        {"path": "/v1/sharded/{resource.id}", "when": "type == 'SHARDED'"},
        {"path": "/v1/replica/{resource.id}", "when": "type == 'REPLICASET'"},
    ]
    resources, _ = await poll_once(answers, backups={"path": path})

    assert resources["d"]["backup_resource_up"] == 1
    assert resources["e"]["backup_resource_up"] == 1
    assert resources["f"]["backup_resource_failure"] == {"malformed": 1}


async def test_placeholders_are_escaped() -> None:
    answers = {"/v1/databases": [{"id": "a/b c"}, {"id": ".."}], "/v1/databases/a/b c/backups": BACKUPS}
    resources, paths = await poll_once(answers, backups={"params": {"of": "{resource.id}"}})

    assert resources["a/b c"]["backup_resource_up"] == 1
    assert resources[".."]["backup_resource_failure"] == {"malformed": 1}
    assert paths == ["/v1/databases", "/v1/databases/a/b c/backups?of=a/b c"]


async def queries_sent(path: str, **steps: Any) -> str:
    """Return the query of the request for the backups of a resource, as it was sent."""
    sent: list[str] = []

    def answer(asked: Asked) -> Any:
        sent.append(asked.query_string)
        return [{"id": "a%20&b"}] if asked.path == "/v1/databases" else BACKUPS

    async with vendor(answer) as found:
        await poll(api(found.url, backups={"path": path, **steps}), token="t")
    return sent[1]


async def test_a_query_of_a_path_is_sent_as_it_is_written() -> None:
    query = "status=done&status=error&state%5B%5D=a%20b&state[]=50%&flag&of={resource.id}"

    assert await queries_sent(f"/v1/backups?{query}", params={"page": "1"}) == (
        "status=done&status=error&state%5B%5D=a%20b&state%5B%5D=50%25&flag=&of=a%2520%26b&page=1"
    )


async def test_a_parameter_of_a_step_replaces_all_of_its_name_in_the_path() -> None:
    sent = await queries_sent("/v1/backups?state[]=a&order=asc&state[]=b", params={"state[]": "c"})

    assert sent == "order=asc&state%5B%5D=c"


async def test_resources_may_be_listed_in_the_declaration() -> None:
    answers = {"/v1/databases/a/backups": BACKUPS}
    async with vendor(lambda asked: answers[asked.path]) as found:
        declared = {**api(found.url), "resources": {"list": [{"id": "a", "name": "Orders"}]}}
        resources = await poll(declared, token="t")

    assert resources["a"]["resource_name"] == "Orders"
    assert found.paths() == ["/v1/databases/a/backups"]


async def test_a_step_replaces_what_it_inherits_whole() -> None:
    seen: list[Mapping[str, str]] = []

    def answer(asked: Asked) -> Any:
        seen.append({**asked.query, "x-one": asked.headers.get("X-One", ""), "x-two": asked.headers.get("X-Two", "")})
        return ONE[asked.path]

    async with vendor(answer) as found:
        declared = api(found.url, backups={"headers": {"X-Two": "2"}, "params": {"b": "2"}})
        await poll({**declared, "headers": {"X-One": "1"}, "params": {"a": "1"}}, token="t")

    assert seen == [{"a": "1", "x-one": "1", "x-two": ""}, {"b": "2", "x-one": "", "x-two": "2"}]


async def test_a_schedule_and_restores() -> None:
    answers = {
        **ONE,
        "/v1/s": {"on": True, "every": [24, 6], "full": "1w", "word": "ready"},
        "/v1/r": [
            {"at": 1763000000, "state": "done"},
            {"at": 1763500000, "state": "running"},
            {"at": 1763200000, "state": "error"},
        ],
    }
    schedule = {
        "path": "/v1/s",
        "enabled": "on",
        "interval": {"expr": "every", "unit": "h"},
        "intervals": {"full": "full"},
        "state": "word",
    }
    restores = {"path": "/v1/r", "started": {"expr": "at", "format": "epoch"}, "status": "state"}
    resources, _ = await poll_once(answers, schedule=schedule, restores=restores, slack="3h")

    assert resources["d"]["backup_schedule_enabled"] == 1
    assert resources["d"]["backup_expected_interval_seconds"] == 6 * 3600
    assert resources["d"]["backup_max_age_seconds"] == 9 * 3600
    assert resources["d"]["backup_last_restore_timestamp_seconds"] == 1763200000
    assert resources["d"]["backup_resource_state"] == {"ready": 1}


async def test_a_schedule_and_restores_of_one_answer_cost_one_request() -> None:
    one = {"hours": 24, "restores": [{"at": "2026-11-20T01:00:00Z", "how": "done"}]}

    resources, asked = await poll_once(
        {**ONE, "/v1/databases/d": one},
        schedule={"path": "/v1/databases/{resource.id}", "interval": {"expr": "hours", "unit": "h"}},
        restores={
            "path": "/v1/databases/{resource.id}",
            "records": "restores",
            "started": "at",
            "status": {"expr": "how", "map": {"completed": "done"}},
        },
    )
    assert resources["d"]["backup_expected_interval_seconds"] == 86400
    assert resources["d"]["backup_last_restore_timestamp_seconds"] == 1795136400
    assert asked.count("/v1/databases/d") == 1


async def test_a_schedule_that_is_off_gives_no_limit() -> None:
    answers = {**ONE, "/v1/s": {"on": [], "every": 24}}
    schedule = {"path": "/v1/s", "enabled": "on", "interval": {"expr": "every", "unit": "h"}}
    resources, _ = await poll_once(answers, schedule=schedule)

    assert resources["d"]["backup_schedule_enabled"] == 0
    assert "backup_expected_interval_seconds" not in resources["d"]
    assert "backup_max_age_seconds" not in resources["d"]


async def test_a_window_alone() -> None:
    answers = {"/v1/databases": [{"id": "d"}], "/v1/w": {"from": "2026-11-01T00:00:00Z", "to": "2026-11-25T12:00:00Z"}}
    window = {"kind": "pitr", "earliest": "from", "latest": "to"}
    async with vendor(lambda asked: answers[asked.path]) as found:
        declared = {**api(found.url), "backups": {"path": "/v1/w", "records": "`[]`", "recovery": window}}
        resources = await poll(declared, token="t")

    assert resources["d"]["backup_last_success_by_kind_timestamp_seconds"] == {"pitr": 1795608000}
    assert resources["d"]["backup_oldest_success_timestamp_seconds"] == 1793491200
    assert "backup_stored_bytes" not in resources["d"]


async def test_a_window_beside_a_list_and_when_a_backup_expires() -> None:
    answers = {
        "/v1/databases": [{"id": "d"}],
        "/v1/databases/d/backups": {
            "items": [{**BACKUPS[0], "until": "2026-12-01T00:00:00Z"}],
            "from": "2026-11-10T00:00:00Z",
            "to": "2026-11-25T12:00:00Z",
        },
    }
    window = {"kind": "pitr", "earliest": "from", "latest": "to"}
    resources, _ = await poll_once(answers, backups={"records": "items", "recovery": window, "expires": "until"})
    one = resources["d"]

    assert one["backup_last_success_by_kind_timestamp_seconds"] == {"pitr": 1795608000}
    assert one["backup_oldest_success_timestamp_seconds"] == 1794268800
    assert one["backup_stored_bytes"] == 10


async def test_what_is_found_and_cannot_be_read_is_counted() -> None:
    odd = [{"id": 1, "at": "yesterday", "state": "done", "size": "much"}, {"id": 2, "at": None, "state": "done"}]
    resources, _ = await poll_once({**ONE, "/v1/databases/d/backups": odd})

    assert resources["d"]["backup_unreadable_records"] == 1
    assert resources["d"]["backup_backups"]["completed"] == 2


async def test_signed_links_do_not_make_a_record_new() -> None:
    seen: list[str] = []

    def answer(asked: Asked) -> Any:
        seen.append(asked.path)
        signed = [{**one, "url": f"https://x/?sig={len(seen)}"} for one in BACKUPS]
        return signed if asked.path.endswith("/backups") else [{"id": "d"}]

    async with vendor(answer) as found:
        provider = settings_of(api(found.url), token="t").sources[0].provider
        resources = await poll(api(found.url), polls=2, token="t")
    demand = provider.pages.demand  # type: ignore[attr-defined]

    assert resources["d"]["backup_resource_up"] == 1
    assert prune({"id": 1, "at": "x", "url": "signed"}, demand) == {"id": 1, "at": "x"}
