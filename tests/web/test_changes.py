"""What changes in the files while clients come and go: taken when it is whole and right, else not at all."""

from collections.abc import Callable

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.web.harness import ABROAD, HOME, REFUSED, RIGHT, USERS, Open, hash_password, trusting

pytestmark = pytest.mark.integration


async def test_a_rotated_certificate_is_shown_to_new_connections_while_old_ones_go_on(open_: Open) -> None:
    harness = await open_(tls={})
    async with aiohttp.ClientSession() as session:
        known = trusting()
        async with session.get(harness.url, ssl=known) as answer:
            assert answer.status == 200
        harness.serve(ABROAD.server())
        (await harness.get()).raise_for_status()  # nothing is taken before somebody looked
        await harness.settle()
        assert (await harness.get(home=ABROAD)).status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await harness.get()
        async with session.get(harness.url, ssl=known) as answer:
            assert answer.status == 200


async def test_a_change_holds_only_when_it_has_come_to_rest(open_: Open) -> None:
    harness = await open_(basic_auth_users=USERS)
    for number in range(3):
        harness.write(basic_auth_users={"prometheus": hash_password(f"new {number}")})
        await harness.listener.check_files()
        assert (await harness.get(auth=RIGHT)).status == 200
    await harness.listener.check_files()
    assert (await harness.get(auth=RIGHT)).status == 401
    assert (await harness.get(auth=aiohttp.encode_basic_auth("prometheus", "new 2"))).status == 200


async def test_clients_headers_and_authorities_change_too(open_: Open) -> None:
    required = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "ca.pem"}
    harness = await open_(tls=required)
    assert (await harness.get(client=HOME.client())).status == 200
    harness.path.with_name("ca.pem").write_text(ABROAD.pem)
    harness.write(tls=required, http_server_config={"headers": {"X-Content-Type-Options": "nosniff"}})
    await harness.settle()
    assert (await harness.get(client=ABROAD.client())).headers["X-Content-Type-Options"] == "nosniff"
    with pytest.raises(REFUSED):
        await harness.get(client=HOME.client())


async def test_a_broken_change_keeps_the_old_and_is_said_once(open_: Open) -> None:
    harness = await open_(tls={}, basic_auth_users=USERS)
    good = harness.path.read_text()
    breakages: list[Callable[[], object]] = [
        lambda: harness.path.write_text("tls_server_config: ["),
        lambda: harness.path.write_text(good.replace("cert.pem", "not-there-yet.pem")),
        lambda: harness.path.write_text(""),
        lambda: harness.write(tls={}),
        lambda: harness.write(basic_auth_users=USERS),
        harness.path.unlink,
    ]
    for break_ in breakages:
        break_()
        with capture_logs() as logs:
            for _ in range(4):
                await harness.listener.check_files()
        assert [log["event"] for log in logs] == ["web_config.refused"], logs
        assert (await harness.get()).status == 401
        assert (await harness.get(auth=RIGHT)).status == 200
    harness.path.write_text(good)
    with capture_logs() as logs:
        await harness.settle()
    assert [log["event"] for log in logs] == ["web_config.read"]


async def test_a_file_that_the_change_needs_may_come_later(open_: Open) -> None:
    harness = await open_(tls={})
    harness.write(tls={"cert_file": "new.pem"})
    await harness.settle()
    assert (await harness.get()).status == 200
    renewed = ABROAD.server()
    harness.path.with_name("new.pem").write_text(renewed.certificate)
    harness.path.with_name("key.pem").write_text(renewed.key)
    await harness.settle()
    assert (await harness.get(home=ABROAD)).status == 200
