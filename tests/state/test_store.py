from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from exporter.metrics.exposition import Exposition
from exporter.settings import Source
from exporter.state.resource import ResourceStatus
from exporter.state.steady_clock import BELIEVED_AFTER
from exporter.state.store import Store
from exporter.state.view import ResourceView
from tests.metrics.states import NOW, PLAIN, Clock, done, source, thing, with_listing


class Recorder:
    """Records what a store announces, and fails on demand."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.failing = False

    def add_source(self, source: Source, views: Iterable[ResourceView]) -> None:
        if self.failing:
            raise ValueError("cannot be rendered")
        self.calls.append(("add_source", source.name, [view.status.resource.id for view in views]))

    def put(self, source: Source, before: ResourceView | None, after: ResourceView) -> None:
        if self.failing:
            raise ValueError("cannot be rendered")
        self.calls.append(("put", source.name, before is not None, after.status.resource.id))

    def remove(self, source: str, ids: Iterable[str]) -> None:
        self.calls.append(("remove", source, sorted(ids)))

    def remove_source(self, source: str) -> None:
        self.calls.append(("remove_source", source))


def store_of(*resources: ResourceStatus) -> Store:
    store = Store(Clock())
    store.load({}, {"main": resources}, {})
    store.add_source(source("main"))
    return store


def test_a_subscriber_is_called_before_each_change() -> None:
    store, recorder = store_of(), Recorder()
    store.subscribe(recorder)
    store.put("main", PLAIN)
    store.put("main", PLAIN)
    store.retain("main", [])
    store.remove_source("main")
    assert recorder.calls == [
        ("add_source", "main", []),
        ("put", "main", False, "plain"),
        ("put", "main", True, "plain"),
        ("remove", "main", ["plain"]),
        ("remove_source", "main"),
    ]
    assert store.entries == {}


def test_a_late_subscriber_is_called_with_what_is_there() -> None:
    store, recorder = store_of(PLAIN), Recorder()
    store.subscribe(recorder)
    assert recorder.calls == [("add_source", "main", ["plain"])]


def test_nothing_is_replaced_if_a_subscriber_fails() -> None:
    store, recorder = store_of(PLAIN), Recorder()
    store.subscribe(recorder)
    recorder.failing = True
    with pytest.raises(ValueError, match="cannot be rendered"):
        store.put("main", thing("plain"))
    with pytest.raises(ValueError, match="cannot be rendered"):
        store.put("main", thing("new"))
    assert store.entries["main"].resources == {"plain": PLAIN}


def test_no_source_is_half_added_or_half_replaced_if_a_subscriber_fails() -> None:
    store, recorder = store_of(PLAIN), Recorder()
    store.subscribe(recorder)
    store.load({}, {"other": [thing("other")]}, {})
    recorder.failing = True
    before = dict(store.entries)
    for one in (source("main", exclude=("*",)), source("other")):
        with pytest.raises(ValueError, match="cannot be rendered"):
            store.add_source(one)
        assert (dict(store.entries), list(store.archived())) == (before, [])
    recorder.failing = False
    store.add_source(source("other"))
    assert list(store.entries["other"].resources) == ["other"]


def test_what_is_removed_is_archived_and_comes_back_when_it_is_discovered() -> None:
    clock = Clock()
    store = Store(clock, lambda: clock.now)
    store.add_source(source("main"))
    store.put("main", with_listing(PLAIN, done("b", 1.0, 5, 1.0, "")))
    successes = store.entries["main"].resources["plain"].history.successes
    removals: list[Callable[[], None]] = [
        lambda: store.retain("main", []),
        lambda: store.add_source(source("main", exclude=("*",))),
    ]
    for remove in removals:
        remove()
        assert [key for key, _ in store.archived()] == [("main", "plain")]
        store.add_source(source("main"))
        assert store.entries["main"].resources == {}
        store.discover("main", PLAIN.resource)
        assert store.entries["main"].resources["plain"].history.successes == successes
        assert list(store.archived()) == []
    store.remove_source("main")
    assert [key for key, _ in store.archived()] == [("main", "plain")]


def test_what_disappeared_is_reported_since_the_same_moment_on_a_clock_that_is_set() -> None:
    clock, tick = Clock(), 0.0
    store = Store(clock, lambda: tick)
    store.add_source(source("main"))
    store.put("main", with_listing(PLAIN, done("b", 1.0, 5, 1.0, "")))
    store.retain("main", [], disappeared=["plain"])
    assert store.entries["main"].disappeared["plain"].since == NOW

    clock.now += 3600.0
    store.refresh_verdicts()
    tick += BELIEVED_AFTER
    clock.now += BELIEVED_AFTER
    store.refresh_verdicts()
    assert store.entries["main"].disappeared["plain"].since == NOW + 3600.0


def test_to_read_changes_nothing() -> None:
    clock = Clock()
    store = Store(clock, lambda: clock.now)
    store.add_source(source("main", max_age=3600.0))
    store.put("main", with_listing(PLAIN, done("b", 1.0, 5, 1.0, "")))
    recorder = Recorder()
    store.subscribe(recorder)
    entry, view = store.entries["main"], store.entries["main"].views["plain"]
    clock.now += 7200.0
    words = [problem.word for one in store.list_views("main") for problem in one.verdict.problems]
    assert "too_old" in words
    store.find_view("main", "plain")
    store.judge_source("main")
    store.now()
    assert (store.entries["main"], entry.views["plain"], len(recorder.calls)) == (entry, view, 1)
    store.refresh_verdicts()
    assert len(recorder.calls) == 2


def test_a_resource_that_cannot_be_rendered_keeps_its_state_and_its_lines() -> None:
    store = store_of(PLAIN)
    exposition = Exposition.follow(store)
    before = b"".join(exposition.render(openmetrics=False))
    broken: Any = thing("plain", details=7)
    with pytest.raises(AttributeError):
        store.put("main", broken)
    assert store.entries["main"].resources == {"plain": PLAIN}
    assert b"".join(exposition.render(openmetrics=False)) == before


def test_restored_resources_are_counted() -> None:
    assert store_of(PLAIN).entries["main"].status.resources == 1
    assert store_of().entries["main"].status.resources is None


@pytest.mark.parametrize("what", ["entries", "resources", "views", "disappeared"])
def test_what_a_reader_gets_cannot_be_written_to(what: str) -> None:
    store = store_of(PLAIN)
    read: Any = store.entries if what == "entries" else getattr(store.entries["main"], what)
    with pytest.raises(TypeError):
        read["other"] = PLAIN


def test_a_failed_reload_keeps_the_time_of_the_last_good_one() -> None:
    clock = Clock()
    store = Store(clock, clock)
    clock.now += 5
    store.record_reload(succeeded=False)
    assert (store.exporter.reload_succeeded, store.exporter.reload_succeeded_at) == (False, NOW)
    store.record_reload(succeeded=True)
    assert (store.exporter.reload_succeeded, store.exporter.reload_succeeded_at) == (True, NOW + 5)


def test_a_poll_that_ends_a_long_silence_makes_fresh_what_it_read() -> None:
    clock = Clock()
    store = Store(clock, lambda: clock.now)
    store.add_source(source("main"))
    store.set_status("main", replace(store.entries["main"].status, up=True, polled_at=NOW))
    read = with_listing(thing("a"), done("b", 1.0, 5, 1.0, ""))
    store.put("main", read)
    clock.now += 7200.0
    store.put("main", replace(read, fully_listed_at=1.0))
    store.set_status("main", replace(store.entries["main"].status, up=True, polled_at=clock.now))

    view = store.find_view("main", "a")
    assert view is not None
    assert view.up is True
    assert [one.up for one in store.entries["main"].views.values()] == [True]
