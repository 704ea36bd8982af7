"""The link that the vendor gives for a backup: what is asked, what of the answer is taken, and what is none."""

from typing import Any

import pytest

from exporter.errors import MalformedError, MissingError, PollError
from exporter.model import Resource
from exporter.providers.northflank import PROVIDER
from tests.providers.downloads import LINK, ask, check_link
from tests.providers.fake_api import Reply

ADDON = Resource(id="shop/orders", name="Orders", kind="postgresql", path=("shop", "orders"))
ROUTE = "GET api.northflank.com/v1/projects/shop/addons/orders/backups/b1/download-link"


async def test_a_link_costs_one_request_and_is_a_secret() -> None:
    found, api = await ask(PROVIDER, ADDON, {ROUTE: Reply(body={"data": {"downloadLink": LINK}})})

    check_link(found, api, ROUTE)


@pytest.mark.parametrize(("answer", "error"), [({"data": {"downloadLink": ""}}, MissingError), ({}, MalformedError)])
async def test_an_answer_without_a_link(answer: Any, error: type[PollError]) -> None:
    with pytest.raises(error) as caught:
        await ask(PROVIDER, ADDON, {ROUTE: Reply(body=answer)})
    assert type(caught.value) is error


@pytest.mark.parametrize("kind", ["snapshot", ""])
async def test_links_are_for_dumps_alone_and_not_asked_for_others(kind: str) -> None:
    found, api = await ask(PROVIDER, ADDON, {ROUTE: Reply(body={})}, kind)

    assert (found, api.asked) == (None, [])
