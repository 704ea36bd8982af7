"""What changes in the files while clients come and go: taken when it is whole and right, else not at all."""

from collections.abc import Callable

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.web.house import ABROAD, HOME, REFUSED, RIGHT, USERS, Open, hashed, trusting


async def test_a_rotated_certificate_is_shown_to_new_connections_while_old_ones_go_on(open_: Open) -> None:
    house = await open_(tls={})
    async with aiohttp.ClientSession() as session:
        known = trusting()
        async with session.get(house.url, ssl=known) as answer:
            assert answer.status == 200
        house.serve(ABROAD.server())
        (await house.get()).raise_for_status()  # nothing is taken before somebody looked
        await house.settle()
        assert (await house.get(home=ABROAD)).status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await house.get()
        async with session.get(house.url, ssl=known) as answer:
            assert answer.status == 200


async def test_a_change_holds_only_when_it_has_come_to_rest(open_: Open) -> None:
    house = await open_(basic_auth_users=USERS)
    for number in range(3):
        house.write(basic_auth_users={"prometheus": hashed(f"new {number}")})
        await house.entrance.look()
        assert (await house.get(auth=RIGHT)).status == 200
    await house.entrance.look()
    assert (await house.get(auth=RIGHT)).status == 401
    assert (await house.get(auth=aiohttp.encode_basic_auth("prometheus", "new 2"))).status == 200


async def test_clients_headers_and_authorities_change_too(open_: Open) -> None:
    required = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "ca.pem"}
    house = await open_(tls=required)
    assert (await house.get(client=HOME.client())).status == 200
    house.path.with_name("ca.pem").write_text(ABROAD.pem)
    house.write(tls=required, http_server_config={"headers": {"X-Content-Type-Options": "nosniff"}})
    await house.settle()
    assert (await house.get(client=ABROAD.client())).headers["X-Content-Type-Options"] == "nosniff"
    with pytest.raises(REFUSED):
        await house.get(client=HOME.client())


async def test_a_broken_change_keeps_the_old_and_is_said_once(open_: Open) -> None:
    house = await open_(tls={}, basic_auth_users=USERS)
    good = house.path.read_text()
    breakages: list[Callable[[], object]] = [
        lambda: house.path.write_text("tls_server_config: ["),
        lambda: house.path.write_text(good.replace("cert.pem", "not-there-yet.pem")),
        lambda: house.path.write_text(""),
        lambda: house.write(tls={}),
        lambda: house.write(basic_auth_users=USERS),
        house.path.unlink,
    ]
    for break_ in breakages:
        break_()
        with capture_logs() as logs:
            for _ in range(4):
                await house.entrance.look()
        assert [log["event"] for log in logs] == ["web_config.refused"], logs
        assert (await house.get()).status == 401
        assert (await house.get(auth=RIGHT)).status == 200
    house.path.write_text(good)
    with capture_logs() as logs:
        await house.settle()
    assert [log["event"] for log in logs] == ["web_config.read"]


async def test_a_file_that_the_change_needs_may_come_later(open_: Open) -> None:
    house = await open_(tls={})
    house.write(tls={"cert_file": "new.pem"})
    await house.settle()
    assert (await house.get()).status == 200
    renewed = ABROAD.server()
    house.path.with_name("new.pem").write_text(renewed.certificate)
    house.path.with_name("key.pem").write_text(renewed.key)
    await house.settle()
    assert (await house.get(home=ABROAD)).status == 200
