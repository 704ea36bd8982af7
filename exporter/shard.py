"""Assigns each source or resource to exactly one of several instances."""

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` instances, numbered from 0."""

    index: int
    count: int

    def owns(self, key: str) -> bool:
        """Return whether this instance watches what `key` names."""
        return owner(key, self.count) == self.index


def owner(key: str, count: int) -> int:
    """Return the number of the instance that `key` is assigned to; it depends on nothing else.

    Jump consistent hashing (Lamping and Veach, 2014): from N to N + 1 instances, one key in N + 1 moves, and always to
    the new one. Taking a hash modulo N would move nearly all.
    """
    state = int.from_bytes(sha256(key.encode("utf-8", "replace")).digest()[:8], "big")
    chosen, candidate = -1, 0
    while candidate < count:
        chosen = candidate
        state = (state * 2862933555777941757 + 1) % 2**64
        candidate = int((chosen + 1) * (2**31 / ((state >> 33) + 1)))
    return chosen
