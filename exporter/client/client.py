"""Sends requests to a vendor: signs and paces them, renews tokens, retries once, and counts what a request costs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from exporter.client.decoding import decode_body
from exporter.client.rate_limiter import MAX_REFUSALS, NotSentError, RateLimiter
from exporter.client.responses import (
    number,
    rate_limit_reset,
    retry_after,
)
from exporter.client.signing import address_with_key, merge_headers, secrets_of, static_headers, token_request
from exporter.client.tokens import TokenStore
from exporter.counters import Counters
from exporter.errors import ConnectionFailedError, DeadlineError, PollError, RateLimitedError
from exporter.files import log_problem_change
from exporter.provider import Auth, RateHeaders, Token, TokenExchange
from exporter.secret import Secret

MAX_RENEWALS = 5
"""How often a waiting request renews a token that expires meanwhile, before it is sent with the token it has."""
RENEWAL_COOLDOWN = 900.0
"""Seconds for which no token is renewed for an address that answered 401 to a renewed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP response, read to its end; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Cost:
    """How many requests an operation has made; second tries and token calls count."""

    requests: int = 0


class Transport(Protocol):
    """Sends a request to a vendor and returns the response."""

    async def send(self, request: Request) -> Response:
        """Return the whole answer, whatever its status; a PollError if there is none."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


@dataclass(slots=True, kw_only=True)
class Client:
    """Sends all requests to one source's vendor."""

    transport: Transport
    limiter: RateLimiter
    counters: Counters
    tokens: TokenStore
    timeout: float
    """Seconds that one request may take, a second try included; waiting for the rate limit does not count."""
    max_wait: float
    """The longest wait in seconds that the vendor may impose: the poll interval."""
    clock: Callable[[], float]
    bases: Sequence[str] = ()
    """The configured base URLs, whose paths a link does not leave."""
    large: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """Held by the one reading that may be large at a time."""
    rate_headers: RateHeaders = field(default_factory=RateHeaders)
    log: Any = field(default_factory=structlog.get_logger, repr=False)
    secrets: Sequence[Secret] = field(default=(), repr=False)
    """The source's credentials, of which a signature may hold a part only."""
    renewal_blocked_until: dict[str, float] = field(default_factory=dict, repr=False)
    """When to try renewing a token again, by the address that answered 401 to a renewed one."""

    async def request(
        self,
        method: str,
        url: str,
        auth: Auth | None,
        headers: Mapping[str, str],
        body: bytes | None = None,
        cost: Cost | None = None,
    ) -> Response:
        """Send a signed request; on a 401 to an exchanged token, renew it once and send again.

        Every request that this takes is added to `cost`.
        """
        cost = Cost() if cost is None else cost
        request = Request(method=method, url=url, headers=headers, body=body)
        response, token = await self._send_until_accepted(request, auth, cost)
        if response.status != 401:
            self.renewal_blocked_until.pop(url, None)
        now = asyncio.get_running_loop().time()
        if (
            response.status != 401
            or not isinstance(auth, TokenExchange)
            or self.renewal_blocked_until.get(url, 0.0) > now
        ):
            return response
        self.tokens.drop(auth, token)
        response, _ = await self._send_until_accepted(request, auth, cost)
        self.renewal_blocked_until = {
            address: until for address, until in self.renewal_blocked_until.items() if until > now and address != url
        }
        if response.status == 401:
            self.renewal_blocked_until[url] = now + RENEWAL_COOLDOWN
        return response

    async def _sign(self, auth: Auth | None, cost: Cost) -> tuple[dict[str, str], str]:
        if not isinstance(auth, TokenExchange):
            await self._refresh(auth)
            return static_headers(auth), ""
        try:
            token = await self.tokens.get(auth, lambda: self._exchange(auth, cost))
        except PollError as error:
            if auth.source_wide and not error.source_wide:
                raise error.widen() from None
            raise
        return {"Authorization": f"Bearer {token}"}, token

    async def _refresh(self, auth: Auth | None) -> None:
        """Read again what has changed of a credential; log when a file cannot be used, or can be again."""
        for secret in (*self.secrets, *secrets_of(auth)):
            if secret.watched is not None:
                await secret.watched.refresh()
                log_problem_change(self.log, secret.key, secret.watched)

    async def _exchange(self, exchange: TokenExchange, cost: Cost) -> Token:
        await self._refresh(exchange)
        headers, body = token_request(exchange)
        response = await self.request("POST", exchange.url, exchange.auth, headers, body, cost)
        token = exchange.read(await decode_body(response.status, response.body))
        if token.lifetime is None and token.expires is not None and (left := token.expires - self.clock()) > 0:
            return Token(token.value, left)
        return token

    async def _send_until_accepted(self, request: Request, auth: Auth | None, cost: Cost) -> tuple[Response, str]:
        """Send until the vendor does not answer 429; RateLimitedError if it asks for too long a wait, or too often."""
        for _ in range(MAX_REFUSALS + 1):  # others may succeed meanwhile, and then the limiter does not give up
            response, token = await self._send_with_retry(request, auth, cost)
            if response.status != 429:
                self.limiter.record_success()
                return response, token
            self.limiter.record_429(retry_after(response.headers, self.clock(), self.rate_headers))
        raise RateLimitedError(f"the request was refused {MAX_REFUSALS + 1} times")

    async def _send_with_retry(self, request: Request, auth: Auth | None, cost: Cost) -> tuple[Response, str]:
        """Send; a GET whose connection was reset, or that met a 502, 503 or 504, once more while there is time."""
        loop = asyncio.get_running_loop()
        spent = 0.0
        again = request.method == "GET"
        while True:
            async with self._slot(request, auth, cost) as (signed, token):
                began = loop.time()
                try:
                    response = await self._send_once(signed, max(self.timeout - spent, 0.001), cost)
                except ConnectionFailedError as error:
                    if not (again and error.reset):
                        raise
                else:
                    if not (again and response.status in (502, 503, 504)):
                        return response, token
                spent += loop.time() - began
            again = False

    @asynccontextmanager
    async def _slot(self, request: Request, auth: Auth | None, cost: Cost) -> AsyncIterator[tuple[Request, str]]:
        """Hold a slot of the limiter; yield the signed request and its token.

        A token that expired while the request waited is renewed first; others may take the slot meanwhile.
        """
        for renewals in range(MAX_RENEWALS + 1):
            signature, token = await self._sign(auth, cost)
            try:
                async with self.limiter.slot(self.max_wait) as wait:
                    self.counters.count_throttled(wait)
                    if renewals < MAX_RENEWALS:
                        self._require_valid_token(auth, token)
                    headers = merge_headers(request.headers, signature)
                    yield replace(request, url=address_with_key(request.url, auth), headers=headers), token
                    return
            except NotSentError:
                continue

    def _require_valid_token(self, auth: Auth | None, token: str) -> None:
        if isinstance(auth, TokenExchange) and not self.tokens.is_valid(auth, token):
            raise NotSentError

    async def _send_once(self, request: Request, seconds: float, cost: Cost) -> Response:
        loop = asyncio.get_running_loop()
        began = loop.time()
        code = "none"
        try:
            async with deadline(seconds):
                response = await self.transport.send(request)
            code = str(response.status)
            self._record_remaining(response.headers)
            return response
        finally:
            cost.requests += 1
            self.counters.count_request(code, loop.time() - began)

    def forget_refusals(self) -> None:
        """Allow renewals again for every address: the refusals may have concerned the whole source."""
        self.renewal_blocked_until.clear()

    def _record_remaining(self, headers: Mapping[str, str]) -> None:
        header = headers.get(self.rate_headers.remaining)
        remaining = None if header is None else number(header)
        if remaining is None:
            return
        self.counters.record_remaining(remaining)
        reset = rate_limit_reset(headers, self.clock(), self.rate_headers)
        if remaining == 0 and reset is not None:  # others use the same budget: the next request would get a 429
            self.limiter.close_for(reset)


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """Raise DeadlineError if the block takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise DeadlineError(f"no whole answer within {seconds:.3g} s") from None
