"""What is understood of a download link before it is followed, and of what comes back."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping

import pytest

from exporter.client import link
from exporter.errors import (
    ExpiredError,
    ForbiddenError,
    MalformedError,
    MissingError,
    PollError,
    RateLimitedError,
    ServerError,
    UnauthorizedError,
)

NOW = 1_764_028_800.0
"""2025-11-25T00:00:00Z."""


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::5db8:d822", True),  # 93.184.216.34 behind NAT64
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fe80::1%1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),  # 6to4 of 127.0.0.1
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert link.is_public(address) is public


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://127.1/x",
        "https://2130706433/x",
        "https://0177.0.0.1/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data",
        "http://files.example.com/x",
        "ftp://files.example.com/x",
        "file://files.example.com/etc/passwd",
    ],
)
def test_what_is_not_followed_unless_private_addresses_are_allowed(address: str) -> None:
    with pytest.raises(ForbiddenError) as caught:
        link.require_allowed(link.parse(address), allow_private=False)
    assert "x" != str(caught.value)
    assert "127" not in str(caught.value)
    if address.startswith("http"):
        link.require_allowed(link.parse(address), allow_private=True)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "/archive/1",
        "https://",
        "https://a:99999/",
        "https://exa\u212ample/",
        "https://one\\@127.0.0.1/",
        "nonsense",
        f"https://one.example/{'eyJ' * 3000}",
    ],
)
def test_what_is_no_address(written: str) -> None:
    with pytest.raises((MalformedError, ForbiddenError)) as caught:
        link.require_allowed(link.parse(written), allow_private=True)
    assert written == "" or written not in str(caught.value)


def test_a_user_and_a_password_in_a_link_are_not_sent() -> None:
    assert str(link.parse("https://user:password@files.example.com/a?b=c#d")) == "https://files.example.com/a?b=c"


def jwt(**claims: object) -> str:
    return (
        ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims)) + ".c2ln"
    )


def rails(expires: str) -> str:
    inside = json.dumps({"_rails": {"data": 5, "exp": expires, "pur": "blob_id"}}).encode()
    return f"https://files.example.com/rails/active_storage/{urlsafe_b64encode(inside).decode()}--{'ab' * 20}/dump.zip"


BEFORE, AFTER = int(NOW) - 1, int(NOW) + 1


@pytest.mark.parametrize(
    ("address", "lapsed"),
    [
        ("https://s3.example.com/a?X-Amz-Date=20251124T235900Z&X-Amz-Expires=60", True),
        ("https://s3.example.com/a?X-Amz-Date=20251124T235900Z&X-Amz-Expires=61", False),
        ("https://gcs.example.com/a?X-Goog-Date=20251124T230000Z&X-Goog-Expires=3600", True),
        (f"https://s3.example.com/a?Expires={BEFORE}&Signature=x", True),
        (f"https://s3.example.com/a?Expires={AFTER}&Signature=x", False),
        ("https://blob.example.com/a?se=2025-11-24T23%3A59%3A59Z&sig=x", True),
        ("https://blob.example.com/a?se=2025-11-25T00%3A00%3A01Z&sig=x", False),
        (f"https://files.example.com/a?token={jwt(exp=BEFORE)}", True),
        (f"https://files.example.com/a?token={jwt(exp=AFTER)}", False),
        (f"https://files.example.com/a?expires_at={BEFORE * 1000}", True),
        (rails("2025-11-24T23:59:59.000Z"), True),
        (rails("2025-11-25T00:00:01.000Z"), False),
        ("https://files.example.com/a?token=a.b.c&expires=soon&X-Amz-Date=x&X-Amz-Expires=y", False),
        ("https://files.example.com/a", False),
    ],
)
def test_a_link_says_itself_when_it_lapses(address: str, lapsed: bool) -> None:
    if not lapsed:
        link.require_current(link.parse(address), None, NOW)
        return
    with pytest.raises(ExpiredError, match=r"^the link has expired$"):
        link.require_current(link.parse(address), None, NOW)


def test_the_vendor_may_say_when_a_link_lapses() -> None:
    address = link.parse("https://files.example.com/a")
    link.require_current(address, AFTER, NOW)
    with pytest.raises(ExpiredError):
        link.require_current(address, BEFORE, NOW)


@pytest.mark.parametrize(
    ("status", "headers", "length"),
    [
        (206, {"content-range": "bytes 0-0/12345"}, 12345),
        (206, {"content-range": "bytes 0-0/*"}, None),
        (200, {"content-length": "12345"}, 12345),
        (200, {}, None),
        (200, {"content-length": "x"}, None),
        (416, {"content-range": "bytes */0"}, 0),
    ],
)
def test_the_length_of_the_whole_file(status: int, headers: Mapping[str, str], length: int | None) -> None:
    link.require_good(status, headers, b"")
    assert link.total_length(status, headers) == length


@pytest.mark.parametrize("content_range", ["", "bytes 5-5/10", "bytes 0-9/10", "items 0-0/5"])
def test_another_range_than_was_asked_for_is_malformed(content_range: str) -> None:
    with pytest.raises(MalformedError):
        link.total_length(206, {"content-range": content_range})


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, b"", MissingError),
        (410, b"", ExpiredError),
        (403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", ExpiredError),
        (400, b"<Code>ExpiredToken</Code>", ExpiredError),
        (403, b"Signature not valid in the specified time frame", ExpiredError),
        (403, b"<Code>AccessDenied</Code>", ForbiddenError),
        (401, b"", UnauthorizedError),
        (429, b"", RateLimitedError),
        (503, b"", ServerError),
        (416, b"", MalformedError),
        (204, b"", MalformedError),
        (304, b"", MalformedError),
    ],
)
def test_what_a_refusal_means(status: int, body: bytes, error: type[PollError]) -> None:
    with pytest.raises(error) as caught:
        link.require_good(status, {}, body)
    assert type(caught.value) is error
