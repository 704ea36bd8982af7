"""Writes what a trial was answered as a test of the declaration, with all that is not read masked."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from exporter.declared.demand import mask
from exporter.declared.expressions import find_chain
from exporter.declared.grammar import Declaration
from exporter.declared.step_requests import RequestBuilder
from exporter.trial.checking import readable
from exporter.trial.demands import answer_demand, records_of
from exporter.trial.reading_once import show_backup, show_resource
from exporter.trial.trying import SentRequest, Trial

RESOURCE_KEYS = ("resource", "name", "kind")
BACKUP_KEYS = ("id", "status", "started", "size")


def record(trial: Trial) -> str:
    """Return a `tests` entry as YAML; a declared vendor's alone can be recorded."""
    declaration = trial.declaration
    assert declaration is not None  # noqa: S101 - the command has looked
    answers = dict(_answers(trial, declaration))
    found = trial.found
    resources = [one for one in found.resources if one.id in found.backups]
    expect: dict[str, Any] = {
        "resources": [_some(show_resource(one), RESOURCE_KEYS) for one in resources],
        "backups": {
            key: [_some(show_backup(one), BACKUP_KEYS) for one in backups] for key, backups in found.backups.items()
        },
        "requests": len(answers),
    }
    lines = ["tests:", f"  - name: recorded from {json.dumps(trial.source.name)}".replace('"', ""), "    answers:"]
    lines += [f"      {json.dumps(key)}: {_json(trial, body)}" for key, body in answers.items()]
    lines.append("    expect:")
    lines += [f"      {key}: {_json(trial, value)}" for key, value in expect.items()]
    if options := _options(trial, declaration):
        lines.insert(2, f"    options: {_json(trial, options)}")
    return "\n".join(lines) + "\n"


def _answers(trial: Trial, declaration: Declaration) -> Iterator[tuple[str, Any]]:
    """Yield each answer of a step that was read, by its request."""
    sent = {one.url: one for one in trial.sent if one.method == "GET"}
    tried = set(trial.found.backups)
    for name, seen in trial.steps.items():
        for url, body in zip(seen.urls, seen.bodies, strict=True):
            masked = mask(body, answer_demand(declaration, name))
            if name == "resources":
                masked = _without_others(declaration, trial, masked, tried)
            yield _request(trial, declaration, url), _full(sent.get(url), masked)


def _without_others(declaration: Declaration, trial: Trial, body: Any, tried: set[str]) -> Any:
    """Return an answer without the resources that were not tried, for whose backups there are no answers."""
    own = {
        value
        for one in trial.found.resources
        if one.id in tried
        for key, value in zip(one.path[::2], one.path[1::2], strict=False)
        if key == "resource.id"
    }
    records = records_of(declaration, "resources")
    expression = None if records is None else records.records
    chain = () if expression is None else find_chain(expression.tree)
    if chain is None:
        return body
    return _filter(body, tuple(chain), lambda one: declaration.resources.id.read(one) in own)


def _filter(body: Any, chain: tuple[str, ...], keep: Any) -> Any:
    if not chain:
        return [one for one in body if keep(one)] if isinstance(body, list) else body
    if not isinstance(body, dict) or chain[0] not in body:
        return body
    return {**body, chain[0]: _filter(body[chain[0]], chain[1:], keep)}


def _request(trial: Trial, declaration: Declaration, url: str) -> str:
    """Return a request as a test names it: its path under the base URL."""
    builder = RequestBuilder(declaration=declaration, options=trial.source.options)
    for name, _ in declaration.hosts:
        base = builder.base(name)
        if url.startswith(base):
            several = f"{name}::" if len(declaration.hosts) > 1 else ""
            return f"GET {several}{url.removeprefix(base)}"
    return f"GET {url}"


def _full(sent: SentRequest | None, body: Any) -> Any:
    if sent is None or "next" not in sent.link:
        return body
    return {"$headers": {"Link": sent.link}, "$body": body}


def _options(trial: Trial, declaration: Declaration) -> Mapping[str, str]:
    """Return the options that stand in paths; of a secret, only that it is one."""
    plain = [option.name for option in declaration.options if not option.secret]
    return {name: str(getattr(trial.source.options, name)) for name in plain}


def _some(values: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in readable(values).items() if key in keys and value not in (None, "")}


def _json(trial: Trial, value: Any) -> str:
    text = trial.masker.mask(json.dumps(value, ensure_ascii=False))
    if trial.declaration is not None:  # links lead to where the source asks; a test asks at the declared address
        builder = RequestBuilder(declaration=trial.declaration, options=trial.source.options)
        standard = RequestBuilder(declaration=trial.declaration, options=_at_home(trial))
        for name, _ in trial.declaration.hosts:
            text = text.replace(builder.base(name), standard.base(name))
    return text


def _at_home(trial: Trial) -> Any:
    given = {name: getattr(trial.source.options, name) for name in _option_names(trial)}
    return type(trial.source.options)(**given)


def _option_names(trial: Trial) -> list[str]:
    return [option.name for option in trial.declaration.options] if trial.declaration is not None else []
