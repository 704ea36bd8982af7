"""A good declaration, and what makes it bad: the path of a value, the value, and the problem."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

GOOD: Mapping[str, Any] = {
    "declaration": 1,
    "name": "acme",
    "options": {"token": {"secret": True}, "region": {"default": "eu"}},
    "base_url": "https://api.acme.example",
    "auth": {"type": "bearer", "token": "token"},
    "scopes": [{"as": "project", "path": "/v1/projects", "records": "projects", "id": "id"}],
    "resources": {"path": "/v1/{project.id}/databases", "records": "databases", "id": "id", "name": "name"},
    "schedule": {"path": "/v1/{resource.id}", "interval": {"expr": "hours", "unit": "h"}},
    "backups": {
        "path": "/v1/{resource.id}/backups",
        "records": "backups",
        "id": "id",
        "started": "at",
        "status": {"expr": "state", "map": {"completed": ["ready", "done"], "failed": "error"}},
    },
    "tests": [
        {
            "name": "one",
            "answers": {
                "GET /v1/projects": {"projects": [{"id": "p"}]},
                "GET /v1/p/databases": {"databases": [{"id": "d", "name": "D"}]},
                "GET /v1/d": {"hours": 24},
                "GET /v1/d/backups": {"backups": [{"id": "b", "at": "2026-11-20T01:00:00Z", "state": "done"}]},
            },
            "expect": {
                "resources": [{"resource": "d", "name": "D"}],
                "backups": {"d": [{"id": "b", "status": "completed", "started": "2026-11-20T01:00:00Z"}]},
                "requests": 4,
            },
        }
    ],
}


def change(path: str, value: Any) -> dict[str, Any]:
    """Return the good declaration with one value replaced; None leaves it out."""
    tree: Any = deepcopy(dict(GOOD))
    *way, last = [int(key) if key.isdigit() else key for key in path.split("/")]
    inside = tree
    for key in way:
        inside = inside[key]
    if value is None:
        del inside[last]
    else:
        inside[last] = value
    found: dict[str, Any] = tree
    return found


BAD: Sequence[tuple[str, Any, str]] = [
    ("backups/size", {"expr": "size_gb", "unit": "Gb"}, 'backups.size.unit: "Gb" is not a unit; the nearest is GB'),
    (
        "backups/status/map/failed",
        "done",
        'backups.status.map.failed: "done" also stands under completed',
    ),
    ("scopes/0/records", "projects[*]]", "scopes[0].records: column 12: unexpected ]"),
    *(
        (
            f"options/{word}",
            {},
            f"options.{word}: is a reserved word of Python; choose another name, such as {word}_value",
        )
        for word in ("pass", "from", "global", "class", "lambda")
    ),
    (
        "follow",
        {"path": "/v1/{resource.id}/{backup.name}"},
        "follow.path: {backup.name} is not known; the nearest is {backup.id}",
    ),
    (
        "base_url",
        {"proxy": "https://api.acme.example"},
        "base_url.proxy: proxy_url, the key that would replace it, is a key of every source; choose another name",
    ),
    ("scopes", [], "resources.path: {project.id} is not known; no scope is named project"),
    ("backups/status", None, "backups.status: missing; give a map or always"),
    ("backups/status", "state", "backups.status: the map is missing; give a map or always"),
    ("backups/id", "(" * 500 + "id" + ")" * 500, "backups.id: is nested too deeply to be compiled"),
    ("backups/id", " || ".join(["id"] * 300), "backups.id: is nested too deeply to be compiled"),
    ("backups/id", "lenght(id)", "backups.id: lenght() is not a function; the nearest is length()"),
    ("backups/id", "length(id, id)", "backups.id: length() takes 1 arguments, not 2"),
    ("backups/id", "id.", "backups.id: column 4: unexpected end of the expression"),
    ("backups/id", None, "backups.id: missing; say where the id of a record stands"),
    (
        "backups/started",
        {"expr": "at", "format": "iso"},
        'backups.started.format: "iso" is not a format; the nearest is',
    ),
    (
        "backups/started",
        {"expr": "at", "format": "%H:%M"},
        'backups.started.format: "%H:%M" is a pattern without a year',
    ),
    ("backups/kind", {"expr": "a", "value": "b"}, "backups.kind: give one of expr and value"),
    ("backups/kind", {"when": "a"}, "backups.kind: missing; give expr or value"),
    ("backups/kind", {"expr": "a", "unit": "GB"}, "backups.kind.unit: unknown key"),
    ("backups/sise", "size", "backups.sise: unknown key; the nearest is size"),
    ("backups/order", "newest", 'backups.order: "newest" is not an order; the nearest is newest_first'),
    ("backups/path", "/v1/{resource.ids}", "backups.path: {resource.ids} is not known; the nearest is {resource.id}"),
    ("backups/path", "/v1/{resource}", "backups.path: {resource} is not a placeholder such as {project.id}"),
    (
        "backups/path",
        "/v1?t={options.token}",
        "backups.path: {options.token} is a secret; secrets appear in auth",
    ),
    ("backups/path", "https://evil.example/v1", "backups.path: must be a path such as /v1/projects"),
    ("backups/path", "//evil.example/../x", "backups.path: must hold no segment . or .."),
    ("backups/path", "v1/backups", "backups.path: must begin with /"),
    ("backups/path", "data::/v1", "backups.path: there is one base URL, without a name; leave out data::"),
    ("backups/headers", {"Host": "evil.example"}, "backups.headers.Host: is a header that the exporter sets itself"),
    ("backups/headers", {"X-HTTP-Method-Override": "DELETE"}, "backups.headers.X-HTTP-Method-Override: is a header"),
    ("backups/method", "POST", "backups.method: unknown key"),
    ("backups/paginator", {"type": "auto"}, 'backups.paginator.type: "auto" is not a type'),
    ("backups/paginator", {"type": "cursor"}, "backups.paginator.cursor_path: missing"),
    ("auth", {"type": "bearer", "token": "tokn"}, 'auth.token: "tokn" is not an option; the nearest is token'),
    ("auth", {"type": "bearer", "token": "region"}, "auth.token: the option region must be {secret: true}"),
    ("auth", {"type": "api_key", "name": "X-Key"}, "auth.template: missing"),
    (
        "auth",
        {"type": "token_exchange", "url": "/t/{resource.id}", "token_path": "t"},
        "auth.url: {resource.id} is not",
    ),
    ("schedule/interval", {"value": "1x"}, "schedule.interval.value: cannot be read as a span"),
    ("options/name", {}, "options.name: is a key that every source has already"),
    ("base_url", "ftp://x", "base_url: must be a URL"),
    ("declaration", 2, "declaration: must be 1"),
    ("declaration", None, "declaration: missing; give 1"),
    ("resources/path", None, "resources.path: missing; give path, or list"),
    ("scopes", [{"as": "a", "path": "/a", "id": "id"}] * 4, "scopes: holds 4 scopes; 3 is the most"),
    ("tests/0/expect/requests", 5, "tests[0].expect.requests: expected 5, actual 4"),
    (
        "tests/0/expect/backups/d",
        [{"id": "b", "status": "failed"}],
        'tests[0].expect.backups["d"]: expected [{"id": "b", "status": "failed"}], '
        'actual [{"id": "b", "status": "completed"}]',
    ),
    ("tests/0/expect/resources", [], 'tests[0].expect.resources: expected [], actual [{"resource": "d", "name": "D"}]'),
    ("tests/0/answers/GET ~1v1~1d", {}, 'tests[0].answers["GET ~1v1~1d"]: is not a request such as `GET /v1/projects`'),
    (
        "tests/0/expect/backups/d",
        [{"id": "b", "started": "2026-11-20T01:00:01Z"}],
        'tests[0].expect.backups["d"]: expected [{"id": "b", "started": "2026-11-20T01:00:01Z"}], '
        'actual [{"id": "b", "started": "2026-11-20T01:00:00Z"}]',
    ),
    (
        "tests/0/expect/backups",
        {"dd": []},
        'tests[0].expect.backups["dd"]: no resource has this label; the nearest is d',
    ),
    ("backups/started", "sum(at)", "tests[0]: the resource d cannot be read: malformed: backups.started: sum() cannot"),
    ("resources/id", "abs(id)", "tests[0]: the source cannot be read: malformed: resources.id: abs() cannot take a"),
    ("scopes/0/where", "sum(id)", "tests[0]: the source cannot be read: malformed: scopes[0].where: sum() cannot"),
    ("backups/status/expr", "max(state)", "tests[0]: the resource d cannot be read: malformed: backups.status"),
    ("backups/status/map", {}, "backups.status.map: is empty; name the vendor's words"),
    (
        "paginator",
        {"type": "offset", "limit": 9, "offset_param": "n", "limit_param": "n"},
        "paginator.limit_param: is n, as offset_param is",
    ),
    (
        "paginator",
        {"type": "cursor", "cursor_path": "c", "cursor_param": "c", "page_param": "c"},
        "paginator.page_param: is c, as cursor_param is",
    ),
    ("tests/0/expect/request", 4, "tests[0].expect.request: unknown key; the nearest is requests"),
]
