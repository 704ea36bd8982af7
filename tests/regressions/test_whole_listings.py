"""A listing whose only page was read is whole: what the vendor dropped is gone at once, not at the next discovery."""

from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec

from exporter.model import Backup, Resource, Status
from exporter.polling.reader import Reader
from exporter.provider import RawPage
from exporter.state.backup_table import BackupTable
from exporter.state.listing import Listing
from exporter.state.resource import ResourceStatus
from tests.polling.stub_provider import source
from tests.virtual_time import virtually

RESOURCE = Resource(id="r", name="r", kind="stub")
KNOWN = {key: Backup(id=key, status=Status.COMPLETED, started=float(at)) for at, key in enumerate("abc")}


async def one_page(*_: object) -> AsyncIterator[RawPage]:
    yield RawPage(records=[msgspec.Raw(b'{"id":"c","status":"done","started":2}')], last=True)


@virtually
async def test_the_only_page_is_the_whole_listing() -> None:
    resource_status = ResourceStatus(
        resource=RESOURCE, first_seen=0.0, listing=Listing(backups=BackupTable(KNOWN.values())), fully_listed_at=0.0
    )
    stub = source()
    one = replace(stub, provider=replace(stub.provider, pages=one_page))
    reader = Reader(source=one, api=lambda: None)  # type: ignore[arg-type,return-value]
    reading = await reader.listing(resource_status)

    assert reading is not None
    assert reading.whole
    listing = reader.apply_listing(resource_status, reading, reader.time()).listing
    assert listing is not None
    assert set(listing.backups) == {"c"}
