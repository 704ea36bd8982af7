"""Answers requests out of the `answers` of a declaration's test: no socket, no clock, no credential."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from exporter.client.client import Client, Request, Response
from exporter.client.rate_limiter import RateLimiter
from exporter.client.tokens import TokenStore
from exporter.counters import Counters
from exporter.declared.grammar import Declaration, ExampleAnswer, Test
from exporter.declared.provider import Observer, make_provider
from exporter.declared.step_requests import RequestBuilder
from exporter.provider import RateLimit
from exporter.secret import Secret
from exporter.settings import Source
from exporter.trial.reader import TrialReading, read_once

PLENTY = RateLimit(requests=10_000, per=1.0)
NOW = 4_102_444_800.0
"""2100: an example's times are in the past, whenever it is run."""
MAX_WAIT = 300.0


@dataclass(frozen=True, slots=True)
class _RecordedAnswer:
    """An answer with the parts of the request that it fits."""

    answer: ExampleAnswer
    host: str
    path: tuple[str, ...]
    params: frozenset[tuple[str, str]]


@dataclass(slots=True)
class OfflineTransport:
    """Carries requests to the answers of a test."""

    bases: Sequence[tuple[str, str]]
    """Base URLs by name."""
    answers: Sequence[_RecordedAnswer]
    requests: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    """The keys of the answers that were given."""

    async def aclose(self) -> None:
        """Do nothing; there is nothing to close."""

    async def send(self, request: Request) -> Response:
        """Answer a request."""
        found = None
        shown = [self._show(name, base, request.url) for name, base in self.bases if _is_under(request.url, base)]
        self.requests.append(shown[0] if shown else request.url)
        for name, base in self.bases:
            if _is_under(request.url, base):
                found = found or self._find(name, request.url.removeprefix(base))
        if found is None:
            self.unanswered.append(self.requests[-1])
            return Response(status=404, headers={}, body=b"{}")
        self.used.add(found.key)
        body = b"" if found.empty else msgspec.json.encode(found.body)
        return Response(status=found.status, headers=found.headers, body=body)

    def _find(self, host: str, rest: str) -> ExampleAnswer | None:
        """Return the answer with the most parameters that the request has too."""
        parts = urlsplit(rest)
        path, params = _split_segments(parts.path), frozenset(parse_qsl(parts.query, keep_blank_values=True))
        fitting = [
            answer
            for answer in self.answers
            if answer.host in ("", host) and answer.path == path and answer.params <= params
        ]
        best = max(fitting, key=lambda answer: len(answer.params), default=None)
        return None if best is None else best.answer

    def _show(self, name: str, base: str, url: str) -> str:
        several = f"{name}::" if len(self.bases) > 1 else ""
        return f"GET {several}{url.removeprefix(base)}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a test."""

    found: TrialReading
    transport: OfflineTransport


async def run_test(declaration: Declaration, test: Test, observe: Observer) -> Outcome:
    """Run a test through the pipeline of the exporter."""
    unsigned = remove_auth(declaration)
    provider = make_provider(unsigned, observe)
    options = provider.options(**_make_options(declaration, test))
    source = Source(name="test", provider=provider, provider_name=declaration.name, options=options, rate_limit=PLENTY)
    builder = RequestBuilder(declaration=unsigned, options=options)
    bases = [(name, builder.base(name)) for name, _ in declaration.hosts]
    transport = OfflineTransport(bases=bases, answers=[_parse_answer(answer) for answer in test.answers])
    client = Client(
        transport=transport,
        limiter=RateLimiter(PLENTY),
        counters=Counters(),
        tokens=TokenStore(),
        timeout=source.request_timeout,
        max_wait=MAX_WAIT,
        clock=lambda: NOW,
        rate_headers=provider.rate_headers,
        bases=source.base_urls,
    )
    return Outcome(await read_once(source, client), transport)


def remove_auth(declaration: Declaration) -> Declaration:
    """Return a declaration that asks without credentials: token calls are not part of a test."""
    scopes = tuple(replace(scope, step=replace(scope.step, auth=None)) for scope in declaration.scopes)
    steps = {}
    for name in ("resources", "schedule", "restores", "backups", "follow"):
        if (step := getattr(declaration, name)) is not None:
            steps[name] = replace(step, step=replace(step.step, auth=None))
    return replace(declaration, scopes=scopes, **steps)


def _make_options(declaration: Declaration, test: Test) -> dict[str, Secret | str]:
    """Return the options of a test; one that it leaves out has its own name as its value."""
    given: dict[str, Secret | str] = {}
    for option in declaration.options:
        value = test.options.get(option.name, option.default if option.default is not None else option.name)
        given[option.name] = Secret(value) if option.secret else value
    urls = {key: test.options[key].rstrip("/") for key, _ in declaration.url_options if key in test.options}
    return {**given, **urls}


def _parse_answer(answer: ExampleAnswer) -> _RecordedAnswer:
    host, separator, rest = answer.key.partition("::")
    host, rest = (host, rest) if separator else ("", answer.key)
    path, _, query = rest.partition("?")
    return _RecordedAnswer(
        answer=answer,
        host=host,
        path=_split_segments(path),
        params=frozenset(parse_qsl(query, keep_blank_values=True)),
    )


def _split_segments(path: str) -> tuple[str, ...]:
    return tuple(unquote(segment) for segment in path.split("/"))


def _is_under(url: str, base: str) -> bool:
    return url.startswith((f"{base}/", f"{base}?")) or url == base
