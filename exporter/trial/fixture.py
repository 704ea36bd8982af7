"""Writes what a trial was answered as a test of the declaration, with all that is not read masked."""

import json
from collections.abc import Mapping
from typing import Any

from exporter.declared.demand import NO_DEMAND, Demand, mask, unite
from exporter.declared.expressions import find_chain
from exporter.declared.grammar import Declaration
from exporter.declared.step_requests import RequestBuilder
from exporter.trial.checks import make_readable
from exporter.trial.demands import find_answer_demand
from exporter.trial.joining import join_pages, replace_at
from exporter.trial.live import MASKED, Masker, SentRequest, StepFindings, Trial
from exporter.trial.reader import show_backup, show_resource

RESOURCE_KEYS = ("resource", "name", "kind")
BACKUP_KEYS = ("id", "status", "started", "size")


def write_fixture(trial: Trial) -> str:
    """Return a `tests` entry as YAML; a declared vendor's alone can be recorded."""
    declaration = trial.declaration
    assert declaration is not None  # noqa: S101 - the command has looked
    answers = _list_answers(trial, declaration)
    found = trial.found
    resources = [resource for resource in found.resources if resource.id in found.backups]
    expect: dict[str, Any] = {
        "resources": [_select(show_resource(resource), RESOURCE_KEYS) for resource in resources],
        "backups": {
            key: [_select(show_backup(backup), BACKUP_KEYS) for backup in backups]
            for key, backups in found.backups.items()
        },
        "requests": _count_requests(trial, answers),
    }
    lines = ["tests:", f"  - name: recorded from {json.dumps(trial.source.name)}".replace('"', ""), "    answers:"]
    sent = {request.url: request for request in trial.sent if request.method == "GET"}
    shown = {
        _describe_request(trial, declaration, url): _make_full_answer(sent.get(url), body)
        for url, body in answers.items()
    }
    lines += [f"      {json.dumps(key)}: {_write_json(trial, body)}" for key, body in shown.items()]
    lines.append("    expect:")
    lines += [f"      {key}: {_write_json(trial, value)}" for key, value in expect.items()]
    if options := _list_options(trial, declaration):
        lines.insert(2, f"    options: {_write_json(trial, options)}")
    return "\n".join(lines) + "\n"


def _list_answers(trial: Trial, declaration: Declaration) -> dict[str, Any]:
    """Return the answer of each address, in which all that no step reads is masked."""
    demands: dict[str, Demand] = {}
    bodies: dict[str, Any] = {}
    for name, seen in trial.steps.items():
        for url, body in zip(seen.urls, seen.bodies, strict=True):
            demands[url] = unite(demands.get(url, NO_DEMAND), find_answer_demand(declaration, name))
            bodies[url] = body
    masked = {url: mask(body, demands[url]) for url, body in bodies.items()}
    return _remove_others(trial, declaration, masked)


def _count_requests(trial: Trial, answers: Mapping[str, Any]) -> int:
    """Return the number of requests behind these answers; restores at the schedule's address need none."""
    free = {("restores", url) for url in trial.steps.get("schedule", StepFindings()).urls}
    sent = [(name, url) for name, seen in trial.steps.items() for url in seen.urls if url in answers]
    return sum(request not in free for request in sent) + len(answers.keys() - {url for _, url in sent})


def _remove_others(trial: Trial, declaration: Declaration, answers: dict[str, Any]) -> dict[str, Any]:
    """Return the answers without the resources that were not tried, for whose backups there are no answers."""
    tried = set(trial.found.backups)
    own = {
        value
        for resource in trial.found.resources
        if resource.id in tried
        for key, value in zip(resource.path[::2], resource.path[1::2], strict=False)
        if key == "resource.id"
    }
    step = declaration.resources
    expression = step.records.records
    chain = () if expression is None else find_chain(expression.tree)
    if step.static is not None or chain is None or len(tried) == len(trial.found.resources):
        return answers

    def keep(found: Any) -> Any:
        return [one for one in found if step.id.read(one) in own] if isinstance(found, list) else found

    urls = trial.steps.get("resources", StepFindings()).urls
    for url in urls:
        answers[url] = replace_at(answers[url], tuple(chain), keep)
    return join_pages(answers, urls, tuple(chain), step.step.paginator)


def _describe_request(trial: Trial, declaration: Declaration, url: str) -> str:
    """Return a request as a test names it: its path under the base URL."""
    builder = RequestBuilder(declaration=declaration, options=trial.source.options)
    for name, _ in declaration.hosts:
        base = builder.base(name)
        if url.startswith(base):
            several = f"{name}::" if len(declaration.hosts) > 1 else ""
            return f"GET {several}{url.removeprefix(base)}"
    return f"GET {url}"


def _make_full_answer(sent: SentRequest | None, body: Any) -> Any:
    if sent is None or "next" not in sent.link:
        return body
    return {"$headers": {"Link": sent.link}, "$body": body}


def _list_options(trial: Trial, declaration: Declaration) -> Mapping[str, str]:
    """Return the options that are not secret."""
    plain = [option.name for option in declaration.options if not option.secret]
    return {name: str(getattr(trial.source.options, name)) for name in plain}


def _select(values: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in make_readable(values).items() if key in keys and value not in (None, "")}


def _write_json(trial: Trial, value: Any) -> str:
    text = json.dumps(_mask_texts(trial.masker, value), ensure_ascii=False)
    if trial.declaration is not None:  # links lead to where the source asks; a test asks at the declared address
        builder = RequestBuilder(declaration=trial.declaration, options=trial.source.options)
        standard = RequestBuilder(declaration=trial.declaration, options=_at_home(trial))
        for name, _ in trial.declaration.hosts:
            text = text.replace(builder.base(name), standard.base(name))
    return text


def _mask_texts(masker: Masker, value: Any) -> Any:
    """Return a value whose texts hold no secret; of its keys, which are the vendor's words, none is a secret."""
    if isinstance(value, Mapping):
        return {MASKED if key in masker.secrets else key: _mask_texts(masker, inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_mask_texts(masker, inside) for inside in value]
    return masker.mask(value) if isinstance(value, str) else value


def _at_home(trial: Trial) -> Any:
    given = {name: getattr(trial.source.options, name) for name in _list_option_names(trial)}
    return type(trial.source.options)(**given)


def _list_option_names(trial: Trial) -> list[str]:
    return [option.name for option in trial.declaration.options] if trial.declaration is not None else []
