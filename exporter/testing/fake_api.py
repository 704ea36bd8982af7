"""An `Api` without a socket: a table of recorded answers in, what a provider makes of them out."""

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from exporter import wire
from exporter.errors import (
    ForbiddenError,
    MalformedError,
    NotFoundError,
    PollError,
    RateLimitedError,
    ServerError,
    UnauthorizedError,
)
from exporter.provider import NO_HEADERS, Answer, ApiKey, Auth, BasicAuth, BearerAuth, Token, TokenExchange

ERRORS: dict[int, type[PollError]] = {
    401: UnauthorizedError,
    402: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    410: NotFoundError,
    429: RateLimitedError,
    500: ServerError,
    503: ServerError,
}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A recorded answer."""

    body: Any = None
    status: int = 200
    links: Mapping[str, str] = field(default_factory=dict)
    """`Link` header targets by rel, as the vendor writes them (absolute or relative)."""


def route_of(url: str, method: str = "GET") -> str:
    """Return `METHOD host/path?query`, the query decoded and sorted, as the keys of a route table are written."""
    parts = urlsplit(url)
    query = "&".join(f"{key}={value}" for key, value in sorted(parse_qsl(parts.query, keep_blank_values=True)))
    return f"{method} {parts.netloc}{parts.path}" + (f"?{query}" if query else "")


class FakeApi:
    """Answers from a table; remembers what was asked and how it was signed."""

    def __init__(self, routes: Mapping[str, Reply]) -> None:
        self.routes = routes
        self.asked: list[str] = []
        self.signed: list[str] = []
        self.tokens: dict[Hashable, Token] = {}

    async def get(
        self,
        url: str,
        *,
        auth: Auth | None,
        accept: str = "application/json",
        headers: Mapping[str, str] = NO_HEADERS,
        empty: bool = False,
        envelope: Any = Any,
    ) -> Answer:
        """Return the recorded answer to a request."""
        del accept, headers
        self.signed.append(self._sign(auth))
        answer = self._answer(url, "GET", empty=empty)
        return (
            answer if envelope is Any else replace(answer, body=wire.decode(json.dumps(answer.body).encode(), envelope))
        )

    def link(self, answer: Answer, target: object) -> str | None:
        """Return a page link on the same host."""
        if not isinstance(target, str) or not target:
            return None
        url = urljoin(answer.url, target)
        if urlsplit(url).netloc != urlsplit(answer.url).netloc:
            raise MalformedError("a page link leads to another host")
        return url

    def _answer(self, url: str, method: str, *, empty: bool = False) -> Answer:
        route = route_of(url, method)
        self.asked.append(route)
        reply = self.routes.get(route)
        if reply is None:
            raise NotFoundError(f"no such route: {route}")
        if reply.status >= 400:
            raise ERRORS.get(reply.status, MalformedError)(f"{reply.status} from {route}")
        if reply.status == 204 and not empty:
            raise MalformedError("204 where a body was expected")
        return Answer(body=reply.body, links={rel: urljoin(url, to) for rel, to in reply.links.items()}, url=url)

    def _sign(self, auth: Auth | None) -> str:
        match auth:
            case BasicAuth(user=user, password=password):
                return f"Basic {user if isinstance(user, str) else user.reveal()}:{password.reveal()}"
            case ApiKey(name=name, parts=parts):
                return f"{name} {''.join(part if isinstance(part, str) else part.reveal() for part in parts)}"
            case BearerAuth(token=token):
                return f"Bearer {token.reveal()}"
            case TokenExchange(url=url, read=read, auth=own):
                if auth.identity not in self.tokens:
                    self._sign(own)
                    self.tokens[auth.identity] = read(self._answer(url, "POST").body)
                return f"Bearer {self.tokens[auth.identity].value}"
        return ""
