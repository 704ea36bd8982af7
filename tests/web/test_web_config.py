"""The web configuration as a file: what is accepted, what is refused and how, and that promtool agrees."""

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.commands.demo import serve_demo
from exporter.commands.serve import serve
from exporter.config.loader import ConfigError
from exporter.web.config import RateSettings, WebConfig, load
from tests.certificates import Authority, encrypt_key

HASH = "$2y$04$XGEZo4UX/WEiz5TXdCzVTeNrjlXGzDUz.Y4HVuvzb5OjDtPRJGRxi"
HOME = Authority()
SERVER = HOME.server()

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes the configuration beside a certificate, its key and an authority."""
    for name, content in (("cert.pem", SERVER.certificate), ("key.pem", SERVER.key), ("ca.pem", HOME.pem)):
        (tmp_path / name).write_text(content)

    def write(content: str | None = None, **keys: Any) -> Path:
        path = tmp_path / "web.yaml"
        path.write_text(yaml.safe_dump(keys) if content is None else content)
        return path

    return write


def tls(**changes: Any) -> dict[str, Any]:
    return {"cert_file": "cert.pem", "key_file": "key.pem", **changes}


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert all(problem.startswith(f"{path}: ") and "\n" not in problem for problem in refused.value.problems)
    return [problem.removeprefix(f"{path}: ") for problem in refused.value.problems]


EVERYTHING = {
    "tls_server_config": tls(
        client_ca_file="ca.pem",
        client_auth_type="RequireAndVerifyClientCert",
        min_version="TLS12",
        max_version="TLS13",
        cipher_suites=["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"],
        prefer_server_cipher_suites=False,
        curve_preferences=["CurveP256"],
    ),
    "http_server_config": {
        "http2": False,
        "headers": {
            "Content-Security-Policy": "default-src 'self'",
            "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "deny",
            "X-XSS-Protection": "1",
        },
    },
    "basic_auth_users": {"prometheus": HASH, "somebody else": HASH.replace("$2y$04", "$2b$11")},
}


def test_everything_that_can_be_said_is_understood(write: Write) -> None:
    config = load(write(**EVERYTHING))
    assert config.tls is not None
    assert config.context is not None
    assert config.tls.client_ca == HOME.pem
    assert config.context.verify_mode is ssl.CERT_REQUIRED
    assert config.context.minimum_version is ssl.TLSVersion.TLSv1_2
    old = [cipher["name"] for cipher in config.context.get_ciphers() if cipher["protocol"] != "TLSv1.3"]
    assert old == ["ECDHE-ECDSA-AES128-GCM-SHA256"]
    assert not config.context.options & ssl.OP_CIPHER_SERVER_PREFERENCE
    assert sorted(config.users) == [b"prometheus", b"somebody else"]
    assert dict(config.headers) == EVERYTHING["http_server_config"]["headers"]
    assert {path.name for path in config.files.stamps} == {"web.yaml", "cert.pem", "key.pem", "ca.pem"}
    assert config == load(write(**EVERYTHING))


@pytest.mark.slow
@pytest.mark.parametrize("keys", [EVERYTHING, {}, {"tls_server_config": tls()}, {"basic_auth_users": {"a": HASH}}])
def test_promtool_accepts_the_same_file(write: Write, keys: dict[str, Any]) -> None:
    path = write(**keys)
    load(path)
    said = subprocess.run(["promtool", "check", "web-config", path], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said


def test_inline_certificates_do_as_well_as_files_and_paths_start_at_the_file(write: Write) -> None:
    inline = {"cert": SERVER.certificate, "key": SERVER.key, "client_ca": HOME.pem}
    by_text = load(write(tls_server_config={**inline, "client_auth_type": "VerifyClientCertIfGiven"}))
    files = tls(client_ca_file="ca.pem", client_auth_type="VerifyClientCertIfGiven")
    assert by_text.tls == load(write(tls_server_config=files)).tls


@pytest.mark.parametrize(
    "comment", ["# Főtanúsítvány\n", "        Issuer: CN=Ünï\n", "# Főtanúsítvány\n".encode("iso8859-2")], ids=repr
)
@pytest.mark.parametrize("name", ["cert", "key", "ca"])
def test_words_in_any_script_may_stand_between_certificates(write: Write, name: str, comment: str | bytes) -> None:
    path = write(tls_server_config=tls(client_ca_file="ca.pem", client_auth_type="VerifyClientCertIfGiven"))
    pem = path.with_name(f"{name}.pem")
    pem.write_bytes((comment.encode() if isinstance(comment, str) else comment) + pem.read_bytes())
    assert load(path).context is not None


@pytest.mark.parametrize("key", ["cert", "key", "client_ca"])
def test_words_in_any_script_that_hold_no_certificate_are_refused_at_their_key(write: Write, key: str) -> None:
    inline = {"cert": SERVER.certificate, "key": SERVER.key, "client_ca": HOME.pem}
    broken = {**inline, key: "# Főtanúsítvány", "client_auth_type": "VerifyClientCertIfGiven"}
    (found,) = problems(write(tls_server_config=broken))
    assert found.startswith(f"tls_server_config.{key}: holds no ")


def test_nothing_said_is_plain_http_for_everybody(write: Write) -> None:
    assert load(write("")) == load(write("tls_server_config: {min_version: TLS13}")) == WebConfig()


def test_a_rate_limit_is_read(write: Write) -> None:
    assert load(write(rate_limit={"interval": "1s", "burst": 20})).rate == RateSettings(interval=1.0, burst=20)
    assert load(write(rate_limit={"interval": 0, "burst": 20})).rate is None


def test_neither_keys_nor_hashes_are_shown(write: Write) -> None:
    shown = repr(load(write(**EVERYTHING)))
    assert "PRIVATE" not in shown
    assert "$2" not in shown


def test_old_versions_are_accepted_but_not_spoken(write: Write) -> None:
    context = load(write(tls_server_config=tls(min_version="TLS10"))).context
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_ciphers_of_tls_13_alone_leave_tls_13_alone(write: Write) -> None:
    context = load(write(tls_server_config=tls(cipher_suites=["TLS_AES_256_GCM_SHA384"]))).context
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3


def test_all_problems_are_said_at_once(write: Write) -> None:
    path = write(
        tls_server_config={"cert_file": "away.pem", "client_auth_typ": "x", "min_version": "TLS9"},
        http_server_config={"headers": {"X-Frame-Options": "maybe", "Server": "x"}, "http2": "perhaps"},
        basic_auth_users={"a": "plain password", "b:c": HASH},
        rate_limit={"interval": "soon"},
        passwords={},
    )
    found = problems(path)
    assert [problem.split(": ")[0] for problem in found] == [
        "passwords",
        "tls_server_config.client_auth_typ",
        "tls_server_config.cert_file",
        "tls_server_config.key_file",
        "tls_server_config.min_version",
        "http_server_config.http2",
        'basic_auth_users["b:c"]',
        "basic_auth_users.a",
        "http_server_config.headers.Server",
        "http_server_config.headers.X-Frame-Options",
        "rate_limit.interval",
    ]
    assert "plain password" not in "".join(found)


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        (tls(cert_file="key.pem"), "cert_file: holds no certificate"),
        (tls(key_file="cert.pem"), "key_file: holds no private key"),
        (tls(key_file="encrypted.pem"), "key_file: holds no private key in PEM form, or an encrypted one"),
        (tls(key_file="other.pem"), "key_file: does not belong to the certificate"),
        (tls(cert=SERVER.certificate), "cert_file: cert is given too"),
        (tls(key=""), "key_file: key is given too"),
        ({"client_auth_type": "NoClientCert"}, "cert_file: is missing"),
        (tls(client_ca_file="ca.pem"), "client_auth_type: is missing"),
        (tls(client_ca_file="ca.pem", client_auth_type="NoClientCert"), "client_auth_type: must not be"),
        (tls(client_ca_file="key.pem", client_auth_type="VerifyClientCertIfGiven"), "client_ca_file: holds no"),
        (tls(client_auth_type="RequireAndVerifyClientCert"), "client_ca_file: is missing"),
        (tls(client_auth_type="RequireAnyClientCert"), "client_auth_type: a certificate that is not verified"),
        (tls(client_auth_type="Maybe"), "client_auth_type: must be NoClientCert or"),
        (tls(client_allowed_sans=["me"]), "client_allowed_sans: needs client_auth_type"),
        (tls(min_version="TLS13", max_version="TLS12"), "min_version: is above max_version"),
        (tls(max_version="TLS11"), "max_version: must be TLS12 or TLS13"),
        (tls(cipher_suites=["TLS_AES_128_GCM_SHA256"], max_version="TLS12"), "cipher_suites: are all of TLS 1.3"),
        (tls(cipher_suites=["RC4"]), "cipher_suites[0]: must be"),
        (tls(curve_preferences=["P-256"]), "curve_preferences[0]: must be"),
    ],
)
def test_tls_that_cannot_be_is_refused_at_its_key(write: Write, settings: dict[str, Any], where: str) -> None:
    path = write(tls_server_config=settings)
    path.with_name("encrypted.pem").write_text(encrypt_key(SERVER))
    path.with_name("other.pem").write_text(HOME.server().key)
    assert any(problem.startswith(f"tls_server_config.{where}") for problem in problems(path)), problems(path)


@pytest.mark.parametrize(
    "hash_password",
    [
        "",
        "$2y$10$short",
        "$1$" + HASH[3:],
        HASH + "x",
        "$2y$03" + HASH[6:],
        "$2x" + HASH[3:],
        HASH[:28] + "9" + HASH[29:],
    ],
)
def test_what_is_no_bcrypt_hash_is_refused_without_being_repeated(write: Write, hash_password: str) -> None:
    (problem,) = problems(write(basic_auth_users={"a": hash_password}))
    assert problem.startswith("basic_auth_users.a: must be a bcrypt hash")
    assert not hash_password or hash_password not in problem


def test_a_dollar_is_a_dollar_and_a_key_given_twice_is_refused(write: Write) -> None:
    headers = {"Content-Security-Policy": "${HOME} $$"}
    assert load(write(http_server_config={"headers": headers})).headers == tuple(headers.items())
    assert "given twice" in problems(write(f"basic_auth_users: {{a: {HASH}, a: {HASH}}}"))[0]
    assert "opens here and is never closed" in problems(write("basic_auth_users: {"))[0]


def test_a_start_with_problems_prints_them_all_and_exits_2(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tls_server_config=tls(key_file="away"), basic_auth_users={"a": "b"})
    config = path.with_name("missing.yaml")
    assert serve(config, [("127.0.0.1", 0)], "/metrics", path) == 2
    assert serve_demo([("127.0.0.1", 0)], "/metrics", 1.0, path.with_name("missing")) == 2
    said = capsys.readouterr().err
    for part in ("missing.yaml: cannot be read", "tls_server_config.key_file", "basic_auth_users.a", "missing: cannot"):
        assert part in said
