"""The table: vendor x place x fault, and what the contract expects of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.faults.faults import FAULTS, Fault
from tests.vendors import find_profiles
from tests.vendors.profile import ALL, Endpoint, Profile

ABORT_REASONS = frozenset({"connection", "tls", "timeout", "unauthorized", "rate_limited"})
"""Where finding the resources fails for one of these, reading each would only fail again (rule 4 leaves that open)."""
NO_LINKS = "its pages have cursors, no links"
UNPAGED = "not a paged list: a link is nothing to follow"


@dataclass(frozen=True, slots=True)
class Cell:
    """One vendor, one place, one fault."""

    vendor: Profile
    endpoint: Endpoint
    fault: Fault

    @property
    def id(self) -> str:
        """Return what identifies it."""
        return f"{self.vendor.name}-{self.endpoint.name}-{self.fault.name}"

    @property
    def ridden_out(self) -> str | None:
        """Return why nothing fails, if nothing does."""
        if excused := self.endpoint.excused.get(self.fault.name):
            return excused
        if self.fault.paged and (unfollowed := self._unfollowed):
            return unfollowed
        if (
            self.fault.once
            and self.endpoint.method == "GET"
            and not (self.endpoint.kind == "start" and self._exchanges)
        ):
            return "a GET is sent once more (rule 5)"
        if self.fault.expires and self.endpoint.signed == "exchanged":
            return "renewed once and tried once more (rule 12)"
        return None if self.fault.reason else "waited for and tried again (rule 11)"

    @property
    def _unfollowed(self) -> str | None:
        """Return why a page link is nothing to follow here."""
        paged = [self.endpoint] if self.endpoint.kind != "start" else self.vendor.faults.endpoints
        if not any(endpoint.paged for endpoint in paged):
            return UNPAGED
        faults = self.vendor.faults
        return None if faults.follows_links or (faults.more_pages and not self.fault.link) else NO_LINKS

    @property
    def _exchanges(self) -> bool:
        return self.endpoint.signed == "exchanged"

    @property
    def reason(self) -> str | None:
        """Return the contract's reason; None where nothing fails."""
        return None if self.ridden_out else self.fault.reason

    @property
    def source_down(self) -> bool:
        """Whether the source itself is down: the token, discovery, or every resource failed (rule 4)."""
        if self.reason is None:
            return False
        if self.endpoint.kind in ("start", "token", "discovery", "host") or self.fault.imposed:
            return True
        return self.endpoint.failing == ALL

    @property
    def failing(self) -> tuple[str, ...]:
        """Return the names of the resources that fail; with a source that is closed, all."""
        if self.reason is None:
            return ()
        if self.endpoint.kind in ("start", "token", "host"):
            return ALL
        if self.endpoint.kind == "discovery":
            return ALL if self.reason in ABORT_REASONS else ()
        return self.endpoint.failing

    @property
    def before(self) -> float:
        """Return the seconds from the good poll before to the one that fails: for most places everything is due."""
        return 300.0 if self.endpoint.kind == "resource" and not self.fault.paged else 3700.0

    @property
    def after(self) -> float:
        """Return the seconds until the next good poll; a Retry-After takes the place of the schedule."""
        return 3700.0 if self.endpoint.kind == "facts" and self.ridden_out else self.fault.after

    @property
    def most_requests(self) -> int:
        """Return how often the struck address may be asked."""
        fault, endpoint = self.fault, self.endpoint
        if fault.name == "401":
            return 2 if endpoint.signed == "exchanged" else 1
        if fault.name in endpoint.tries:
            return endpoint.tries[fault.name]
        if fault.expires:
            return 2
        if endpoint.renewed:
            return max(2, fault.tries + 1)
        if self.ridden_out in (UNPAGED, NO_LINKS) or (fault.paged and endpoint.paged):
            return 3
        return (fault.posts or fault.tries) if endpoint.method == "POST" else fault.tries


def all_cells() -> Iterator[Cell]:
    """Return every cell that can be: a fault that befalls a host has no path, one that is answered no host."""
    for vendor in find_profiles().values():
        for endpoint in vendor.faults.endpoints:
            for fault in FAULTS:
                if endpoint.kind != "start" and bool(fault.host) != (endpoint.kind == "host"):
                    continue
                if fault.expires and (endpoint.kind == "start" or not endpoint.signed):
                    continue
                yield Cell(vendor, endpoint, fault)


def choose_sample(cells: Iterable[Cell]) -> frozenset[str]:
    """Return the ids of cells that strike each vendor with each fault once, at each of its places in turn."""
    by_vendor: dict[str, dict[str, list[str]]] = {}
    for cell in cells:
        by_vendor.setdefault(cell.vendor.name, {}).setdefault(cell.fault.name, []).append(cell.id)
    return frozenset(
        places[turn % len(places)] for by_fault in by_vendor.values() for turn, places in enumerate(by_fault.values())
    )
