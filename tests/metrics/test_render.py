"""The exposition byte for byte, for one state after the other; `UPDATE_GOLDEN=1` writes the golden files anew."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from exporter.config.sections import RESERVED_LABELS
from exporter.metrics.exposition import Exposition
from exporter.metrics.families import FAMILIES
from exporter.metrics.render import render_resource
from exporter.model import Status
from exporter.shard import Shard
from exporter.state.resource import SourceStatus
from exporter.state.store import Store
from exporter.state.summary import Summary
from exporter.state.view import ResourceView
from tests.metrics.states import (
    FULL,
    HOUR,
    NOW,
    ORDERS,
    PLAIN,
    STATES,
    Clock,
    backup,
    good,
    source,
    thing,
    with_listing,
)

GOLDEN = Path(__file__).parent / "golden"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
EACH_STATE = pytest.mark.parametrize("state", STATES)


@pytest.fixture(autouse=True)
def one_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.metrics.source_families.__version__", "1.2.3")


def store_and_exposition(state: str) -> tuple[Store, Exposition]:
    clock = Clock()
    store = Store(clock, clock)
    exposition = Exposition.follow(store)
    STATES[state](clock, store)
    return store, exposition


def render_state(state: str, *, openmetrics: bool = False) -> bytes:
    """Return the exposition as it is served, but for the process' own metrics, which end an OpenMetrics one."""
    exposition = store_and_exposition(state)[1]
    return b"".join(exposition.render(openmetrics=openmetrics)) + (b"# EOF\n" if openmetrics else b"")


def read(families: Iterable[Any]) -> Samples:
    """Return all samples by name and labels; one that appears twice is an error."""
    found: Samples = {}
    for family in families:
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, sample
            found[key] = float(sample.value)
    return found


def expect_samples(store: Store) -> Iterator[tuple[tuple[str, frozenset[tuple[str, str]]], float]]:
    """Yield what the table of families says of everything in the store, without the writer of the exposition."""
    for entry in store.entries.values():
        whose = {"provider": entry.source.provider_name, "source": entry.source.name}
        for resource_status in entry.resources.values():
            policy = entry.source.policy(resource_status.resource.id, resource_status.resource.name)
            labels = frozenset({**whose, "resource": resource_status.resource.id, **dict(policy.labels)}.items())
            yield ("backup_resource_first_seen_timestamp_seconds", labels), resource_status.first_seen
            if resource_status.up is not None:
                yield ("backup_resource_up", labels), resource_status.up
            if resource_status.summary is not None and resource_status.summary.last_success is not None:
                yield ("backup_last_success_timestamp_seconds", labels), resource_status.summary.last_success
            if resource_status.summary is not None and resource_status.summary.stored_bytes is not None:
                yield ("backup_stored_bytes", labels), float(resource_status.summary.stored_bytes)
        if entry.status.up is not None:
            yield ("backup_source_up", frozenset({**whose, **dict(entry.source.labels)}.items())), entry.status.up


@pytest.mark.parametrize(
    ("state", "file", "openmetrics"),
    [*((state, f"{state}.prom", False) for state in STATES), ("good", "good.openmetrics.prom", True)],
)
def test_exposition_is_as_it_was(state: str, file: str, openmetrics: bool) -> None:
    found, path = render_state(state, openmetrics=openmetrics), GOLDEN / file
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(found)

    assert found.decode() == path.read_bytes().decode()


def test_no_golden_file_outlives_its_state() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {*(f"{state}.prom" for state in STATES), "good.openmetrics.prom"}


@EACH_STATE
def test_both_formats_tell_the_same_and_what_is_known(state: str) -> None:
    text = read(text_families(render_state(state).decode()))
    openmetrics = read(openmetrics_families(render_state(state, openmetrics=True).decode()))  # type: ignore[no-untyped-call]

    assert text == openmetrics
    assert dict(expect_samples(store_and_exposition(state)[0])).items() <= text.items()


def test_together_the_states_show_every_family_and_no_other() -> None:
    lines = b"".join((GOLDEN / f"{state}.prom").read_bytes() for state in STATES).decode().splitlines()
    types = {tuple(line.split()[2:]) for line in lines if line.startswith("# TYPE")}

    assert types == {(family.name, family.type) for family in FAMILIES}


@EACH_STATE
@pytest.mark.parametrize("openmetrics", [False, True])
def test_each_family_stands_once_with_its_help_before_its_samples(state: str, openmetrics: bool) -> None:
    lines = render_state(state, openmetrics=openmetrics).decode().splitlines()
    helped = [line.split()[2] for line in lines if line.startswith("# HELP")]
    typed = [line.split()[2] for line in lines if line.startswith("# TYPE")]

    assert helped == typed
    assert len(set(helped)) == len(helped)
    assert not any(line.split("{")[0].endswith("_created") for line in lines)


@EACH_STATE
def test_a_family_has_the_labels_of_its_table_and_the_configured_ones(state: str) -> None:
    labels = {family.name + ending: family for family in FAMILIES for ending in ("", "_bucket", "_sum", "_count")}
    for name, pairs in read(text_families(render_state(state).decode())):
        own = set(dict(pairs)) - {"squad", "tier", "note"}
        family = labels[name]

        assert own - {"kind", "limit", "le"} == set(family.labels) - {"kind", "limit", "le"}
        assert own <= set(family.labels)
        assert "" not in dict(pairs).values()


def value(state: str, name: str, **labels: str) -> list[float]:
    found = read(text_families(render_state(state).decode())).items()
    return [
        format_number
        for (called, pairs), format_number in found
        if called == name and labels.items() <= dict(pairs).items()
    ]


def test_an_age_goes_on_while_the_vendor_is_down() -> None:
    assert value("good", "backup_age_seconds", resource="shop/orders") == [6.5 * HOUR]
    assert value("good_then_failing", "backup_age_seconds", resource="shop/orders") == [7.5 * HOUR]
    assert value("good", "backup_age_seconds", resource="window") == [0.25]


def test_an_age_is_never_negative() -> None:
    clock = Clock()
    store = Store(clock, clock)
    exposition = Exposition.follow(store)
    good(clock, store)
    clock.now -= 500 * HOUR
    ages = [
        line for line in b"".join(exposition.render(openmetrics=False)).splitlines() if line.startswith(b"backup_age")
    ]

    assert len(ages) == 3
    assert all(line.endswith(b" 0.000") for line in ages)


def test_what_was_known_stays_while_the_vendor_is_down() -> None:
    before, after = (read(text_families(render_state(state).decode())) for state in ("good", "good_then_failing"))
    gone = {name for name, _ in before.keys() - after.keys()}
    change = {name for name, pairs in before.keys() & after.keys() if before[name, pairs] != after[name, pairs]}

    assert gone == {"backup_source_limit_reached"}
    assert change == {
        *("backup_age_seconds", "backup_resource_up", "backup_source_up", "backup_polls_total"),
        *("backup_poll_failures_total", "backup_resource_failures_total", "backup_api_requests_total"),
        *(f"backup_api_request_duration_seconds_{ending}" for ending in ("bucket", "sum", "count")),
        *("backup_exporter_config_last_reload_successful", "backup_exporter_state_last_write_successful"),
        "backup_exporter_time_seconds",
    }


def test_a_source_that_was_never_polled_is_neither_up_nor_down() -> None:
    assert value("never_polled", "backup_source_up") == []
    assert value("never_polled", "backup_source_resources") == []
    assert value("never_polled", "backup_polls_total") == [0]
    assert set(value("never_polled", "backup_poll_failures_total")) == {0}
    assert len(value("never_polled", "backup_poll_failures_total")) == 10


def test_a_resource_that_was_never_listed_has_only_what_discovery_tells() -> None:
    names = {name for name, pairs in read(text_families(render_state("good").decode())) if ("resource", "new") in pairs}

    assert names == {
        *("backup_resource_info", "backup_resource_first_seen_timestamp_seconds", "backup_monitoring_paused"),
        *("backup_max_age_seconds", "backup_max_duration_seconds"),
    }


def test_a_resource_that_vanished_leaves_no_series() -> None:
    assert b"shop/orders" not in render_state("vanished")
    assert b'resource="plain"' in render_state("vanished")


def test_a_reload_keeps_what_is_known_and_shows_what_is_configured_now() -> None:
    store, exposition = store_and_exposition("good")
    store.add_source(replace(FULL, poll_interval=60.0, labels=(("squad", "web"),), exclude=("plain",)))
    found = read(text_families(b"".join(exposition.render(openmetrics=False)).decode()))

    assert {value for (name, _), value in found.items() if name == "backup_poll_configured_interval_seconds"} == {60}
    assert {value for (name, _), value in found.items() if name == "backup_source_up"} == {1}
    assert {dict(pairs).get("resource") for _, pairs in found} == {None, "shop/orders", "window", "new"}
    assert {dict(pairs).get("squad") for name, pairs in found if "exporter" not in name} == {"web"}


def test_of_a_source_that_instances_divide_each_tells_of_its_part() -> None:
    store = Store(Clock())
    exposition = Exposition.follow(store)
    store.add_source(source("main", shard=Shard(index=1, count=3), labels=(("squad", "data"),)))
    store.put("main", PLAIN)
    found = read(text_families(b"".join(exposition.render(openmetrics=False)).decode()))
    shards = {("resource" in dict(pairs), dict(pairs).get("shard")) for name, pairs in found if "exporter" not in name}

    assert shards == {(True, None), (False, "1")}
    assert "shard" in RESERVED_LABELS


def test_another_provider_under_the_same_name_begins_anew() -> None:
    store, _ = store_and_exposition("good")
    store.add_source(source("main", "globex"))

    assert store.entries["main"].status == SourceStatus(configured_interval=300, interval=300, started_at=NOW)
    assert store.entries["main"].resources == {}
    assert not store.ready


def test_a_name_that_is_no_unicode_does_not_lose_the_scrape() -> None:
    store = Store(Clock())
    exposition = Exposition.follow(store)
    store.add_source(source("main"))
    store.put("main", with_listing(thing("half \ud83d of one"), backup("1", 1)))

    assert b'resource="half ? of one"' in b"".join(exposition.render(openmetrics=False))


@pytest.mark.slow
@EACH_STATE
def test_promtool_finds_nothing(state: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.fail("promtool is missing: install the Debian package prometheus")
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=render_state(state), capture_output=True, check=False
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


@pytest.mark.parametrize("field", [None, *Summary.__dataclass_fields__])
def test_only_what_differs_is_written_and_that_as_if_all_were(field: str | None) -> None:
    """Whatever field of the summary changes, and whether anything else does: nothing of before stays that is not so."""
    view = ResourceView(status=ORDERS, up=True)
    labels = (("provider", "acme"), ("source", "main"), ("resource", "orders"))
    lines = render_resource(view, labels)
    assert ORDERS.summary is not None
    other = ORDERS.summary if field is None else replace(ORDERS.summary, **{field: change(ORDERS.summary, field)})
    for now in (replace(ORDERS, summary=other), replace(ORDERS, summary=other, up=False, failure="timeout")):
        fresh = replace(view, status=now, up=now.up)
        assert render_resource(fresh, labels, (view, lines)) == render_resource(fresh, labels)
    same = render_resource(replace(view, status=replace(ORDERS, summary=other)), labels, (view, lines))
    kept = sum(before is after for before, after in zip(lines.lines, same.lines, strict=True))
    assert kept >= len(lines.lines) - 4 or field == "window_intervals"  # a window's interval never changes in fact


def change(summary: Summary, field: str) -> Any:
    value = getattr(summary, field)
    if isinstance(value, Mapping):
        return {key: format_number + 1 for key, format_number in value.items()} or {"pitr": 60.0}
    if isinstance(value, frozenset):
        return value ^ {"full"}
    if field == "last_finished":
        return Status.FAILED if value is not Status.FAILED else Status.COMPLETED
    return 5.0 if value is None else value + 1
