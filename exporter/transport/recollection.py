"""Recognizes answers that were heard before, so that nothing need be made of them again."""

from dataclasses import dataclass, field

LONGEST_ETAG = 256
NOISE = b'"requestId"'
"""The id that a vendor gives an answer itself: new each time, and read by nobody."""


class SameAgainError(Exception):
    """Every answer of a reading is what it was the last time, to the end."""


@dataclass(slots=True)
class Recollection:
    """What a reading hears, against what the last one heard.

    Providers only map: the same answers give the same result. So a reading may end as soon as it has heard all that
    it heard the last time, before any of it is decoded. An answer is remembered by its hash alone, which is keyed
    anew in each process.
    """

    before: tuple[int, ...] = ()
    """The last reading's answers; without any, the reading is never the same."""
    etag: str = ""
    """The `ETag` of the last reading's only answer; the vendor is asked to say no more than a 304 if it still is."""
    heard: list[int] = field(default_factory=list)
    told: str = ""
    """The `ETag` of the answer that was heard last."""

    @property
    def condition(self) -> dict[str, str]:
        """The header that makes the next request a conditional one; of several answers each would be needed again."""
        return {"If-None-Match": self.etag} if self.etag and len(self.before) == 1 and not self.heard else {}

    def hear(self, url: str, link: str, body: bytes, etag: str = "") -> None:
        """Take the next good answer; SameAgainError if with it the reading is the same as the last."""
        self.told = etag if len(etag) <= LONGEST_ETAG else ""
        self.heard.append(hash((url, link, _without_noise(body))))
        if len(self.heard) == len(self.before) and tuple(self.heard) == self.before:
            raise SameAgainError


def _without_noise(body: bytes) -> bytes:
    """Return a body without its own id, if it begins or ends with one."""
    at = body.find(NOISE, 0, 200)
    at = at if at >= 0 else body.find(NOISE, max(0, len(body) - 200))
    end = body.find(b",", at) if at >= 0 else -1
    return body[:at] + body[end:] if end >= 0 else body[:at] if at >= 0 else body
