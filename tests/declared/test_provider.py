"""When declarations make equal providers, and when sources share a credential."""

from exporter.config.location import Report
from exporter.declared.parsing import read_declaration
from exporter.declared.provider import make_provider
from tests.declared.declarations import GOOD, change
from tests.declared.vendor import settings_of


def test_equal_declarations_make_equal_providers() -> None:
    one, other = (read_declaration(GOOD, Report()) for _ in range(2))
    changed = read_declaration(change("base_url", "https://b.example"), Report())
    assert one is not None
    assert other is not None
    assert changed is not None
    assert make_provider(one) == make_provider(other)
    assert make_provider(one).options is make_provider(other).options
    assert make_provider(one) != make_provider(changed)


def test_one_credential_of_one_vendor_has_one_limiter() -> None:
    one = settings_of({**GOOD, "vendor": "acme"}, token="t").sources[0]
    other = settings_of({**change("base_url", "https://b.example"), "vendor": "acme"}, token="t").sources[0]
    third = settings_of({**GOOD, "vendor": "else"}, token="t").sources[0]

    assert one.credential == other.credential
    assert one.credential != third.credential
