"""Checks names and passwords against bcrypt hashes: slow on the first check, remembered afterwards.

One bcrypt is computed at a time, so that guessing does not take the whole processor. Checks wait in a queue of each
client address, bounded and newest first; the addresses take turns. A check whose clients have all gone is dropped
before it is computed, and a pair that was refused is remembered for a while. So neither many wrong logins nor many
clients that hang up keep a right one waiting.
"""

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from secrets import token_bytes

import bcrypt

from exporter import background

MAX_REMEMBERED = 100
MAX_REFUSED = 1000
REFUSED_SECONDS = 60.0
"""How long a pair that was refused is refused without another bcrypt."""
MAX_WAITING = 16
"""Checks that wait for one client address."""
BCRYPT_READS = 72
"""Bytes of a password that bcrypt looks at."""


class BusyError(Exception):
    """Too many logins from this address are waiting, so this one was not checked."""


@dataclass(slots=True, eq=False)
class _PendingLogin:
    """A pair of name and password that waits for its bcrypt, and the requests that wait for it."""

    pair: bytes
    password: bytes
    hashed: bytes
    known: bool
    waiting: "list[tuple[asyncio.Future[bool], Callable[[], bool]]]" = field(default_factory=list)

    def is_abandoned(self) -> bool:
        return all(future.done() or is_disconnected() for future, is_disconnected in self.waiting)

    def settle(self, outcome: bool | BusyError) -> None:
        for future, _ in self.waiting:
            if future.done():
                continue
            if isinstance(outcome, BusyError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)


def _never() -> bool:
    return False


class BasicAuthenticator:
    """Verifies passwords; a wrong name costs the same as a wrong password: one bcrypt."""

    def __init__(self) -> None:
        """Start empty; what is remembered is of no use outside this process."""
        self._key = token_bytes(32)
        self._verified: dict[bytes, None] = {}
        self._refused: dict[bytes, float] = {}
        """Until when a pair is refused."""
        self._queues: dict[str, dict[bytes, _PendingLogin]] = {}
        """By address, which comes last after its turn; within it the newest is last."""
        self._computing: _PendingLogin | None = None
        self._worker: asyncio.Task[None] | None = None

    async def verify(
        self,
        users: Mapping[bytes, bytes],
        authorization: str,
        address: str = "",
        is_disconnected: Callable[[], bool] = _never,
    ) -> bool:
        """Return whether an `Authorization` header holds the name and the password of one of `users`.

        BusyError if too many wait; `is_disconnected` returns whether the client has hung up meanwhile.
        """
        given = credentials(authorization)
        if given is None:
            return False
        name, password = given
        known = name in users
        hashed = users[name] if known else self._stand_in_hash(users, name)
        check = _PendingLogin(self._fingerprint(name, hashed, password), password, hashed, known)
        if known and self._is_remembered(check.pair):
            return True
        if self._refused.get(check.pair, 0.0) > asyncio.get_running_loop().time():
            return False
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        check.waiting.append((future, is_disconnected))
        self._join(check, address)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await future

    def _join(self, check: _PendingLogin, address: str) -> None:
        """Put a check into the queue; it becomes one with a check of the same pair that is computed or waits."""
        if self._computing is not None and self._computing.pair == check.pair:
            self._computing.waiting += check.waiting
            return
        queue = self._queues.setdefault(address, {})
        if (same := queue.pop(check.pair, None)) is not None:
            check.waiting += same.waiting
        queue[check.pair] = check
        if len(queue) > MAX_WAITING:
            oldest = next((one for one in queue.values() if one.is_abandoned()), next(iter(queue.values())))
            del queue[oldest.pair]
            oldest.settle(BusyError())

    async def _work(self) -> None:
        """Compute what waits, one after the other."""
        while (check := self._take_next()) is not None:
            outcome: bool | BusyError = BusyError()
            self._computing = check
            try:
                outcome = check.known & await background.run(partial(_matches, check.password, check.hashed))
                self._remember(check.pair, right=outcome)
            finally:  # also where no thread can be started
                self._computing = None
                check.settle(outcome)

    def _take_next(self) -> _PendingLogin | None:
        """Take the newest check of the address whose turn it is."""
        while self._queues:
            address = next(iter(self._queues))
            queue = self._queues.pop(address)
            _, check = queue.popitem()
            if queue:
                self._queues[address] = queue
            if not check.is_abandoned():
                return check
            check.settle(BusyError())
        return None

    def _remember(self, pair: bytes, *, right: bool) -> None:
        if right:
            self._verified[pair] = None
        else:
            self._refused.pop(pair, None)
            self._refused[pair] = asyncio.get_running_loop().time() + REFUSED_SECONDS
        for remembered, limit in ((self._verified, MAX_REMEMBERED), (self._refused, MAX_REFUSED)):
            while len(remembered) > limit:
                del remembered[next(iter(remembered))]

    def _is_remembered(self, pair: bytes) -> bool:
        """Return whether a pair was verified before, and note that it is in use."""
        if pair not in self._verified:
            return False
        del self._verified[pair]
        self._verified[pair] = None
        return True

    def _stand_in_hash(self, users: Mapping[bytes, bytes], name: bytes) -> bytes:
        """Return the hash used for an unknown name: a real one, always the same, at its real cost."""
        hashes = sorted(users.values())
        return hashes[int.from_bytes(blake2b(name, key=self._key).digest()) % len(hashes)]

    def _fingerprint(self, *parts: bytes) -> bytes:
        digest = blake2b(key=self._key)
        for part in parts:
            digest.update(len(part).to_bytes(8) + part)
        return digest.digest()


def credentials(authorization: str) -> tuple[bytes, bytes] | None:
    """Return name and password of a Basic `Authorization` header; None if it is none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (name, password) if colon else None


def _matches(password: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:BCRYPT_READS], hashed)
    except ValueError:  # a hash that this library cannot read matches nothing
        return False
