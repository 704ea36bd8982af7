"""A page link that must not be followed makes a listing malformed, whether or not anybody wanted to read on."""

import pytest

from exporter.errors import MalformedError
from exporter.model import Resource
from exporter.providers.scholarly import PROVIDER, Options
from exporter.secret import Secret
from tests.providers.fake_api import FakeApi, Reply

HOST = "api.scholarlysoftware.com"
ROUTE = f"GET {HOST}/api/v1/backups?page[size]=100&sort=-created_at"
ITSELF = "/api/v1/backups?sort=-created_at&page%5Bsize%5D=100"


@pytest.mark.parametrize("target", ["https://elsewhere.example/api/v1/backups", ITSELF, f"https://{HOST}{ITSELF}"])
async def test_a_bad_link_counts_before_its_page_does(target: str) -> None:
    body = {"data": [{"id": "1", "type": "backup", "attributes": {}}], "links": {"next": target}}
    api = FakeApi({ROUTE: Reply(body=body)})
    options = Options(token=Secret("planted"))
    with pytest.raises(MalformedError):
        await anext(PROVIDER.pages(api, options, Resource(id="campus", name="campus", kind="institution")))
    assert api.asked == [ROUTE]
