"""A vendor that makes up a new status word for each backup fills neither memory nor log."""

import pytest
from structlog.testing import capture_logs

from exporter.model import Status
from exporter.polling.unknown_values import MAX_LOGGED
from tests.polling.stub_provider import Vendor, row, source, watching
from tests.virtual_time import virtually

pytestmark = pytest.mark.integration


@virtually
async def test_only_so_many_unknown_words_are_told_of() -> None:
    rows = [row(str(number), f"word {number}") for number in range(MAX_LOGGED + 500)]
    vendor = Vendor({"one": ["a"]}, {"a": [rows]})
    async with watching(vendor, source()) as seen:
        watch = seen.app._watches["stub"]
        with capture_logs() as logs:
            await watch.poller.poll()
            await watch.poller.poll()
        counts = seen.entry().resources["a"].summary
    logged = [entry["word"] for entry in logs if entry["event"] == "status.unknown"]
    assert len(logged) == len(set(logged)) == MAX_LOGGED
    assert counts is not None
    assert counts.counts[Status.UNKNOWN] == len(rows), "counted they are all"
