"""The configuration: what is taken from it, and every problem in the words in which users see it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter import registry
from exporter.config import loader
from exporter.config import loader as config
from exporter.config.loader import ConfigError, LoadedConfig
from exporter.provider import Provider, RateLimit, Url
from exporter.secret import Secret
from exporter.settings import Override, Policy, Source, VerifyDownloads
from tests.paths import TESTDATA as ALL_TESTDATA
from tests.vendors import find_profiles

TESTDATA = ALL_TESTDATA / "config"
EXPECTED: dict[str, list[str]] = yaml.safe_load((TESTDATA / "expected.yaml").read_text())
ACME = Url("https://api.acme.example")
ENVIRON = {"TOKEN": "planted", "SQUAD": "data", "EMPTY": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeOptions:
    token: Secret = field(repr=False)
    account: str | None = None
    ids: tuple[str, ...] = ()
    base_url: Url = ACME


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentOptions:
    account: str
    spare: Secret | None = field(default=None, repr=False)


def never_called(*_: Any) -> Any:
    raise AssertionError("the configuration asks no vendor")


def provider_with(options: type[Any], **functions: Any) -> Provider:
    return Provider(
        options=options,
        rate_limit=RateLimit(requests=10, per=60.0),
        scopes=never_called,
        resources=never_called,
        pages=never_called,
        backup=never_called,
        newest_first=True,
        **functions,
    )


PROVIDERS = {"acme": provider_with(AcmeOptions, details=never_called), "silent": provider_with(SilentOptions)}


def parse_yaml(text: str, environ: Mapping[str, str] = ENVIRON, folder: Path = TESTDATA) -> LoadedConfig:
    return config.parse(text, environ, folder, providers=PROVIDERS)


def source(*lines: str, top: str = "") -> Source:
    return load_text(*lines, top=top).settings.sources[0]


def load_text(*lines: str, top: str = "") -> LoadedConfig:
    entry = ("name: one", "provider: acme", "token: planted", *lines)
    return parse_yaml(f"{top}\nsources:\n  -\n" + "".join(f"    {line}\n" for line in entry))


@pytest.mark.parametrize("rule", sorted(path.stem for path in TESTDATA.glob("invalid-*.yaml")))
def test_every_problem_is_told_in_these_words(rule: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(TESTDATA / f"{rule}.yaml", ENVIRON, providers=PROVIDERS)

    assert [one.replace(f"{TESTDATA}/", "") for one in caught.value.problems] == EXPECTED.get(rule)


def test_no_problem_repeats_a_secret() -> None:
    assert "planted" in "".join(path.read_text() for path in TESTDATA.glob("invalid-*.yaml"))
    assert "planted" not in repr(EXPECTED)
    assert all(len(line.splitlines()) == 1 for lines in EXPECTED.values() for line in lines)


def test_five_mistakes_are_five_lines() -> None:
    assert len(EXPECTED["invalid-five-mistakes"]) == 5


EVERY_KEY = (
    "ids: [7, 010, b]",
    "poll_interval: 1m",
    "discovery_interval: 2m",
    "progress_interval: 3s",
    "request_timeout: 500ms",
    "rate_limit: {requests: 3, share: 0.5}",
    "max_age: 1d",
    "max_duration: 1h",
    "min_backups: 0",
    "min_retention: 1w",
    "paused: true",
    'labels: {squad: "${SQUAD}", floor: 3}',
    "include: [a*]",
    "exclude: [ab]",
    'resources: {"a?": {min_backups: 4}, 7: }',
    "ca_file: ca.pem",
    "proxy_url: http://me:planted@proxy.example:3128/",
    "shard_by: resource",
    "verify_downloads: {interval: 12h, method: full, allow_private: true, bytes_per_second: 1000}",
)


def test_every_key_is_taken() -> None:
    found = source(*EVERY_KEY)

    assert found == Source(
        name="one",
        provider=PROVIDERS["acme"],
        provider_name="acme",
        options=AcmeOptions(token=Secret("planted"), ids=("7", "010", "b")),
        rate_limit=RateLimit(requests=3, per=60.0, share=0.5),
        poll_interval=60,
        discovery_interval=120,
        progress_interval=3,
        request_timeout=0.5,
        max_age=86400,
        max_duration=3600,
        min_backups=0,
        min_retention=604800,
        paused=True,
        labels=(("floor", "3"), ("squad", "data")),
        include=("a*",),
        exclude=("ab",),
        overrides=(Override(pattern="a?", min_backups=4), Override(pattern="7")),
        ca_file=TESTDATA / "ca.pem",
        proxy_url="http://me:planted@proxy.example:3128",
        shard_by="resource",
        verify_downloads=VerifyDownloads(interval=43200, method="full", allow_private=True, bytes_per_second=1000),
    )
    assert "planted" not in repr(found)


def test_downloads_are_verified_with_defaults_where_the_vendor_gives_links() -> None:
    assert source("verify_downloads: {}").verify_downloads == VerifyDownloads()
    assert source("verify_downloads:").verify_downloads is None
    without = next(name for name, provider in registry.providers().items() if provider.download is None)
    options = find_profiles()[without].benchmark.options
    text = json.dumps({"sources": [{"name": "one", "provider": without, **options, "verify_downloads": {}}]})
    (warning,) = loader.parse(text, {}, TESTDATA).warnings
    assert warning == (
        f"sources[0].verify_downloads: has no effect: {without} gives no link to download a backup; leave it out"
    )


def test_what_is_left_out_has_its_default() -> None:
    found = source("labels:", "include:", "rate_limit:", "resources:")

    assert (found.poll_interval, found.discovery_interval) == (300, 3600)
    assert (found.progress_interval, found.request_timeout) == (30, 20)
    assert found.rate_limit == PROVIDERS["acme"].rate_limit
    assert found.options == AcmeOptions(token=Secret("planted"))
    assert found.policy("id", "name") == Policy(max_duration=6 * 3600)


def test_a_source_inherits_from_the_top_what_it_does_not_say() -> None:
    top = "poll_interval: 1m\nmax_age: 5h\nmax_duration: 7h\nproxy_url: http://p.example\nrequest_timeout: 2s"
    found = source("max_age: 6h", "poll_interval: 2m", top=top)

    assert (found.max_age, found.max_duration, found.poll_interval, found.request_timeout) == (21600, 25200, 120, 2)
    assert found.proxy_url == "http://p.example"


def test_all_matching_overrides_apply_in_file_order_key_by_key() -> None:
    found = source(
        "max_age: 1h",
        "paused: true",
        "labels: {squad: data, tier: gold}",
        "resources:",
        "  orders*: {max_age: 2h, min_backups: 2, labels: {squad: orders}}",
        "  Big: {max_age: 3h, paused: false, labels: {floor: one}}",
        "  big: {max_age: 4h}",
    )

    gold = (("squad", "data"), ("tier", "gold"))
    both = (("floor", "one"), ("squad", "orders"), ("tier", "gold"))
    assert found.policy("x", "y") == Policy(max_age=3600, max_duration=21600, paused=True, labels=gold)
    assert found.policy("orders-1", "Big") == Policy(max_age=10800, max_duration=21600, min_backups=2, labels=both)
    assert found.policy("Big", "orders-1") == found.policy("orders-1", "Big")


@pytest.mark.parametrize(
    ("include", "exclude", "resource", "resource_status"),
    [
        ("[]", "[]", ("id", "name"), True),
        ("[a*]", "[]", ("id", "name"), False),
        ("[a*]", "[]", ("id", "abc"), True),
        ("[a*]", "[]", ("abc", "name"), True),
        ("[A*]", "[]", ("abc", "name"), False),
        ("[a*]", "[abc]", ("id", "abc"), False),
        ("[]", "[id]", ("id", "abc"), False),
        ("[p/*, q]", "[]", ("p/addon", "q"), True),
    ],
)
def test_globs_go_over_id_and_name(
    include: str, exclude: str, resource: tuple[str, str], resource_status: bool
) -> None:
    assert source(f"include: {include}", f"exclude: {exclude}").watches(*resource) is resource_status


@pytest.mark.parametrize(
    ("written", "environ", "read"),
    [
        ("${A}", {"A": "x"}, "x"),
        ("<${A}-${B}>", {"A": "1", "B": "2"}, "<1-2>"),
        ("$${A}", {}, "${A}"),
        ("a$b$", {}, "a$b$"),
        ("$$$$", {}, "$$"),
        ("${A", {}, "${A"),
        ("${A}", {"A": "${B}: $$"}, "${B}: $$"),
    ],
)
def test_variables_are_filled_in_once_after_the_yaml(written: str, environ: dict[str, str], read: str) -> None:
    text = f"sources: [{{name: one, provider: acme, token: t, account: '{written}', resources: {{'{written}': }}}}]"
    found = parse_yaml(text, environ).settings.sources[0]

    assert found.options.account == read
    assert found.overrides == (Override(pattern=read),)


def test_a_secret_may_be_in_a_file_beside_the_configuration() -> None:
    text = "sources: [{name: one, provider: acme, token_file: secret.txt}, {name: two, provider: acme, token: ' t '}]"
    first, second = parse_yaml(text).settings.sources

    assert first.options.token == Secret(file=TESTDATA / "secret.txt")
    assert first.options.token.reveal() == "planted-secret"
    assert second.options.token == Secret("t")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://h.example/", "https://h.example"),
        ("HTTPS://h.example:8443/lead/path//", "https://h.example:8443/lead/path"),
        ("https://[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_a_url_loses_its_last_slash(written: str, read: str) -> None:
    assert source(f"base_url: {written}").options.base_url == read


LITERAL = "is taken as it is: a variable is written ${NAME}, and a literal dollar $$"


@pytest.mark.parametrize(
    ("lines", "warnings"),
    [
        (("base_url: https://h.example", "include: [a*]"), ()),
        (("base_url: http://h.example",), ("base_url: http:// sends the credentials unencrypted; use https://",)),
        (("include: ['*']",), ("include[0]: this glob matches every name, so it excludes nothing",)),
        (("exclude: [a, '?**']",), ("exclude[1]: this glob matches every name, so nothing of this source is watched",)),
        (("account: $ACCOUNT", "labels: {squad: '${SQUAD'}"), (f"account: {LITERAL}", f"labels.squad: {LITERAL}")),
        (("account: $$ACCOUNT", "labels: {squad: '$${SQUAD'}", "base_url: https://h.example/$5/a$b"), ()),
        (
            ("resources: {'**': {max_age: 1h}}",),
            ('resources["**"]: this glob matches every name, so its keys can be given on the source itself',),
        ),
    ],
)  # fmt: skip
def test_warnings(lines: tuple[str, ...], warnings: tuple[str, ...]) -> None:
    assert load_text(*lines).warnings == tuple(f"sources[0].{warning}" for warning in warnings)


def test_a_provider_without_a_schedule_needs_a_limit() -> None:
    text = "sources: [{name: one, provider: silent, account: 5}]"
    warning = (
        "sources[0].max_age: no limit known: silent reports no schedule, so without max_age no backup is ever too old"
    )

    assert parse_yaml(text).warnings == (warning,)
    assert parse_yaml("max_age: 1d\n" + text).warnings == ()
    assert parse_yaml(text.replace("account", "max_age: 1d, account")).warnings == ()


def test_a_reload_sees_which_sources_changed() -> None:
    text = "sources: [{name: a, provider: acme, token: t}, {name: b, provider: acme, token: %s, labels: {x: y, z: w}}]"
    old, same, new = (parse_yaml(text % token).settings for token in ("t", "t", "u"))

    assert old == same
    assert [one == other for one, other in zip(old.sources, new.sources, strict=True)] == [True, False]
    assert hash(old.sources[0]) == hash(same.sources[0])


def test_merge_keys_are_no_duplicates() -> None:
    text = "sources:\n- &a {name: a, provider: acme, token: t, max_age: 1h}\n- {<<: *a, name: b, max_age: 2h}\n"

    assert [(one.name, one.max_age) for one in parse_yaml(text).settings.sources] == [("a", 3600), ("b", 7200)]


def test_paths_start_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("planted")
    path = tmp_path / "c.yaml"
    path.write_text(
        "\ufeffstate_file: s.json\nsources: [{name: one, provider: acme, token_file: token}]", encoding="utf-8"
    )
    settings = config.load(path, {}, providers=PROVIDERS).settings

    assert settings.state_file == tmp_path / "s.json"
    assert settings.sources[0].options.token == Secret(file=tmp_path / "token")


def test_a_file_that_cannot_be_read_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"name: \xe9")
    for name, problem in [("gone", "cannot be read: no such file or directory"), ("latin", "is not valid UTF-8")]:
        with pytest.raises(ConfigError) as caught:
            config.load(tmp_path / name, {})
        assert caught.value.problems == (f"{tmp_path / name}: {problem}",)
