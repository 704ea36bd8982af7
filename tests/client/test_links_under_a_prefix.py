"""A base URL may have a path, which a gateway put there and the vendor knows nothing of: a link does not leave it."""

from typing import Any

import pytest

from exporter.client.responses import link_target
from exporter.client.session import Session
from exporter.errors import MalformedError
from exporter.provider import BearerAuth
from exporter.secret import Secret
from tests.client.scripted_transport import BASE, ScriptedTransport, answer, client_to
from tests.virtual_time import virtually

GATEWAY = "https://gateway.example/edu"
PAGE = f"{GATEWAY}/api/v1/backups?page=1"
AUTH = BearerAuth(Secret("static"))


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("/api/v1/backups?page=2", f"{GATEWAY}/api/v1/backups?page=2"),
        ("/edu/api/v1/backups?page=2", f"{GATEWAY}/api/v1/backups?page=2"),
        ("/edu", GATEWAY),
        ("/edu?page=2", f"{GATEWAY}?page=2"),
        ("/education/x", f"{GATEWAY}/education/x"),
        ("?page=2", f"{GATEWAY}/api/v1/backups?page=2"),
        ("backups?page=2", f"{GATEWAY}/api/v1/backups?page=2"),
        ("./backups?page=2", f"{GATEWAY}/api/v1/backups?page=2"),
        ("../v2/backups", f"{GATEWAY}/api/v2/backups"),
        ("../../../../admin", f"{GATEWAY}/admin"),
        ("/edu/../admin", f"{GATEWAY}/admin"),
        ("https://gateway.example/edu/api/v1/backups?page=2", f"{GATEWAY}/api/v1/backups?page=2"),
        ("//gateway.example/edu/api/v1/backups?page=2", f"{GATEWAY}/api/v1/backups?page=2"),
        ("https://gateway.example/api/v1/backups", "https://gateway.example/api/v1/backups"),
    ],
)
def test_a_link_stays_under_the_prefix(target: str, address: str) -> None:
    assert link_target(PAGE, target, GATEWAY) == address
    assert link_target(PAGE, target, f"{GATEWAY}/") == address


@pytest.mark.parametrize("target", ["/api/v1/backups?page=2", "?page=2", "more", "../x"])
def test_without_a_prefix_a_link_is_what_it_was(target: str) -> None:
    page = "https://api.example/api/v1/backups?page=1"

    assert link_target(page, target, "https://api.example") == link_target(page, target, "")


@pytest.mark.parametrize(
    "target", ["/edu/%2e%2e/admin", "/edu/.%2E/admin", "/edu/%2e/x", "https://gateway.example/edu/../x"]
)
def test_a_link_that_a_server_would_resolve_out_of_it_is_refused(target: str) -> None:
    with pytest.raises(MalformedError):
        link_target(PAGE, target, GATEWAY)


@pytest.mark.parametrize(
    ("link", "asked"),
    [
        ("/b?page=2", "/edu/b?page=2"),
        ({"href": "/b?page=2"}, "/edu/b?page=2"),
        ({"href": "/edu/b?page=2", "meta": {}}, "/edu/b?page=2"),
        ({"href": "?page=2"}, "/edu/a?page=2"),
        ({"href": None}, None),
        ({}, None),
        ([], None),
    ],
)
@virtually
async def test_a_link_may_be_an_object(link: Any, asked: str | None) -> None:
    transport = ScriptedTransport({"/edu/a": [answer({}, link="</b?page=2>; rel=next")]})
    client = client_to(transport)
    client.bases = (f"{BASE}/edu", f"{BASE}/ed")
    session = Session(client=client)
    found = await session.get(f"{BASE}/edu/a", auth=AUTH)

    assert session.link(found, link) == (asked and f"{BASE}{asked}")
    assert session.link(found, found.links["next"]) == f"{BASE}/edu/b?page=2"


@virtually
async def test_a_redirect_stays_under_the_prefix_too() -> None:
    transport = ScriptedTransport(
        {"/edu/a": [answer({}, status=307, location="/b")], "/edu/b": [answer({"fine": True})]}
    )
    client = client_to(transport)
    client.bases = (f"{BASE}/edu",)

    assert (await Session(client=client).get(f"{BASE}/edu/a", auth=AUTH)).body == {"fine": True}
