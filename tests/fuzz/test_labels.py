"""Whatever a label says, both of the client library's parsers read it back as it was, with the number beside it."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from exporter.metrics.exposition import Exposition
from exporter.metrics.render import MAX_LABEL_LENGTH, format_number
from exporter.model import Backup, Details, Resource, Status
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.store import Store
from tests.fuzz.profile import WORDS, fuzz
from tests.metrics.states import NOW, Clock, source, with_listing

pytestmark = pytest.mark.slow

ANY = st.text(st.characters(), max_size=30)
SURROGATES = st.text(st.characters(min_codepoint=0xD7F0, max_codepoint=0xE010, exclude_categories=[]), max_size=5)
LABEL = st.one_of(
    ANY, WORDS, st.text('\\"\n,{}= ', max_size=12), st.sampled_from(["x" * 511 + "\\", "\\" * 600, "\r\n\v\f"])
)
VALUE = st.floats(0, 1e300, allow_nan=False)
SIZES = st.one_of(st.integers(0, 2**63), VALUE)


def expect_series(label: str) -> str:
    return label[:MAX_LABEL_LENGTH]


def exposition(store: Store, *, openmetrics: bool) -> str:
    return (
        b"".join(Exposition.follow(store).render(openmetrics=openmetrics)) + (b"# EOF\n" if openmetrics else b"")
    ).decode()


def find_series(text: str, families: Any, name: str) -> tuple[dict[str, str], float]:
    """Return the one sample of a name, after everything has been read."""
    samples = [sample for family in families(text) for sample in family.samples if sample.name == name]
    assert len(samples) == 1, samples
    return samples[0].labels, float(samples[0].value)  # a parser may give an int that no float holds


def store_with(label: str, state: str, size: float, squad: str) -> Store:
    store = Store(Clock())
    watching = source("shop", labels=(("squad", squad),) if squad else ())
    store.add_source(watching)
    store.entries["shop"].counters.count_request("200", 0.3)
    resource_status = ResourceStatus(
        resource=Resource(id=label, name=state, kind="x", state=state), first_seen=NOW, up=True
    )
    details = Details(interval=size, intervals={label: size} if label else {})
    store.put("shop", replace(with_listing(resource_status, done(size)), details=details))
    store.set_status("shop", SourceStatus(configured_interval=5, interval=5, up=True, duration=size, resources=1))
    return store


def done(size: float) -> Backup:
    return Backup(id="1", status=Status.COMPLETED, started=NOW - 60, finished=NOW, size=size)


@fuzz(10)
@given(LABEL, LABEL, SIZES, LABEL)
def test_a_few_labels_and_numbers_are_read_back_by_both_parsers(
    label: str, state: str, size: float, squad: str
) -> None:
    check_reading_back(label, state, size, squad)


@pytest.mark.long
@fuzz(150)
@given(LABEL, LABEL, SIZES, LABEL)
def test_labels_and_numbers_are_read_back_by_both_parsers(label: str, state: str, size: float, squad: str) -> None:
    check_reading_back(label, state, size, squad)


def check_reading_back(label: str, state: str, size: float, squad: str) -> None:
    store = store_with(label, state, size, squad)
    for openmetrics, families in ((False, text_families), (True, openmetrics_families)):
        text = exposition(store, openmetrics=openmetrics)
        common = {"provider": "acme", "source": "shop"} | ({"squad": expect_series(squad)} if squad else {})
        own = {**common, "resource": expect_series(label)}
        assert find_series(text, families, "backup_resource_info") == (
            {**own, "resource_name": expect_series(state), "resource_kind": "x"}, 1,
        )  # fmt: skip
        assert find_series(text, families, "backup_last_success_size_bytes") == (own, float(size))
        assert find_series(text, families, "backup_poll_duration_seconds") == (common, float(size))
        if state:
            assert find_series(text, families, "backup_resource_state") == ({**own, "state": expect_series(state)}, 1)
        if label:
            assert find_series(text, families, "backup_expected_interval_by_kind_seconds") == (
                {**own, "kind": expect_series(label)}, float(size),
            )  # fmt: skip


@fuzz(100)
@given(SURROGATES)
def test_what_is_no_unicode_does_no_harm(label: str) -> None:
    store = store_with(label, label, 1.0, label)
    for openmetrics, families in ((False, text_families), (True, openmetrics_families)):
        labels, value = find_series(
            exposition(store, openmetrics=openmetrics), families, "backup_last_success_size_bytes"
        )
        assert (len(labels["resource"]), value) == (len(label), 1.0)


@fuzz(500)
@given(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**70), 2**70)))
def test_a_number_is_written_without_loss(value: float) -> None:
    assert float(format_number(value)) == float(value)
    assert math.isfinite(float(format_number(value)))
