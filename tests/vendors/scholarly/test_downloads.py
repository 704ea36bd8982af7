"""The link that the vendor gives for a backup: what is asked, what of the answer is taken, and what is none."""

from typing import Any

import pytest

from exporter.errors import MalformedError, MissingError, PollError
from exporter.model import Resource
from exporter.providers.scholarly import PROVIDER
from tests.providers.downloads import LINK, ask, check_link
from tests.providers.fake_api import Reply

INSTITUTION = Resource(id="i", name="i", kind="institution")
ROUTE = "GET api.scholarlysoftware.com/api/v1/backups/b1"


def body(**attributes: Any) -> Any:
    return {"data": {"id": "b1", "type": "backup", "attributes": attributes}}


@pytest.mark.parametrize("md5", ["ab" * 16, None])
async def test_a_link_costs_one_request_and_is_a_secret(md5: str | None) -> None:
    given = {"download_checksum_md5": md5} if md5 else {}
    found, api = await ask(PROVIDER, INSTITUTION, {ROUTE: Reply(body=body(download_url=LINK, **given))})

    check_link(found, api, ROUTE, md5)


@pytest.mark.parametrize(
    ("answer", "error"),
    [(body(download_url=None), MissingError), (body(), MissingError), ({"data": []}, MalformedError)],
)
async def test_an_answer_without_a_link(answer: Any, error: type[PollError]) -> None:
    with pytest.raises(error) as caught:
        await ask(PROVIDER, INSTITUTION, {ROUTE: Reply(body=answer)})
    assert type(caught.value) is error
