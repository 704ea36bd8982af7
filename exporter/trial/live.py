"""Asks one source for real, within its limiter, and keeps what each step asked, found and understood."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from exporter.client.client import Client, Request, Response, Transport
from exporter.client.rate_limiter import RateLimiter
from exporter.client.tokens import TokenStore
from exporter.counters import Counters
from exporter.declared.grammar import Declaration
from exporter.declared.provider import make_provider
from exporter.errors import PollError
from exporter.model import Resource
from exporter.secret import Secret
from exporter.settings import Source
from exporter.trial.reader import TrialReading, read_once

MOST_RESOURCES = 3
MASKED = "***"
SHORT = 8
"""Secrets of fewer characters are parts of ordinary words by chance."""
SHOWN_HEADERS = frozenset({"accept", "content-type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """A request that was sent, and its answer."""

    method: str
    url: str
    headers: Mapping[str, str]
    status: int
    link: str = ""
    body: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class RecordingTransport:
    """Carries requests on and keeps them, with secrets masked."""

    transport: Transport
    masker: "Masker"
    plain_headers: frozenset[str]
    sent: list[SentRequest] = field(default_factory=list)

    async def send(self, request: Request) -> Response:
        """Send a request and record the response."""
        status, link, body = 0, "", b""
        try:
            response = await self.transport.send(request)
            status, link, body = response.status, response.headers.get("link", ""), response.body
            return response
        finally:
            self.sent.append(
                SentRequest(
                    method=request.method,
                    url=self.masker.mask(request.url),
                    headers={name: self._header(name, value) for name, value in request.headers.items()},
                    status=status,
                    link=self.masker.mask(link),
                    body=body,
                )
            )

    async def aclose(self) -> None:
        """Close what it listens to."""
        await self.transport.aclose()

    def _header(self, name: str, value: str) -> str:
        if name.lower() in self.plain_headers:
            return self.masker.mask(value)
        scheme, space, _ = value.partition(" ")
        return f"{scheme} {MASKED}" if space and scheme in ("Bearer", "Basic") else MASKED


@dataclass(frozen=True, slots=True)
class Masker:
    """Masks a source's secrets wherever they stand."""

    secrets: tuple[str, ...]

    def mask(self, text: str) -> str:
        """Return a text without the secrets; a short one is masked where it is a whole word, not inside of others."""
        for secret in self.secrets:
            for written in dict.fromkeys((secret, quote(secret, safe=""))):
                if len(secret) < SHORT:
                    text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(written)}(?![A-Za-z0-9])", MASKED, text)
                else:
                    text = text.replace(written, MASKED)
        return text


@dataclass(slots=True)
class StepFindings:
    """What one step found in all its answers."""

    urls: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    found: list[Any] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Trial:
    """The result of a trial."""

    source: Source
    declaration: Declaration | None
    masker: Masker
    found: TrialReading
    sent: Sequence[SentRequest]
    steps: dict[str, StepFindings]

    @property
    def failed(self) -> bool:
        """Whether the vendor refused, or something could not be read."""
        found = self.found
        return bool(found.source_failure or found.failures or found.scope_failures)


async def try_once(source: Source, transport: Transport, pattern: str) -> Trial:
    """Read a source, of its resources at most three that a glob fits."""
    declaration: Declaration | None = getattr(source.provider.scopes, "declaration", None)
    steps: dict[str, StepFindings] = {}

    def observe(step: str, answer: Any, found: Sequence[Any], kept: Sequence[Any]) -> None:
        seen = steps.setdefault(step, StepFindings())
        if answer is not None:
            seen.urls.append(masker.mask(answer.url))
            seen.bodies.append(answer.body)
        seen.found += found
        seen.kept += kept

    masker = Masker(_list_secrets(source))
    if declaration is not None:
        source = replace(source, provider=make_provider(declaration, observe))
    recording = RecordingTransport(transport, masker, _list_plain_headers(declaration))
    client = Client(
        transport=recording,
        limiter=RateLimiter(source.rate_limit),
        counters=Counters(),
        tokens=TokenStore(),
        timeout=source.request_timeout,
        max_wait=source.poll_interval,
        clock=time.time,
        rate_headers=source.provider.rate_headers,
        bases=source.base_urls,
    )
    found = await read_once(source, client, lambda resources: _pick(source, resources, pattern))
    return Trial(
        source=source,
        declaration=declaration,
        masker=masker,
        found=found,
        sent=recording.sent,
        steps=steps,
    )


def _pick(source: Source, resources: Sequence[Resource], pattern: str) -> Sequence[Resource]:
    fitting = [
        resource for resource in resources if fnmatchcase(resource.id, pattern) or fnmatchcase(resource.name, pattern)
    ]
    return [one for one in fitting if source.watches(one.id, one.name)][:MOST_RESOURCES]


def _list_secrets(source: Source) -> tuple[str, ...]:
    values = (getattr(source.options, option.name) for option in fields(source.options))
    found = []
    for value in values:
        if isinstance(value, Secret):
            try:
                found.append(value.reveal())
            except PollError:  # its file is away; then nothing is sent either
                continue
    return tuple(sorted((secret for secret in found if secret), key=len, reverse=True))


def _list_plain_headers(declaration: Declaration | None) -> frozenset[str]:
    """Return the headers whose values are shown: those of the exporter, and those that a declaration sets itself."""
    if declaration is None:
        return SHOWN_HEADERS
    later = (declaration.resources, declaration.schedule, declaration.restores, declaration.backups, declaration.follow)
    steps = [*(scope.step for scope in declaration.scopes), *(one.step for one in later if one is not None)]
    return SHOWN_HEADERS | {name.lower() for step in steps for name, _ in step.headers}
