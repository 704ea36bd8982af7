"""Asks a simulated account for everything that is documented, as it stands at one instant."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from string import Formatter
from typing import Any
from urllib.parse import urlencode

from exporter import registry
from exporter.demo.http import Account, Request, Response, SimulatedAccount, Story
from tests.demo.schema import EMPTY, Documented, Endpoint, Reply, differences
from tests.vendors import open_account, open_accounts

BASE = "http://127.0.0.1:9"
STORY = Story(start=1_763_800_000.0)
Context = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request and how it was answered."""

    endpoint: Endpoint
    request: Request
    response: Response


def load_documented(vendor: str) -> Documented:
    """Return the facts about a vendor."""
    facts: Documented = import_module(f"tests.vendors.{vendor}.facts").DOCUMENTED
    return facts


ACCOUNTS = [(vendor, account.name) for vendor in registry.names() for account in open_accounts(vendor, STORY)]


def accounts_of(vendor: str) -> Sequence[SimulatedAccount]:
    """Return a vendor's simulated accounts, opened anew, which refuse nothing for its rate."""
    return open_accounts(vendor, STORY, limited=False)


def account_of(vendor: str, name: str, *, limited: bool = False) -> SimulatedAccount:
    """Return one account, opened afresh."""
    return open_account(vendor, name, STORY, limited=limited)


def everything(account: Account, facts: Documented, now: float) -> Iterator[Visit]:
    """Visit each endpoint for all that the answers before it named, on all pages, backups once for each status."""
    contexts = [_credentials(account)]
    for endpoint in facts.endpoints:
        for context in _fitting(endpoint, contexts):
            query: Mapping[str, str] | None = _fill(endpoint.query, context)
            while query is not None:
                visit = _visit(account, endpoint, _request(endpoint, context, query), now)
                yield visit
                body = json.loads(visit.response.body) if visit.response.status == 200 else None
                query = None if body is None else facts.onward(body, visit.response.headers)
                given = {} if body is None else {name: pick(body) for name, pick in endpoint.gives.items()}
                contexts += [{**context, name: str(value)} for name, values in given.items() for value in values]


def find_wrong(facts: Documented, visit: Visit) -> list[str]:
    """Return in what an answer is not as documented."""
    response, expected = visit.response, _expect(facts, visit)
    if expected is None:
        return [f"{response.status} is documented nowhere"]
    headers = dict(response.headers)
    media = headers.pop("Content-Type", "")
    found = [] if media == expected.media else [f"media type {media!r}"]
    found += differences(headers, {**facts.headers, **expected.headers}, "headers")
    if expected is EMPTY:
        return found if response.body == b"" else [*found, "a body"]
    body = json.loads(response.body) if "json" in media else response.body.decode()
    return [*found, *differences(body, expected.body)]


def again(account: Account, visit: Visit, now: float, **changed: Any) -> Visit:
    """Ask once more, with something changed."""
    return _visit(account, visit.endpoint, replace(visit.request, **changed), now)


def _visit(account: Account, endpoint: Endpoint, request: Request, now: float) -> Visit:
    return Visit(endpoint=endpoint, request=request, response=account.respond(request, now))


def _expect(facts: Documented, visit: Visit) -> Reply | None:
    status = visit.response.status
    if status == 204 and visit.endpoint.idle:
        return EMPTY
    return visit.endpoint.reply if status == 200 else facts.refusals.get(status)


def _credentials(account: Account) -> Context:
    source = account.configuration(BASE)
    pair = f"{source.get('key_id', '')}:{source.get('key_secret', source.get('token', ''))}"
    return {**{key: str(value) for key, value in source.items()}, "basic": b64encode(pair.encode()).decode()}


def _fitting(endpoint: Endpoint, contexts: Sequence[Context]) -> list[Context]:
    """Return the contexts that hold all the names an endpoint needs, one for each of their combinations."""
    templates = (endpoint.path, endpoint.authorization, *endpoint.query.values(), *endpoint.form.values())
    needed = sorted({name for template in templates for _, name, _, _ in Formatter().parse(template) if name})
    fitting = [context for context in contexts if all(name in context for name in needed)]
    return [*{tuple(context[name] for name in needed): context for context in fitting}.values()]


def _request(endpoint: Endpoint, context: Context, query: Mapping[str, str]) -> Request:
    signed = {"authorization": endpoint.authorization.format(**context)} if endpoint.authorization else {}
    form = {"content-type": "application/x-www-form-urlencoded"} if endpoint.form else {}
    return Request(
        method=endpoint.method,
        path=endpoint.path.format(**context),
        base=BASE,
        query=query,
        headers={**signed, **form},
        body=urlencode(_fill(endpoint.form, context)).encode(),
    )


def _fill(templates: Mapping[str, str], context: Context) -> Mapping[str, str]:
    return {key: template.format(**context) for key, template in templates.items()}
