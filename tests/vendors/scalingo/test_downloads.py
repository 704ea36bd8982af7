"""The link that the vendor gives for a backup: what is asked, what of the answer is taken, and what is none."""

from typing import Any

import pytest

from exporter.errors import MalformedError, MissingError, PollError
from exporter.model import Resource
from exporter.providers.scalingo import PROVIDER
from tests.providers.downloads import LINK, ask, check_link
from tests.providers.fake_api import Reply

DATABASE = Resource(id="ad-1", name="shop/redis", kind="redis", path=("app-1", "ad-1"))
ROUTE = "GET db-api.osc-fr1.scalingo.com/api/databases/ad-1/backups/b1/archive"
TOKEN = Reply(body={"token": "planted"})
TOKENS = {
    "POST auth.scalingo.com/v1/tokens/exchange": TOKEN,
    "POST api.osc-fr1.scalingo.com/v1/apps/app-1/addons/ad-1/token": TOKEN,
}


async def test_a_link_costs_one_request_and_is_a_secret() -> None:
    found, api = await ask(PROVIDER, DATABASE, {ROUTE: Reply(body={"download_url": LINK}), **TOKENS})

    check_link(found, api, ROUTE)


@pytest.mark.parametrize(("answer", "error"), [({"download_url": 7}, MissingError), ([], MalformedError)])
async def test_an_answer_without_a_link(answer: Any, error: type[PollError]) -> None:
    with pytest.raises(error) as caught:
        await ask(PROVIDER, DATABASE, {ROUTE: Reply(body=answer), **TOKENS})
    assert type(caught.value) is error
