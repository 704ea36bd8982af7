"""Asks a provider for the link to a completed backup."""

from collections.abc import Mapping

from exporter.model import Backup, Resource, Status
from exporter.provider import Download, Provider
from exporter.secret import Secret
from tests.providers.fake_api import FakeApi, Reply

LINK = "https://files.example.com/dump.gz?sig=planted-signature"


async def ask(
    provider: Provider, resource: Resource, routes: Mapping[str, Reply], kind: str = "dump"
) -> tuple[Download | None, FakeApi]:
    """Return what the provider makes of the answer, and what was asked; its one option is a token."""
    api = FakeApi(routes)
    assert provider.download is not None
    completed = Backup(id="b1", status=Status.COMPLETED, started=1.0, kind=kind)
    return await provider.download(api, provider.options(token=Secret("planted")), resource, completed), api


def check_link(found: Download | None, api: FakeApi, route: str, md5: str | None = None) -> None:
    """A link costs one request and is a secret."""
    assert found == Download(link=Secret(LINK), md5=md5)
    assert [asked for asked in api.asked if asked.startswith("GET")] == [route]
    assert "planted" not in repr(found)
