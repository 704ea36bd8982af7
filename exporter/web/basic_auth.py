"""Checks names and passwords against bcrypt hashes: dearly the first time, cheaply once a pair has been verified."""

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Mapping
from hashlib import blake2b
from secrets import token_bytes

import bcrypt

MAX_REMEMBERED = 100
BCRYPT_READS = 72
"""Bytes of a password that bcrypt looks at."""


class BasicAuthenticator:
    """Lets in who knows a password; a wrong name costs as much as a wrong password, here and there one bcrypt."""

    def __init__(self) -> None:
        """Remember nobody yet; what is remembered is of no use outside this process."""
        self._key = token_bytes(32)
        self._verified: dict[bytes, None] = {}
        self._one_at_a_time = asyncio.Lock()

    async def verify(self, users: Mapping[bytes, bytes], authorization: str) -> bool:
        """Tell whether an `Authorization` header holds the name and the password of one of `users`."""
        given = credentials(authorization)
        if given is None:
            return False
        name, password = given
        known = name in users
        hashed = users[name] if known else self._stand_in_hash(users, name)
        pair = self._fingerprint(name, hashed, password)
        if known and self._is_remembered(pair):
            return True
        async with self._one_at_a_time:  # it is the processor that it costs: guessing must not take all of it
            if known and self._is_remembered(pair):
                return True
            right = await asyncio.to_thread(_matches, password, hashed)
        if right and known:
            self._verified[pair] = None
            while len(self._verified) > MAX_REMEMBERED:
                del self._verified[next(iter(self._verified))]
        return right and known

    def _is_remembered(self, pair: bytes) -> bool:
        """Tell whether a pair was verified before, and note that it is in use."""
        if pair not in self._verified:
            return False
        del self._verified[pair]
        self._verified[pair] = None
        return True

    def _stand_in_hash(self, users: Mapping[bytes, bytes], name: bytes) -> bytes:
        """Return the hash that stands in for that of an unknown name: a real one, always the same, at its real cost."""
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
