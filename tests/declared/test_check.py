"""What `check`, the start and a reload say of declarations: every problem at once, with its path and its cure."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter import registry
from exporter.commands.config import read_configuration
from exporter.config.loader import ConfigError
from tests.declared.declarations import BAD, GOOD, change


def check(folder: Path, *declarations: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the problems and warnings of a configuration with these declarations; JSON is YAML, and quick to write."""
    for number, declaration in enumerate(declarations):
        (folder / f"d{number}.yaml").write_text(json.dumps(declaration))
    source = {"name": "one", "provider": "acme", "token": "t"}
    (folder / "config.yaml").write_text(json.dumps({"declarations": ["d*.yaml"], "sources": [source]}))
    try:
        return (), read_configuration(folder / "config.yaml").warnings
    except ConfigError as error:
        return error.problems, ()


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
    ("resources/kind", "engine", "resources.kind: has no value in any of 1 record"),
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


@pytest.mark.parametrize("name", [registry.names()[0], "digitalocean", "http_json"])
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
    with pytest.raises(ConfigError, match=r"declarations\[0\]: the file does not exist"):
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
    assert problem.startswith("declaration config.yaml: is a configuration, not a declaration; change the glob so")


def test_a_listed_resource_without_a_name_is_no_suspicion(tmp_path: Path) -> None:
    listed = change("resources", {"list": [{"id": "d"}]})
    del listed["scopes"]
    (test,) = listed["tests"]
    answers = {request: body for request, body in test["answers"].items() if "/v1/d" in request}
    listed["tests"] = [{"name": "one", "answers": answers, "expect": {"resources": [{"resource": "d"}]}}]

    assert check(tmp_path, listed) == ((), ())


def test_a_problem_of_a_test_inside_a_source_has_its_file_and_line(tmp_path: Path) -> None:
    inline = change("tests/0/expect/requests", 7)
    for key in ("declaration", "name"):
        del inline[key]
    source = {"name": "one", "provider": "http_json", "token": "t", "api": inline}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"sources": [source]}, sort_keys=False))

    with pytest.raises(ConfigError) as caught:
        read_configuration(path)

    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:5: sources[0] (one).api.tests[0].expect.requests: ")
