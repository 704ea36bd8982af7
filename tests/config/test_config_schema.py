"""The JSON Schema of the configuration refuses what `check` refuses in keys and durations, and passes what is right."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from exporter.config import document, loader, verdict
from exporter.config import schema as schemas
from exporter.config.location import Report
from exporter.config.options import list_option_keys
from exporter.config.schema import make_schema
from exporter.declared.schema import make_declaration_schema
from exporter.declared.vendors import Vendors
from exporter.provider import Provider
from tests.config.test_config import EXPECTED, PROVIDERS, TESTDATA
from tests.config.test_config_examples import uncomment
from tests.paths import ROOT
from tests.samples import CREDENTIAL, PROVIDER

OF_KEYS = re.compile(r"unknown key|duration|is missing|is given too|unknown provider|has no value|must be an? ")
"""Problems that a schema can see: the rest needs the environment, the files, or another part of the configuration."""
BEYOND = {"invalid-variable-unset", "invalid-missing-name-and-provider"}
ALL = Vendors().providers
CONFIGURED = f"sources: [{{{{name: a, provider: {PROVIDER}, {CREDENTIAL}: x, {{}}}}}}]"


def values(text: str) -> Any:
    report = Report()
    found = document.read(text, None, report)
    assert not report.problems
    return found


def validator(providers: Mapping[str, Provider]) -> jsonschema.Draft7Validator:
    described = make_schema(providers)
    jsonschema.Draft7Validator.check_schema(described)
    return jsonschema.Draft7Validator(described)


of_all = cache(lambda: validator(ALL))
of_tests = cache(lambda: validator(PROVIDERS))


def refusals(text: str, by: Callable[[], jsonschema.Draft7Validator] = of_all) -> list[str]:
    return [error.message for error in by().iter_errors(values(text))]


def readable(path: Path) -> bool:
    report = Report()
    return document.read(path.read_text(), None, report) is not document.UNSET and not report.problems


CORPUS = sorted(path.stem for path in TESTDATA.glob("invalid-*.yaml") if readable(path))


@pytest.mark.parametrize("rule", CORPUS)
def test_the_schema_refuses_what_check_refuses(rule: str) -> None:
    expected = [problem for problem in EXPECTED[rule] if OF_KEYS.search(problem)]
    found = refusals((TESTDATA / f"{rule}.yaml").read_text(), of_tests)

    assert bool(found) >= bool(expected), expected


def test_the_corpus_is_looked_at() -> None:
    refused = [rule for rule in CORPUS if refusals((TESTDATA / f"{rule}.yaml").read_text(), of_tests)]

    assert len(CORPUS) > 30
    assert len(refused) > 20


@pytest.mark.parametrize(
    "text",
    [
        (ROOT / "config.example.yaml").read_text(),
        uncomment((ROOT / "config.example.yaml").read_text()),
        *re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "configuration.md").read_text(), re.DOTALL),
        "sources: [{name: a, provider: digitalocean, token: x}]",
        "sources: [{name: a, provider: http_json, api: {anything: 1}}]",
        "declarations: [x.yaml]\nsources: [{name: a, provider: of_a_file, whatever: 1}]",
        "sources: [{name: 7, provider: '${PROVIDER}', whatever: 1}]",
        CONFIGURED.format("max_age: '${AGE}', labels: {squad: '${SQUAD}', floor: 3}, include: , exclude: ['${X}*']"),
        CONFIGURED.format("base_url: HTTPS://Lead.example"),
        CONFIGURED.format("base_url: '${URL}', shard_by: '${SHARD}', rate_limit: , resources: {a: , '${B}': }"),
    ],
)  # fmt: skip
def test_the_schema_passes_what_is_right(text: str) -> None:
    assert refusals(text) == []


@pytest.mark.parametrize(
    "duration", ["90s", "5m", "26h", "7d", "1h30m", "500ms", "292y", "0292y", "199y", "007d", " 5m ", "1y2w3d4h5m6s7ms"]
)
def test_a_duration_passes(duration: str) -> None:
    assert refusals(CONFIGURED.format(f"max_age: '{duration}'")) == []


@pytest.mark.parametrize(
    "duration",
    ["5", "0", "0s", "", "1.5h", "5 m", "-5m", "m", "30m1h", "1h1h", "9999y", "1e3s", "5min", "293y", "400y"],
)
def test_what_is_no_duration_is_refused(duration: str) -> None:
    for key in ("poll_interval", "max_age", "min_retention", "rate_limit: {requests: 1, per"):
        closing = "}" if "{" in key else ""
        assert refusals(CONFIGURED.format(f"{key}: '{duration}'{closing}")) != []
    assert refusals(f"max_duration: '{duration}'\n{CONFIGURED.format('max_age: 1d')}") != []


@pytest.mark.parametrize(
    "keys",
    [
        "max_agee: 26h",
        "max_age: 26",
        "max_age: ",
        "team_id: x",
        "region: x",
        "token_file: y",
        "labels: {job: x}",
        "labels: {resource_x: x}",
        "labels: {2fast: x}",
        "labels: {squad: true}",
        "resources: {a: {max_agee: 1d}}",
        "resources: {a: {thresholds: {failure: 3}}}",
        "thresholds: {too_old_critical: 1}",
        "ignore: [too_olf]",
        "rate_limit: {requets: 1}",
        "min_backups: -1",
        "paused: 'true'",
        "shard_by: team",
        "base_url: ftp://x",
        "verify_downloads: {methd: full}",
        "api: {}",
    ],
)
def test_what_is_wrong_in_a_source_is_refused(keys: str) -> None:
    assert refusals(CONFIGURED.format("max_age: 1d")) == []
    assert refusals(CONFIGURED.format(keys)) != []


@pytest.mark.parametrize("name", list(ALL))
def test_each_providers_own_keys_pass_and_no_others(name: str) -> None:
    provider = ALL[name]
    described = make_schema({name: provider})
    own = described["definitions"]["source"]["allOf"][0]["then"]["properties"]

    assert set(own) == {*loader.SOURCE_KEYS, *list_option_keys(provider)}


def test_every_key_is_described() -> None:
    assert set(make_schema(PROVIDERS)["properties"]) == set(loader.TOP_KEYS)
    assert set(schemas.SOURCE) == set(loader.SOURCE_KEYS)
    assert set(schemas.OVERRIDE) == set(loader.OVERRIDE_KEYS)
    assert set(schemas.RATE_LIMIT) == set(loader.RATE_LIMIT_KEYS)
    assert set(schemas.VERIFY) == set(loader.VERIFY_KEYS)
    assert set(schemas.THRESHOLDS["properties"]) == set(verdict.THRESHOLDS)


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "exporter", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT).stdout


@pytest.mark.integration
def test_the_commands_print_them() -> None:
    assert json.loads(run("schema")) == json.loads(json.dumps(make_schema(ALL, make_declaration_schema())))
    assert run("example-config") == (ROOT / "config.example.yaml").read_text()
