"""Keeps the tokens that vendors issue in exchange for credentials: used while valid, renewed before they expire."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from exporter.provider import Token, TokenExchange

MAX_MARGIN = 300.0


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A token with the instant (of the loop's clock) from which it is not used any more."""

    value: str = field(repr=False)
    until: float


class TokenStore:
    """One source's tokens, by the identity of the exchange that gives them."""

    def __init__(self) -> None:
        """Start empty."""
        self._held: dict[Hashable, HeldToken] = {}
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()
        """Each lives while it is held or waited for."""

    async def get(self, exchange: TokenExchange, fetch: Callable[[], Awaitable[Token]]) -> str:
        """Return a valid token; `fetch` gets a new one, once for all concurrent callers."""
        identity = exchange.identity
        lock = self._locks.setdefault(identity, asyncio.Lock())
        async with lock:
            now = asyncio.get_running_loop().time()
            held = self._held.get(identity)
            if held is None or now >= held.until:
                token = await fetch()
                lifetime = token.lifetime or exchange.lifetime
                margin = min(MAX_MARGIN, lifetime / 5)
                self._held = {key: one for key, one in self._held.items() if now < one.until}
                held = self._held[identity] = HeldToken(token.value, now + lifetime - margin)
            return held.value

    def is_valid(self, exchange: TokenExchange, value: str) -> bool:
        """Whether this is still the token to use."""
        held = self._held.get(exchange.identity)
        return held is not None and held.value == value and asyncio.get_running_loop().time() < held.until

    def drop(self, exchange: TokenExchange, value: str) -> None:
        """Forget a token that was refused, unless it has been renewed already."""
        identity = exchange.identity
        held = self._held.get(identity)
        if held is not None and held.value == value:
            del self._held[identity]
