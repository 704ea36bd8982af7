"""What an HTTP answer means, without a socket."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from exporter.client.responses import decode_response, links, number, rate_limit_reset, retry_after, same_host
from exporter.errors import MalformedError, PollError
from exporter.wire import decode

BASE = "https://api.example.com/v1/things?page=1"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (300, "malformed"),
        (302, "malformed"),
        (304, "malformed"),
        (400, "malformed"),
        (401, "unauthorized"),
        (402, "forbidden"),
        (403, "forbidden"),
        (404, "not_found"),
        (405, "malformed"),
        (408, "timeout"),
        (409, "malformed"),
        (410, "not_found"),
        (418, "malformed"),
        (422, "malformed"),
        (429, "rate_limited"),
        (451, "malformed"),
        (500, "server_error"),
        (501, "server_error"),
        (502, "server_error"),
        (503, "server_error"),
        (504, "server_error"),
        (520, "server_error"),
        (599, "server_error"),
    ],
)
@pytest.mark.parametrize("empty", [False, True])
def test_every_status_that_is_no_success_has_its_reason(status: int, reason: str, empty: bool) -> None:
    with pytest.raises(PollError, match=rf"^HTTP {status}$") as caught:
        decode_response(status, b'{"error": "planted"}', empty=empty)

    assert (caught.value.reason, caught.value.source_wide) == (reason, False)


@pytest.mark.parametrize("status", [200, 201, 203, 206, 299])
def test_a_good_answer_is_its_json(status: int) -> None:
    assert decode_response(status, b'{"a": [1, 2.5, null, true, "\\u00e4"]}') == {"a": [1, 2.5, None, True, "ä"]}


def test_no_content_is_an_answer_only_where_it_is_expected() -> None:
    assert decode_response(204, b"", empty=True) is None
    with pytest.raises(MalformedError, match="204 No Content"):
        decode_response(204, b"")


@pytest.mark.parametrize("empty", [False, True])
def test_no_body_with_any_other_status_is_damage(empty: bool) -> None:
    with pytest.raises(MalformedError, match="the body is empty"):
        decode_response(200, b"", empty=empty)


@pytest.mark.parametrize(
    ("body", "value"), [(b"null", None), (b"[]", []), (b" 0 ", 0), (b'""', ""), (b'{"a":1,"a":2}', {"a": 2})]
)
def test_any_json_value_is_a_value(body: bytes, value: Any) -> None:
    assert decode(body) == value


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "empty"),
        (b"<!doctype html><title>planted</title>", "an HTML page"),
        (b"\n  <html>planted</html>", "an HTML page"),
        (b"planted", "not valid JSON"),
        (b" ", "not valid JSON"),
        (b'{"planted": ', "not valid JSON"),
        (b'{"planted": 1}{}', "not valid JSON"),
        (b"{'planted': 1}", "not valid JSON"),
        (b"NaN", "not valid JSON"),
        (b"[Infinity]", "not valid JSON"),
        (b"-Infinity", "not valid JSON"),
        (b"1e999 planted", "not valid JSON"),
        (b'planted "\xff"', "not valid JSON"),
        (b'"\\ud800" planted', "not valid JSON"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"\x1f\x8b\x08\x00planted", "not valid JSON"),
    ],
)
def test_damage_is_malformed_and_not_quoted(body: bytes, what: str) -> None:
    with pytest.raises(MalformedError) as caught:
        decode_response(200, body)

    assert str(caught.value) == f"the body is {what}"
    assert caught.value.__suppress_context__


NOW = 1_445_412_480.0  # Wed, 21 Oct 2015 07:28:00 GMT
IN_A_MINUTE = "Wed, 21 Oct 2015 07:29:00 GMT"
HOUR_BEHIND = "Wed, 21 Oct 2015 06:28:00 GMT"
HOUR_AHEAD = "Wed, 21 Oct 2015 08:28:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "30"}, 30),
        ({"retry-after": " 30 "}, 30),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "86400"}, 86400),
        ({"retry-after": "30", "x-ratelimit-reset": "5"}, 30),
        ({"retry-after": IN_A_MINUTE}, 60),
        ({"retry-after": "Wednesday, 21-Oct-15 07:29:00 GMT"}, 60),
        ({"retry-after": "Wed Oct 21 07:29:00 2015"}, 60),
        ({"retry-after": HOUR_BEHIND}, 0),
        ({"retry-after": "Wed, 21 Oct 2015 06:29:00 GMT", "date": HOUR_BEHIND}, 60),
        ({"retry-after": "Wed, 21 Oct 2015 08:29:00 GMT", "date": HOUR_AHEAD}, 60),
        ({"retry-after": IN_A_MINUTE, "date": HOUR_AHEAD}, 0),
        ({"retry-after": IN_A_MINUTE, "date": "no date"}, 60),
        ({"retry-after": IN_A_MINUTE, "x-ratelimit-reset": "5"}, 60),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "soon", "x-ratelimit-reset": "5"}, 5),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1e3"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 99:99:99 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 99999 07:28:00 GMT"}, None),
        ({"x-ratelimit-reset": "0"}, 0),
        ({"x-ratelimit-reset": "5"}, 5),
        ({"x-ratelimit-reset": "7200"}, 7200),
        ({"x-ratelimit-reset": "7201"}, None),
        ({"x-ratelimit-reset": "1445412540"}, None),
        ({"x-ratelimit-reset": "-1"}, None),
        ({"x-ratelimit-reset": "minute"}, None),
    ],
)
def test_how_long_a_refusal_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.fixture
def far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "XXX-05")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_from_greenwich")
@pytest.mark.parametrize("written", ["Wed Oct 21 07:29:00 2015", "Wed, 21 Oct 2015 07:29:00 -0000", IN_A_MINUTE])
def test_a_date_is_greenwichs_wherever_this_runs(written: str) -> None:
    assert retry_after({"retry-after": written}, NOW) == 60


@pytest.mark.parametrize(("value", "expected"), [("", None), ("0", 0), ("7200", 7200), ("7200.5", None), (" 9 ", 9)])
def test_when_the_window_begins_anew(value: str, expected: float | None) -> None:
    assert rate_limit_reset({"x-ratelimit-reset": value}) == expected
    assert rate_limit_reset({}) is None


@pytest.mark.parametrize(
    ("written", "value"),
    [("7", 7), ("007", 7), ("7.25", 7.25), ("", None), (".5", None), ("5.", None), ("+5", None), ("9" * 13, None)],
)
def test_only_a_plain_decimal_number_is_one(written: str, value: float | None) -> None:
    assert number(written) == value


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, {}),
        ("", {}),
        ("nonsense", {}),
        ("<https://a/2>", {}),
        ('<https://a/2>; rel="next"', {"next": "https://a/2"}),
        ("<https://a/2>; rel=next", {"next": "https://a/2"}),
        ("<https://a/2>;rel='next'", {"next": "https://a/2"}),
        ('<https://a/2> ; REL = "Next"', {"next": "https://a/2"}),
        ('< /2 >; rel="next"', {"next": "/2"}),
        ('<?page=2>; title="of, all; it"; rel="next"', {"next": "?page=2"}),
        ('</1>; rel="prev", </3>; rel="next",</9>; rel=last', {"prev": "/1", "next": "/3", "last": "/9"}),
        ('</2>; rel="next last"', {"next": "/2", "last": "/2"}),
        ('</2>; rel="next", </3>; rel="next"', {"next": "/2"}),
        ('</2>; relative="next"', {}),
        ('</2,3;4>; rel="next"', {"next": "/2,3;4"}),
        ('<>; rel="next"', {"next": ""}),
    ],
)
def test_links_by_their_rel(header: str | None, found: dict[str, str]) -> None:
    assert links({} if header is None else {"link": header}) == found


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("https://api.example.com/v1/things?page=2", "https://api.example.com/v1/things?page=2"),
        ("/v1/things?page=2", "https://api.example.com/v1/things?page=2"),
        ("?page=2", "https://api.example.com/v1/things?page=2"),
        ("more", "https://api.example.com/v1/more"),
        ("//api.example.com/v1/more", "https://api.example.com/v1/more"),
        ("HTTPS://API.Example.COM/v1/more", "https://api.example.com/v1/more"),
        ("https://api.example.com:443/v1/more", "https://api.example.com/v1/more"),
        ("http://api.example.com/v1/more", "https://api.example.com/v1/more"),
        ("http://api.example.com:443/v1/more", "https://api.example.com/v1/more"),
        ("https:///v1/more", "https://api.example.com/v1/more"),
        ("https://somebody@api.example.com/v1/more", "https://api.example.com/v1/more"),
        ("/v1/more#part", "https://api.example.com/v1/more"),
        ("/v1/things?q=https://evil.example", "https://api.example.com/v1/things?q=https://evil.example"),
    ],
)
def test_a_link_to_the_same_host_is_followed_there(target: str, address: str) -> None:
    assert same_host(BASE, target) == address


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/v1/things",
        "//evil.example/v1/things",
        "https://api.example.com.evil.example/",
        "https://evil.example/api.example.com",
        "https://api.example.com@evil.example/",
        "https://api.example.com:8443/v1/things",
        "http://api.example.com:8080/",
        "https://example.com/",
        "ftp://api.example.com/",
        "javascript:alert(1)",
        "file:///etc/passwd",
    ],
)
def test_a_link_elsewhere_is_refused(target: str) -> None:
    with pytest.raises(MalformedError) as caught:
        same_host(BASE, target)

    assert str(caught.value) == "a link leads to another host"


@pytest.mark.parametrize("target", ["https://[::1/", "https://api.example.com:port/", "https://api.example.com:99999/"])
def test_a_link_that_is_no_address_is_refused(target: str) -> None:
    with pytest.raises(MalformedError, match="is not a valid URL") as caught:
        same_host(BASE, target)

    assert caught.value.__suppress_context__


def test_a_port_that_was_configured_is_kept() -> None:
    base = "http://127.0.0.1:9010/v1/things"

    assert same_host(base, "?page=2") == "http://127.0.0.1:9010/v1/things?page=2"
    for elsewhere in (
        "http://127.0.0.1/v1/things",
        "http://127.0.0.1:9011/",
        "https://127.0.0.1/",
        "http://[::1]:9010/",
    ):
        with pytest.raises(MalformedError):
            same_host(base, elsewhere)
