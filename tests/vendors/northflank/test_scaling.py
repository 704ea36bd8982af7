"""What docs/scaling.md says of dividing an account by resource."""

from dataclasses import replace

from exporter.polling.budget import sustainable_interval
from exporter.providers.northflank import PROVIDER
from exporter.schedule import DAY, HOUR, MINUTE
from tests.paths import ROOT

PROSE = " ".join((ROOT / "docs" / "scaling.md").read_text(encoding="utf-8").split())


def test_what_dividing_a_source_by_resource_costs() -> None:
    """A hundred projects of ten addons each: every shard finds all, and has its part of the budget to do it with."""
    limit, count, addons, projects = PROVIDER.rate_limit, 10, 1000, 100
    interval = sustainable_interval(
        HOUR,
        replace(limit, share=1 / count),
        poll=addons // count,
        discovery=1 + projects + 2 * addons // count,
        discovery_interval=DAY,
    )
    whole = sustainable_interval(HOUR, limit, poll=addons, discovery=1 + projects + 2 * addons, discovery_interval=DAY)

    assert (
        f"{whole / MINUTE:.0f} minutes by one shard, and {interval / MINUTE:.0f} minutes by each of {count}." in PROSE
    )
