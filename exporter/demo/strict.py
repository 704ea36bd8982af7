"""Records requests that the simulated vendors' documents do not allow, so that a test with such a request fails."""

from typing import Any

from exporter.demo.http import Account, Request, Response

LONGEST_PATH = 200


class UndocumentedRequestWarning(UserWarning):
    """A request to a simulated vendor that the vendor's documents do not allow."""


class StrictAccount:
    """An account that answers as usual and records its complaints.

    The simulated vendor reports a wrong request by the `complaint` of its response: only the vendor can distinguish it
    from a refusal that belongs to the story.
    """

    def __init__(self, account: Account) -> None:
        """Wrap an account."""
        self.account = account
        self.name = account.name
        self.complaints: list[str] = []
        """Each appears once; they name account, method, path and status, but no header, query or body."""

    def configuration(self, base: str) -> dict[str, Any]:
        """Return the account's own source entry."""
        return self.account.configuration(base)

    def respond(self, request: Request, now: float) -> Response:
        """Answer as the account does."""
        response = self.account.respond(request, now)
        if response.complaint:
            asked = f"{request.method} {request.path[:LONGEST_PATH]}"
            complaint = f"{self.name}: {asked}: {response.status}, {response.complaint}"
            if complaint not in self.complaints:
                self.complaints.append(complaint)
        return response

    def forgive(self, words: str) -> None:
        """Drop expected complaints that contain these words; LookupError if there is none."""
        kept = [complaint for complaint in self.complaints if words not in complaint]
        if len(kept) == len(self.complaints):
            raise LookupError(f"nothing to forgive: {self.name} has no complaint of {words!r}")
        self.complaints = kept
