"""The links that vendors give for a backup: what is asked, what of the answer is taken, and what is none."""

from typing import Any

import pytest

from exporter.errors import MalformedError, MissingError, PollError
from exporter.model import Backup, Resource, Status
from exporter.provider import Download, Provider
from exporter.providers import backupify, clickhouse_cloud, northflank, scalingo, scholarly
from exporter.secret import Secret
from tests.providers.fake_api import FakeApi, Reply

LINK = "https://files.example.com/dump.gz?sig=planted-signature"
TOKEN = Reply(body={"token": "planted"})
ADDON = Resource(id="shop/orders", name="Orders", kind="postgresql", path=("shop", "orders"))
DATABASE = Resource(id="ad-1", name="shop/redis", kind="redis", path=("app-1", "ad-1"))
INSTITUTION = Resource(id="i", name="i", kind="institution")
SCHOLARLY = "GET api.scholarlysoftware.com/api/v1/backups/b1"
NORTHFLANK = "GET api.northflank.com/v1/projects/shop/addons/orders/backups/b1/download-link"
SCALINGO = "GET db-api.osc-fr1.scalingo.com/api/databases/ad-1/backups/b1/archive"
OPTIONS: dict[str, tuple[Provider, Any, Resource]] = {
    SCHOLARLY: (scholarly.PROVIDER, scholarly.Options(token=Secret("planted")), INSTITUTION),
    NORTHFLANK: (northflank.PROVIDER, northflank.Options(token=Secret("planted")), ADDON),
    SCALINGO: (scalingo.PROVIDER, scalingo.Options(token=Secret("planted")), DATABASE),
}


async def ask(route: str, body: Any, kind: str = "dump") -> tuple[Download | None, FakeApi]:
    tokens = {
        "POST auth.scalingo.com/v1/tokens/exchange": TOKEN,
        "POST api.osc-fr1.scalingo.com/v1/apps/app-1/addons/ad-1/token": TOKEN,
    }
    api = FakeApi({route: Reply(body=body), **tokens})
    provider, options, resource = OPTIONS[route]
    completed = Backup(id="b1", status=Status.COMPLETED, started=1.0, kind=kind)
    return await hook(provider)(api, options, resource, completed), api


def hook(provider: Provider) -> Any:
    assert provider.download is not None
    return provider.download


def scholarly_body(**attributes: Any) -> Any:
    return {"data": {"id": "b1", "type": "backup", "attributes": attributes}}


@pytest.mark.parametrize(
    ("route", "body", "md5"),
    [
        (SCHOLARLY, scholarly_body(download_url=LINK, download_checksum_md5="ab" * 16), "ab" * 16),
        (SCHOLARLY, scholarly_body(download_url=LINK), None),
        (NORTHFLANK, {"data": {"downloadLink": LINK}}, None),
        (SCALINGO, {"download_url": LINK}, None),
    ],
)
async def test_a_link_costs_one_request_and_is_a_secret(route: str, body: Any, md5: str | None) -> None:
    found, api = await ask(route, body)

    assert found == Download(link=Secret(LINK), md5=md5)
    assert [asked for asked in api.asked if asked.startswith("GET")] == [route]
    assert "planted" not in repr(found)


@pytest.mark.parametrize(
    ("route", "body", "error"),
    [
        (SCHOLARLY, scholarly_body(download_url=None), MissingError),
        (SCHOLARLY, scholarly_body(), MissingError),
        (SCHOLARLY, {"data": []}, MalformedError),
        (NORTHFLANK, {"data": {"downloadLink": ""}}, MissingError),
        (NORTHFLANK, {}, MalformedError),
        (SCALINGO, {"download_url": 7}, MissingError),
        (SCALINGO, [], MalformedError),
    ],
)
async def test_an_answer_without_a_link(route: str, body: Any, error: type[PollError]) -> None:
    with pytest.raises(error) as caught:
        await ask(route, body)
    assert type(caught.value) is error


@pytest.mark.parametrize("kind", ["snapshot", ""])
async def test_northflank_gives_links_for_dumps_alone_and_is_not_asked_for_others(kind: str) -> None:
    found, api = await ask(NORTHFLANK, {}, kind)

    assert (found, api.asked) == (None, [])


def test_the_others_give_none() -> None:
    assert (backupify.PROVIDER.download, clickhouse_cloud.PROVIDER.download) == (None, None)
