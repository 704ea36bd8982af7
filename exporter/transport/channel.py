"""Asks vendors: signs, paces, renews, tries again once; the one place that knows what a request costs."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import urlencode, urljoin

from exporter.errors import CapError, ConnectionFailedError, DeadlineError, MalformedError, PollError
from exporter.provider import Answer, Auth, Basic, Bearer, Exchange, Token
from exporter.secret import Secret
from exporter.transport.decipher import decipher, links, number, reset_told, same_host, wait_told
from exporter.transport.limiter import NotSentError, RateLimiter
from exporter.transport.meter import Meter
from exporter.transport.recollection import Recollection, SameAgainError
from exporter.transport.tokens import TokenStore

MOST_PAGES = 300
MOST_REDIRECTS = 3
MOST_RENEWALS = 5
"""How often a request that waits may see its token die before it is sent with what there is."""
IN_VAIN = 900.0
"""Seconds for which no token is renewed for an address that went on saying 401 when one was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An HTTP request."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An HTTP response, read to its end; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Carrier(Protocol):
    """What carries a request to a vendor and its answer back."""

    async def send(self, request: Outgoing) -> Incoming:
        """Return the whole answer, whatever its status; a PollError if there is none."""
        ...


@dataclass(slots=True, kw_only=True)
class Channel:
    """The way to one source's vendor, through which all its requests go."""

    carrier: Carrier
    limiter: RateLimiter
    meter: Meter
    tokens: TokenStore
    timeout: float
    """Seconds that one request may take, a second try included; waiting for the rate limit does not count."""
    patience: float
    """The longest wait in seconds that the vendor may impose: the poll interval."""
    clock: Callable[[], float]
    refused: dict[str, float] = field(default_factory=dict, repr=False)
    """Until when renewing a token is not tried again, by the address that answered 401 to a renewed one."""

    async def ask(
        self, method: str, url: str, auth: Auth | None, headers: Mapping[str, str], body: bytes | None
    ) -> Incoming:
        """Send a signed request; on a 401 to an exchanged token, renew it once and send again."""
        request = Outgoing(method=method, url=url, headers=headers, body=body)
        answer, token = await self._admitted(request, auth)
        if answer.status != 401:
            self.refused.pop(url, None)
        now = asyncio.get_running_loop().time()
        if answer.status != 401 or not isinstance(auth, Exchange) or self.refused.get(url, 0.0) > now:
            return answer
        self.tokens.drop(auth, token)
        answer, _ = await self._admitted(request, auth)
        self.refused = {address: until for address, until in self.refused.items() if until > now and address != url}
        if answer.status == 401:
            self.refused[url] = now + IN_VAIN
        return answer

    async def _sign(self, auth: Auth | None) -> tuple[dict[str, str], str]:
        match auth:
            case Basic(user=user, password=password):
                return {"Authorization": _basic(_plain(user), password.reveal())}, ""
            case Bearer(token=secret):
                return {"Authorization": f"Bearer {secret.reveal()}"}, ""
            case Exchange():
                try:
                    token = await self.tokens.get(auth, lambda: self._exchange(auth))
                except PollError as error:
                    error.shared = error.shared or auth.shared
                    raise
                return {"Authorization": f"Bearer {token}"}, token
        return {}, ""

    async def _exchange(self, exchange: Exchange) -> Token:
        headers, body = {"Accept": "application/json"}, None
        if exchange.form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode({key: _plain(value) for key, value in exchange.form.items()}).encode()
        answer = await self.ask("POST", exchange.url, exchange.auth, headers, body)
        token = exchange.read(decipher(answer.status, answer.body))
        if token.lifetime is None and token.expires is not None and (left := token.expires - self.clock()) > 0:
            return Token(token.value, left)
        return token

    async def _admitted(self, request: Outgoing, auth: Auth | None) -> tuple[Incoming, str]:
        """Send until the vendor does not answer 429; RateLimitedError when it asks for too much patience."""
        while True:
            answer, token = await self._within_deadline(request, auth)
            if answer.status != 429:
                self.limiter.admitted()
                return answer, token
            self.limiter.refused(wait_told(answer.headers, self.clock()))

    async def _within_deadline(self, request: Outgoing, auth: Auth | None) -> tuple[Incoming, str]:
        """Send; a GET whose connection was reset, or that met a 502, 503 or 504, once more while there is time."""
        loop = asyncio.get_running_loop()
        spent = 0.0
        again = request.method == "GET"
        while True:
            async with self._place(request, auth) as (signed, token):
                began = loop.time()
                try:
                    answer = await self._sent(signed, max(self.timeout - spent, 0.001))
                except ConnectionFailedError as error:
                    if not (again and error.reset):
                        raise
                else:
                    if not (again and answer.status in (502, 503, 504)):
                        return answer, token
                spent += loop.time() - began
            again = False

    @asynccontextmanager
    async def _place(self, request: Outgoing, auth: Auth | None) -> AsyncIterator[tuple[Outgoing, str]]:
        """Hold the limiter's place, and give the request as signed for it, with its token.

        A token that died while the request waited is renewed first, and others take the place meanwhile.
        """
        for last in (*(False,) * MOST_RENEWALS, True):
            signature, token = await self._sign(auth)
            try:
                async with self.limiter.place(self.patience) as wait:
                    self.meter.throttled += wait
                    if not last:
                        self._demand_living(auth, token)
                    yield replace(request, headers={**request.headers, **signature}), token
                    return
            except NotSentError:
                continue

    def _demand_living(self, auth: Auth | None, token: str) -> None:
        if isinstance(auth, Exchange) and not self.tokens.lives(auth, token):
            raise NotSentError

    async def _sent(self, request: Outgoing, seconds: float) -> Incoming:
        loop = asyncio.get_running_loop()
        began = loop.time()
        code = "none"
        try:
            async with deadline(seconds):
                answer = await self.carrier.send(request)
            code = str(answer.status)
            self._note_budget(answer.headers)
            return answer
        finally:
            self.meter.request(code, loop.time() - began)

    def _note_budget(self, headers: Mapping[str, str]) -> None:
        told = headers.get("x-ratelimit-remaining")
        remaining = None if told is None else number(told)
        if remaining is None:
            return
        self.meter.remaining = remaining
        reset = reset_told(headers)
        if remaining == 0 and reset is not None:  # others spend from the same budget: do not earn their 429
            self.limiter.close_for(reset)


@dataclass(slots=True, kw_only=True)
class Operation:
    """One reading by a provider: its `Api`. Knows what it has asked, so that no chain of pages is endless."""

    channel: Channel
    purse: RateLimiter | None = None
    """A second, smaller budget that this reading has to stay in as well."""
    recollection: Recollection | None = None
    """Ends the reading, by SameAgainError, once all that it heard is what was heard before."""
    asked: set[str] = field(default_factory=set, repr=False)

    async def get(
        self, url: str, *, auth: Auth, accept: str = "application/json", empty: bool = False, frame: Any = Any
    ) -> Answer:
        """See `provider.Api.get`."""
        headers = {"Accept": accept} | (self.recollection.condition if self.recollection is not None else {})
        for _ in range(1 + MOST_REDIRECTS):
            answer = await self._once(url, auth, headers)
            if not 300 <= answer.status < 400 or "location" not in answer.headers:
                break
            url = same_host(url, answer.headers["location"])
        if answer.status == 304 and "If-None-Match" in headers:
            raise SameAgainError
        if self.recollection is not None and answer.status == 200:
            told = answer.headers
            self.recollection.hear(url, told.get("link", ""), answer.body, told.get("etag", ""))
        targets = {rel: urljoin(url, target) for rel, target in links(answer.headers).items()}
        return Answer(body=decipher(answer.status, answer.body, empty=empty, frame=frame), links=targets, url=url)

    def link(self, answer: Answer, target: object) -> str | None:
        """See `provider.Api.link`."""
        return same_host(answer.url, target) if isinstance(target, str) and target.strip() else None

    async def _once(self, url: str, auth: Auth, headers: Mapping[str, str]) -> Incoming:
        if url in self.asked:
            raise MalformedError("a page link leads back to a page already read")
        if len(self.asked) >= MOST_PAGES:
            raise CapError(f"more than {MOST_PAGES} pages", limit="pages")
        self.asked.add(url)
        if self.purse is None:
            return await self.channel.ask("GET", url, auth, headers, None)
        async with self.purse.place(self.channel.patience):
            return await self.channel.ask("GET", url, auth, headers, None)


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """Raise DeadlineError if the block takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise DeadlineError(f"no whole answer within {seconds:.3g} s") from None


def _plain(value: Secret | str) -> str:
    return value if isinstance(value, str) else value.reveal()


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
