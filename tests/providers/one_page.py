"""A vendor that pages nothing gives the whole listing each time: what it lists no more is not counted any more."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from exporter.model import Resource
from exporter.polling.reader import Reader
from exporter.provider import Provider, RateLimit
from exporter.settings import Source
from exporter.state.resource import ResourceStatus
from tests.providers.fake_api import FakeApi, Reply

Rows = Sequence[Mapping[str, Any]]


async def check_expired_backup_is_gone(
    provider: Provider, options: Any, rows: Rows, routes: Callable[[Rows], Mapping[str, Reply]]
) -> None:
    """Read a listing of the resource `one/two`, and then the same without its last backup."""
    limit = RateLimit(requests=1, per=1)
    source = Source(name="s", provider=provider, provider_name="p", options=options, rate_limit=limit)
    resource_status = ResourceStatus(
        resource=Resource(id="two", name="two", kind="redis", path=("one", "two")), first_seen=0.0
    )
    for listed in (rows, rows[:-1]):
        reader = Reader(source=source, api=partial(FakeApi, routes(listed)))
        reading = await reader.listing(resource_status)
        assert reading is not None
        resource_status = reader.apply_listing(resource_status, reading, reader.time())
        assert resource_status.listing is not None
        assert set(resource_status.listing.backups) == {row["id"] for row in listed}
