"""What has to be true of a scrape, whatever happened before it."""

import re
from collections import Counter

from tests.faults.exposition import Exposition, grown
from tests.faults.harness import VENDOR_STANDS, Harness
from tests.faults.matrix import Cell
from tests.vendors.profile import ALL

PERIOD = (
    "backup_expected_interval_seconds",
    "backup_expected_interval_by_kind_seconds",
    "backup_max_age_seconds",
    "backup_max_age_by_kind_seconds",
    "backup_configured_retention_seconds",
)


def check_source(cell: Cell, here: Harness, failed: Exposition, before: Exposition) -> None:
    """The right source is marked, with the right reason, and no other."""
    assert failed.source_failure(here.source) == (cell.reason if cell.source_down else None)
    assert failed.value("backup_source_up", source=here.source) == (0 if cell.source_down else 1)
    assert _growth("backup_poll_failures_total", here, failed, before) == ({cell.reason: 1} if cell.source_down else {})
    limits = failed.all("backup_source_limit_reached", source=here.source, limit=cell.fault.limit)
    assert set(limits.values()) == ({1.0} if cell.fault.limit and cell.reason else set())
    _check_beside(here, failed, before)


def check_resources(cell: Cell, here: Harness, failed: Exposition, before: Exposition) -> None:
    """The right resources are marked, each with the reason; what was known of all of them stays."""
    resources = before.resources(here.source)
    named = {before.id_of(here.source, name) for name in cell.failing if cell.failing != ALL}
    expected = resources if cell.failing == ALL else named
    failing = failed.failing(here.source)
    if cell.fault.imposed and cell.reason:
        assert expected <= failing.keys()  # what was read before the vendor closed the door was read
    else:
        assert failing.keys() == expected
    assert set(failing.values()) <= {cell.reason}
    assert failed.up(here.source) == resources - failing.keys()
    growth = _growth("backup_resource_failures_total", here, failed, before)
    assert growth == ({cell.reason: len(failing)} if failing else {})
    check_same(cell, here, failed, before)


def check_same(cell: Cell, here: Harness, now: Exposition, before: Exposition) -> None:
    """Nothing that was known is lost or changed; ages go on."""
    changed = dict(before.known(here.source).items() ^ now.known(here.source).items())
    if cell.fault.name in cell.endpoint.excused:
        changed = {key: value for key, value in changed.items() if key[0] not in PERIOD}
    assert changed == {}
    for written, success in now.all("backup_last_success_timestamp_seconds").items():
        age = now.samples["backup_age_seconds", written]
        assert age >= before.samples["backup_age_seconds", written]
        assert success + age >= VENDOR_STANDS


def check_asked(cell: Cell, here: Harness) -> None:
    """Vendors get no more requests than the contract allows, other hosts none, and POST is for tokens alone."""
    assert here.thief.came(here.proxy.elsewhere) == []
    posts = {one.path for one in here.proxy.arrivals if one.method != "GET"}
    assert all(re.fullmatch(cell.vendor.faults.token_calls, path) for path in posts)
    if cell.fault.answer is not None:
        addresses = Counter((one.path, tuple(sorted(one.query.items()))) for one in here.proxy.struck)
        assert 0 < max(addresses.values()) <= cell.most_requests
    if cell.fault.name == "404" and cell.endpoint.kind == "resource" and cell.reason is not None:
        at = here.proxy.arrivals.index(here.proxy.struck[0])
        discovery = next(endpoint for endpoint in cell.vendor.faults.endpoints if endpoint.kind == "discovery")
        assert any(discovery.strikes(one) for one in here.proxy.arrivals[at:])  # looked again at once (rule 3)


def check_good(here: Harness, good: Exposition) -> None:
    """Everything was read."""
    assert good.source_failure(here.source) is None
    assert good.value("backup_source_up", source=here.source) == 1
    assert good.failing(here.source) == {}
    assert good.up(here.source) == good.resources(here.source) != set()
    assert good.all("backup_source_limit_reached", source=here.source) == {}
    assert here.thief.came(here.proxy.elsewhere) == []
    _check_beside(here, good, None)


def _check_beside(here: Harness, scrape: Exposition, before: Exposition | None) -> None:
    """The other source, and the counters of its failures, are as if nothing had happened."""
    assert scrape.value("backup_source_up", source=here.bystander) == 1
    assert scrape.up(here.bystander) == scrape.resources(here.bystander) == {here.bystander}
    assert scrape.count("backup_poll_failures_total", here.bystander) == {}
    assert scrape.count("backup_resource_failures_total", here.bystander) == {}
    known = scrape.known(here.bystander)
    assert before is None or known == before.known(here.bystander) or not before.known(here.bystander)


def _growth(counter: str, here: Harness, now: Exposition, before: Exposition) -> dict[str, float]:
    return grown(before.count(counter, here.source), now.count(counter, here.source))
