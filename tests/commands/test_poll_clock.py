"""The JSON of `poll` goes by the clock of the verdicts, as that of the API; the exposition shows the wall clock."""

from exporter.commands.poll import list_resource_records
from exporter.metrics.exposition import Exposition
from exporter.state.store import Store
from tests.metrics.states import NOW, PLAIN, Clock, done, source, with_listing


def test_a_jump_of_the_clock_that_has_not_lasted_changes_the_exported_time_alone() -> None:
    clock = Clock()
    store = Store(clock, lambda: 0.0)
    exposition = Exposition.follow(store)
    store.add_source(source("main"))
    store.put("main", with_listing(PLAIN, done("b", 1.0, 5, 1.0, "")))
    before = list_resource_records(store)
    clock.now += 86400.0

    assert list_resource_records(store) == before
    assert before[0]["backup_age_seconds"] == 3600.0
    text = b"".join(exposition.render(openmetrics=False)).decode()
    assert f"backup_exporter_time_seconds {NOW + 86400.0:.0f}" in text.replace(".0\n", "\n")
