"""Options that change which resources a source has: what is no longer asked for has not disappeared."""

import time

from exporter.app import App
from exporter.persistence.file import StoredState
from exporter.persistence.saver import load_state, store_source
from exporter.persistence.schema import store_live
from exporter.secret import Secret
from exporter.settings import Settings, Source
from exporter.state.store import SourceEntry
from tests.polling.stub_provider import Options, Vendor, source, with_optional_scope

BOTH, ONE = {"s": ["kept", "left"]}, {"s": ["kept"]}
OTHER = source(options=Options(source_wide=False))
ROTATED = source(options=Options(token=Secret("another")))


async def poll(app: App, vendor: Vendor, one: Source, scopes: dict[str, list[str]]) -> SourceEntry:
    """Let the source be polled while the vendor lists `scopes`."""
    vendor.scopes = scopes
    for tasks in await app.apply(Settings(sources=(one,))):
        await tasks.poller.poll()
    return app.store.entries[one.name]


async def test_what_other_options_leave_out_after_a_reload_has_not_disappeared() -> None:
    vendor = Vendor()
    app = App(time.time, lambda _: vendor)
    await poll(app, vendor, source(), BOTH)

    assert (await poll(app, vendor, OTHER, ONE)).disappeared.keys() == set()


async def test_what_is_missing_with_a_rotated_secret_has_disappeared() -> None:
    vendor = Vendor()
    app = App(time.time, lambda _: vendor)
    await poll(app, vendor, source(), BOTH)

    assert (await poll(app, vendor, ROTATED, ONE)).disappeared.keys() == {"left"}


async def test_until_a_discovery_with_other_options_is_complete_nothing_disappears() -> None:
    vendor = Vendor()
    app = App(time.time, lambda _: vendor)
    await poll(app, vendor, source(), {**BOTH, "t": ["u"]})
    vendor.trouble["/scopes/t"] = 403

    assert (await poll(app, vendor, OTHER, {**ONE, "t": ["u"]})).status.options_changed
    del vendor.trouble["/scopes/t"]
    changed = source(options=OTHER.options, poll_interval=61.0)
    entry = await poll(app, vendor, changed, {**ONE, "t": []})
    assert (list(entry.disappeared), entry.status.options_changed) == ([], False)
    again = await poll(app, vendor, source(options=OTHER.options, poll_interval=62.0), {"s": [], "t": []})
    assert again.disappeared.keys() == {"kept"}


async def test_what_the_vendor_denies_for_good_does_not_end_the_reports_of_what_disappears() -> None:
    lacking = with_optional_scope("t")
    vendor = Vendor(trouble={"/scopes/t": 403})
    app = App(time.time, lambda _: vendor)
    await poll(app, vendor, source(provider=lacking), {**BOTH, "t": []})
    entry = await poll(app, vendor, source(provider=lacking, options=OTHER.options), {**ONE, "t": []})
    assert (list(entry.disappeared), entry.status.options_changed) == ([], False)
    again = source(provider=lacking, options=OTHER.options, poll_interval=61.0)
    assert (await poll(app, vendor, again, {"s": [], "t": []})).disappeared.keys() == {"kept"}


async def restart_with(one: Source) -> SourceEntry:
    """Poll a source, store it, and poll `one` in another exporter, where less is listed."""
    vendor = Vendor()
    app = App(time.time, lambda _: vendor)
    before = await poll(app, vendor, source(), BOTH)
    resources = tuple(store_live("stub", "stub", view.snapshot()) for view in before.views.values())
    restarted = App(time.time, lambda _: vendor)
    load_state(
        restarted.store, StoredState(resources=resources, sources=(store_source(before),)), Settings(sources=(one,))
    )
    return await poll(restarted, vendor, one, ONE)


async def test_what_other_options_leave_out_after_a_restart_has_not_disappeared() -> None:
    assert (await restart_with(OTHER)).disappeared.keys() == set()
    assert (await restart_with(source())).disappeared.keys() == {"left"}


async def test_a_source_of_another_provider_has_counters_of_its_own() -> None:
    vendor = Vendor()
    app = App(time.time, lambda _: vendor)
    before = (await poll(app, vendor, source(), BOTH)).counters
    assert (await poll(app, vendor, OTHER, BOTH)).counters is before

    assert (await poll(app, vendor, source(provider_name="another"), BOTH)).counters is not before
