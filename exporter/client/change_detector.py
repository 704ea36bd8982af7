"""Detects that the responses of a reading are unchanged, so that they need not be decoded."""

from dataclasses import dataclass, field

MAX_ETAG_LENGTH = 256
MAX_LINK_LENGTH = 4096
REQUEST_ID = b'"requestId"'
"""The id that a vendor gives each answer; it always differs, and is not read here."""


class NotModifiedError(Exception):
    """Every response of a reading is the same as the last time."""


@dataclass(slots=True)
class ChangeDetector:
    """Compares the responses of a reading with those of the last one.

    Providers only map: the same answers give the same result. So a reading may end as soon as it has seen all that
    it saw the last time, before any of it is decoded. An answer is remembered by its hash alone, which is keyed
    anew in each process.
    """

    previous: tuple[int, ...] = ()
    """The hashes of the last reading's answers; if empty, the reading always counts as changed."""
    previous_etag: str = ""
    """The `ETag` of the last reading's only answer; the vendor is asked for a 304 if it is unchanged."""
    previous_link: str = ""
    """The `Link` of that answer: it shows whether another page follows."""
    seen: list[int] = field(default_factory=list)
    etag: str = ""
    """The `ETag` of the newest answer."""
    link: str = ""
    """The `Link` of that answer."""

    @property
    def conditional_headers(self) -> dict[str, str]:
        """Return the header that makes the next request conditional; none if the last reading had several responses."""
        return (
            {"If-None-Match": self.previous_etag}
            if self.previous_etag and len(self.previous) == 1 and not self.seen
            else {}
        )

    def observe_not_modified(self, link: str | None) -> None:
        """Take a 304; NotModifiedError unless its `Link`, which is no part of the body, differs from the one seen.

        A 304 need not have a `Link`: without one it says nothing about it.
        """
        if link is None or link == self.previous_link:
            raise NotModifiedError

    def observe(self, url: str, link: str, body: bytes, etag: str = "") -> None:
        """Take the next good answer; NotModifiedError if with it the reading is the same as the last."""
        self.etag = etag if len(etag) <= MAX_ETAG_LENGTH else ""
        self.link = link if len(link) <= MAX_LINK_LENGTH else ""
        if len(link) > MAX_LINK_LENGTH:
            self.etag = ""  # a link that is not remembered cannot be compared
        self.seen.append(hash((url, link, _strip_request_id(body))))
        if len(self.seen) == len(self.previous) and tuple(self.seen) == self.previous:
            raise NotModifiedError


def _strip_request_id(body: bytes) -> bytes:
    """Return a body without its own id, if it begins or ends with one."""
    at = body.find(REQUEST_ID, 0, 200)
    at = at if at >= 0 else body.find(REQUEST_ID, max(0, len(body) - 200))
    end = body.find(b",", at) if at >= 0 else -1
    return body[:at] + body[end:] if end >= 0 else body[:at] if at >= 0 else body
