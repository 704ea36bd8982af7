"""Coming in over real sockets: TLS handshakes, client certificates, passwords, headers."""

import asyncio
import ssl

import aiohttp
import pytest
from cryptography import x509

from tests.web.harness import ABROAD, HOME, REFUSED, RIGHT, USERS, Open, trusting

pytestmark = pytest.mark.integration


async def test_a_verified_certificate_is_shown_and_plain_http_gets_nothing(open_: Open) -> None:
    harness = await open_(tls={})
    assert harness.url.startswith("https://")
    assert (await harness.get()).status == 200
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await harness.get(home=ABROAD)
    harness.url = harness.url.replace("https", "http")
    with pytest.raises(REFUSED):
        await harness.get()


@pytest.mark.parametrize(("least", "newest", "comes_in"), [("TLS12", 2, True), ("TLS13", 2, False), ("TLS13", 3, True)])
async def test_the_least_version_holds(open_: Open, least: str, newest: int, comes_in: bool) -> None:
    harness = await open_(tls={"min_version": least})
    version = {2: ssl.TLSVersion.TLSv1_2, 3: ssl.TLSVersion.TLSv1_3}[newest]
    if comes_in:
        assert (await harness.get(newest=version)).status == 200
    else:
        with pytest.raises(REFUSED):
            await harness.get(newest=version)


async def test_the_ciphers_and_the_newest_version_hold(open_: Open) -> None:
    harness = await open_(
        tls={"max_version": "TLS12", "cipher_suites": ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"]}
    )
    port = int(harness.url.rsplit(":", 1)[1])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting())
    assert writer.get_extra_info("cipher")[:2] == ("ECDHE-ECDSA-CHACHA20-POLY1305", "TLSv1.2")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("kind", "none", "ours", "strange"),
    [
        ("NoClientCert", True, True, True),
        ("RequestClientCert", True, True, True),
        ("VerifyClientCertIfGiven", True, True, False),
        ("RequireAndVerifyClientCert", False, True, False),
    ],
)
async def test_client_certificates(open_: Open, kind: str, none: bool, ours: bool, strange: bool) -> None:
    ca = {} if kind == "NoClientCert" else {"client_ca_file": "ca.pem"}
    harness = await open_(tls={"client_auth_type": kind, **ca})
    for client, comes_in in ((None, none), (HOME.client(), ours), (ABROAD.client(), strange)):
        if comes_in:
            assert (await harness.get(client=client)).status == 200
        else:
            with pytest.raises(REFUSED):
                await harness.get(client=client)


async def test_of_our_clients_only_those_with_an_allowed_name(open_: Open) -> None:
    allowed = ["prometheus.example.org", "2001:db8::1", "a@example.org"]
    required = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "ca.pem"}
    harness = await open_(tls={**required, "client_allowed_sans": allowed})
    names = (
        ("prometheus.example.org", (), 200),
        ("x.example.org", (), 403),
        ("x", ("2001:db8::1",), 200),
        ("x", ("a@example.org",), 200),
    )
    for name, others, status in names:
        assert (await harness.get(client=HOME.client(name, *others))).status == status, name
    uri = x509.SubjectAlternativeName([x509.UniformResourceIdentifier("a@example.org.example.com")])
    odd = HOME.alter(HOME.client(), x509.SubjectAlternativeName, uri)
    assert (await harness.get(client=odd)).status == 403


async def test_every_path_wants_the_password_and_every_answer_has_the_headers(open_: Open) -> None:
    harness = await open_(basic_auth_users=USERS, http_server_config={"headers": {"X-Frame-Options": "deny"}})
    wrong = aiohttp.encode_basic_auth("prometheus", "wrong")
    unknown = aiohttp.encode_basic_auth("unknown", "right")
    for path, status in (("/", 200), ("/-/healthy", 404), ("/nothing", 404)):
        answer = await harness.get(path, auth=RIGHT)
        assert (answer.status, answer.headers["X-Frame-Options"]) == (status, "deny")
        for auth in (None, wrong, unknown, "Basic", "Basic ?", "Bearer right", "Basic cHJvbWV0aGV1cw=="):
            answer = await harness.get(path, auth=auth)
            assert (answer.status, answer.headers["X-Frame-Options"]) == (401, "deny")
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")


async def test_the_rate_limit_holds_before_anything_else(open_: Open) -> None:
    harness = await open_(rate_limit={"interval": "1h", "burst": 3}, basic_auth_users=USERS)
    assert [(await harness.get(auth=RIGHT)).status for _ in range(5)] == [200, 200, 200, 429, 429]


async def test_somebody_who_never_says_hello_holds_nobody_up(open_: Open) -> None:
    harness = await open_(tls={})
    port = int(harness.url.rsplit(":", 1)[1])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    assert (await harness.get()).status == 200
    writer.close()
