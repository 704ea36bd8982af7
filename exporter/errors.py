"""The ways in which a request to a vendor can fail, each with the `reason` that users see.

    PollError
    |- UnauthorizedError   unauthorized
    |- ForbiddenError      forbidden
    |- NotFoundError       not_found
    |- RateLimitedError    rate_limited
    |- DeadlineError       timeout
    |- ConnectionFailedError connection
    |- TlsError            tls
    |- ServerError         server_error
    |- MalformedError      malformed
    |  |- CapError         malformed, and `backup_source_limit_reached`
    |- InternalError       internal
    |- DownloadError       of download checks alone
       |- MissingError          missing
       |- SizeMismatchError     size_mismatch
       |- ChecksumMismatchError checksum_mismatch
       |- ExpiredError          expired

The HTTP library's own exceptions stop at the transport: they carry URLs and headers, and may change. The text of
these is ours; it never quotes a body, a header or a query.
"""

from typing import ClassVar


class PollError(Exception):
    """A vendor could not be asked, or did not answer usefully."""

    reason: ClassVar[str]

    def __init__(self, message: str = "", *, source_wide: bool = False) -> None:
        """Take the text, and whether the whole source fails: its credential, not one resource, was refused."""
        super().__init__(message)
        self.source_wide = source_wide

    def widen(self) -> "PollError":
        """Return this error as one of the whole source."""
        return type(self)(str(self), source_wide=True)


class UnauthorizedError(PollError):
    """401: the credential is not accepted."""

    reason = "unauthorized"


class ForbiddenError(PollError):
    """402 or 403: the credential is known but may not read this."""

    reason = "forbidden"


class NotFoundError(PollError):
    """404 or 410: what was asked for does not exist."""

    reason = "not_found"


class RateLimitedError(PollError):
    """429, with a wait longer than a poll may take."""

    reason = "rate_limited"


class DeadlineError(PollError):
    """408, or no whole answer within the request timeout."""

    reason = "timeout"


class ConnectionFailedError(PollError):
    """No connection, or one that broke."""

    reason = "connection"

    def __init__(self, message: str = "", *, reset: bool = False, source_wide: bool = False) -> None:
        """Say whether an established connection broke, which is worth another try; a refused one is not."""
        super().__init__(message, source_wide=source_wide)
        self.reset = reset

    def widen(self) -> PollError:
        """Return this error as one of the whole source."""
        return ConnectionFailedError(str(self), reset=self.reset, source_wide=True)


class TlsError(PollError):
    """The server's certificate is not trusted."""

    reason = "tls"


class ServerError(PollError):
    """5xx."""

    reason = "server_error"


class MalformedError(PollError):
    """An answer that does not fit the vendor's documents."""

    reason = "malformed"


class CapError(MalformedError):
    """An answer beyond one of our caps."""

    def __init__(self, message: str, *, limit: str, source_wide: bool = False) -> None:
        """Take the `limit` label of `backup_source_limit_reached`."""
        super().__init__(message, source_wide=source_wide)
        self.limit = limit

    def widen(self) -> PollError:
        """Return this error as one of the whole source."""
        return CapError(str(self), limit=self.limit, source_wide=True)


class InternalError(PollError):
    """A bug of the exporter during a reading; its traceback is in the log."""

    reason = "internal"


class DownloadError(PollError):
    """A backup could not be fetched in a way that only a download can fail."""


class MissingError(DownloadError):
    """There is no link, or no file behind it."""

    reason = "missing"


class SizeMismatchError(DownloadError):
    """The file is longer or shorter than the vendor reports."""

    reason = "size_mismatch"


class ChecksumMismatchError(DownloadError):
    """The file has another checksum than the vendor reports."""

    reason = "checksum_mismatch"


class ExpiredError(DownloadError):
    """The link has expired."""

    reason = "expired"


REASONS = (
    "unauthorized", "forbidden", "not_found", "rate_limited", "timeout", "connection", "tls", "server_error",
    "malformed", "internal",
)  # fmt: skip
DOWNLOAD_REASONS = (*REASONS, "missing", "size_mismatch", "checksum_mismatch", "expired")
"""Why a download check can fail."""
