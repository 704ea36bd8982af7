"""Keeps what simulated vendors were asked wrongly, so that a test in which that happened fails."""

from typing import Any

from exporter.demo.http import Account, Request, Response

LONGEST_PATH = 200


class AskedWrongly(UserWarning):
    """Simulated vendors were asked for what their documents do not allow."""


class Strict:
    """An account that answers as it always does and keeps what it has to complain of.

    The simulated vendor itself reports what is the asker's fault, by the `complaint` of its response: it alone knows
    which of its refusals belong to the story.
    """

    def __init__(self, account: Account) -> None:
        """Begin without a complaint."""
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
        """Drop the complaints that hold these words, provoked on purpose; LookupError if there is none."""
        kept = [complaint for complaint in self.complaints if words not in complaint]
        if len(kept) == len(self.complaints):
            raise LookupError(f"nothing to forgive: {self.name} has no complaint of {words!r}")
        self.complaints = kept
