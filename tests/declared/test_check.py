"""What `check`, the start and a reload say of declarations: every problem at once, with its path and its cure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.commands.config import read_configuration
from exporter.config.loader import ConfigError

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
    tree: Any = yaml.safe_load(yaml.safe_dump(dict(GOOD)))
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


def check(folder: Path, *declarations: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the problems and warnings of a configuration with these declarations."""
    for number, declaration in enumerate(declarations):
        (folder / f"d{number}.yaml").write_text(yaml.safe_dump(declaration, sort_keys=False))
    source = {"name": "one", "provider": "acme", "token": "t"}
    (folder / "config.yaml").write_text(yaml.safe_dump({"declarations": ["d*.yaml"], "sources": [source]}))
    try:
        return (), read_configuration(folder / "config.yaml").warnings
    except ConfigError as error:
        return error.problems, ()


BAD: Sequence[tuple[str, Any, str]] = [
    ("backups/size", {"expr": "size_gb", "unit": "Gb"}, 'backups.size.unit: "Gb" is not a unit; the nearest is GB'),
    (
        "backups/status/map/failed",
        "done",
        'backups.status.map.failed: "done" also stands under completed',
    ),
    ("scopes/0/records", "projects[*]]", "scopes[0].records: column 12: unexpected ]"),
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


def test_the_good_declaration_is_good(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD) == ((), ())


@pytest.mark.parametrize(("path", "value", "problem"), BAD, ids=[problem[:60] for _, _, problem in BAD])
def test_a_problem_is_named_with_its_path(tmp_path: Path, path: str, value: Any, problem: str) -> None:
    problems, _ = check(tmp_path, change(path, value))

    assert [one for one in problems if one.startswith(f"declaration acme: {problem}")], problems
    assert not [one for one in problems if ".provider: " in one]


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    bad = change("backups/size", {"expr": "size", "unit": "Gb"})
    bad["scopes"][0]["records"] = "projects[*]]"
    bad["backups"]["status"] = None
    problems, _ = check(tmp_path, bad, {**change("options/x", {}), "name": "other", "base_url": "x"})

    assert len(problems) >= 4
    assert {problem.split(":")[0] for problem in problems} == {"declaration acme", "declaration other"}


WARNED: Sequence[tuple[str, Any, str]] = [
    ("tests", None, "tests: there are none"),
    ("backups/status", {"always": "completed"}, "backups.status: always: the vendor lists no failures, so only age"),
    ("backups/status/map/failed", None, "backups.status.map: names no failed word, so only age reports failures"),
    ("resources/kind", "engine", "resources.kind: yields nothing in any of 1 record"),
    ("resources/where", "enabled", "resources.where: keeps 0 of 1 records"),
    ("tests/0/answers/GET ~", {}, ""),
]


@pytest.mark.parametrize(("path", "value", "warning"), WARNED[:-2], ids=[warning[:40] for _, _, warning in WARNED[:-2]])
def test_what_is_probably_not_meant_is_a_warning(tmp_path: Path, path: str, value: Any, warning: str) -> None:
    _, warnings = check(tmp_path, change(path, value))

    assert [one for one in warnings if one.startswith(f"declaration acme: {warning}")], warnings


def test_a_condition_that_keeps_nothing_is_a_warning_and_the_test_fails(tmp_path: Path) -> None:
    bad = change("resources/where", "enabled")
    bad["tests"][0]["expect"] = {"resources": []}
    _, warnings = check(tmp_path, bad)

    assert "declaration acme: resources.where: keeps 0 of 1 records" in warnings


@pytest.mark.parametrize(
    "more",
    [
        {"next": 2},
        {"meta": {"has_more": True}},
        {"links": {"pages": {"cursor": "x"}}},
        {"$headers": {"Link": '</v1/projects?page=2>; rel="next"'}},
    ],
)
def test_a_single_page_whose_answer_names_more_is_a_warning(tmp_path: Path, more: Mapping[str, Any]) -> None:
    suspect = change("vendor", "acme")
    body = suspect["tests"][0]["answers"]["GET /v1/projects"]
    answer = {**more, "$body": body} if "$headers" in more else {**more, **body}
    suspect["tests"][0]["answers"]["GET /v1/projects"] = answer
    _, warnings = check(tmp_path, suspect)

    assert [one for one in warnings if "scopes[0].paginator: single_page, although an example answer holds" in one]


def test_without_a_schedule_a_source_needs_a_limit(tmp_path: Path) -> None:
    bad = change("schedule", None)
    del bad["tests"]
    _, warnings = check(tmp_path, bad)

    assert [one for one in warnings if "max_age: no limit known: acme" in one]


@pytest.mark.parametrize("name", ["northflank", "digitalocean", "http_json"])
def test_a_name_that_is_taken_is_a_problem(tmp_path: Path, name: str) -> None:
    problems, _ = check(tmp_path, {**GOOD, "name": name})

    assert [one for one in problems if one.startswith(f"declaration {name}: name: {name} is")]


def test_two_files_with_one_name_are_a_problem(tmp_path: Path) -> None:
    problems, _ = check(tmp_path, GOOD, GOOD)

    assert list(problems) == [
        "declaration acme: name: acme is the name of a provider of another file already; choose another name (d1.yaml)"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "declaration d0.yaml: line 1: "),
        ("a list", "declaration d0.yaml: must be a mapping"),
        ("name: acme\nname: acme\n", "declaration acme: line 2: the key name is given twice"),
    ],
)
def test_a_file_that_is_no_declaration(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "d0.yaml").write_text(text)
    (tmp_path / "config.yaml").write_text("declarations: [d0.yaml]\nsources: [{name: a, provider: acme, token: t}]\n")
    with pytest.raises(ConfigError) as raised:
        read_configuration(tmp_path / "config.yaml")

    assert [one for one in raised.value.problems if one.startswith(problem)], raised.value.problems


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("declarations: [no.yaml]\nsources: [{name: a, provider: aiven, token: t}]\n")
    with pytest.raises(ConfigError, match=r"declarations\[0\]: there is no such file"):
        read_configuration(tmp_path / "config.yaml")


def test_inline_problems_stand_under_the_source(tmp_path: Path) -> None:
    api = {key: value for key, value in change("backups/id", "a b").items() if key not in ("name", "declaration")}
    source = {"name": "mine", "provider": "http_json", "token": "t", "api": api}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"sources": [source]}))
    with pytest.raises(ConfigError) as raised:
        read_configuration(tmp_path / "config.yaml")

    assert len(raised.value.problems) == 1
    assert raised.value.problems[0].endswith("sources[0] (mine).api.backups.id: column 3: unexpected b")


def test_variables_are_filled_in_inline_and_not_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE", "id")
    (tmp_path / "d.yaml").write_text(yaml.safe_dump(change("title", "${ENGINE}")))
    inline = {key: value for key, value in change("backups/id", "${ENGINE}").items() if key != "name"}
    sources = [
        {"name": "a", "provider": "acme", "token": "t"},
        {"name": "b", "provider": "http_json", "token": "t", "api": inline},
    ]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"declarations": ["d.yaml"], "sources": sources}))
    found = read_configuration(tmp_path / "config.yaml").settings

    assert found.sources[0].provider.title == "${ENGINE}"
    assert found.sources[1].provider_name == "http_json"


def test_a_map_without_a_completed_word_is_a_warning(tmp_path: Path) -> None:
    bad = change("backups/status/map/completed", None)
    del bad["tests"]
    _, warnings = check(tmp_path, bad)

    said = "declaration acme: backups.status.map: names no completed word, so no backup ever counts as a success"
    assert said in warnings


def test_a_glob_that_matches_the_configuration_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(yaml.safe_dump(dict(GOOD)))
    source = {"name": "one", "provider": "acme", "token": "t"}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"declarations": ["*.yaml"], "sources": [source]}))
    with pytest.raises(ConfigError) as error:
        read_configuration(tmp_path / "config.yaml")

    (problem,) = error.value.problems
    assert problem.startswith("declaration config.yaml: is a configuration and not a declaration; name its glob so")
