"""Finds the profiles of the vendors: every folder beside this file is one, named as its provider."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

from exporter import registry
from exporter.demo.http import SimulatedAccount, Story
from exporter.demo.vendors import __name__ as SIMULATORS  # noqa: N812
from exporter.testing.contract import ProviderContract
from tests.vendors.profile import Profile

FOLDER = Path(__file__).parent
UNLIMITED = 10**9


@cache
def find_profiles() -> Mapping[str, Profile]:
    """Return the profile of each vendor that has one, by its name."""
    found = sorted(path.parent.name for path in FOLDER.glob("*/profile.py"))
    return {name: load_profile(name) for name in found}


@cache
def load_profile(name: str) -> Profile:
    """Return the profile of one vendor; an error names the file, and the field that is missing."""
    file = f"tests/vendors/{name}/profile.py"
    try:
        profile: Profile = import_module(f"{__name__}.{name}.profile").PROFILE
    except (AttributeError, ImportError, TypeError) as error:
        raise LookupError(f"{file}: {error}") from error
    return replace(profile, name=name)


def find_contract(name: str) -> type[ProviderContract]:
    """Return the provider's test that inherits the contract: its recorded answers, and what they come to."""
    file = f"tests/vendors/{name}/test_provider.py"
    tests = vars(import_module(f"{__name__}.{name}.test_provider")).values()
    provider = registry.provider(name)
    for one in tests:
        if isinstance(one, type) and issubclass(one, ProviderContract) and getattr(one, "provider", None) is provider:
            return one
    raise LookupError(f"{file}: no class inherits ProviderContract and has the provider of {name}")


def open_accounts(name: str, story: Story, *, limited: bool = True) -> Sequence[SimulatedAccount]:
    """Return a vendor's simulated accounts, which refuse no request for its rate unless they are `limited`."""
    accounts: Sequence[SimulatedAccount] = import_module(f"{SIMULATORS}.{name}").accounts(story)
    for account in accounts:
        lacking = [member for member in ("issued_tokens", "limits") if not hasattr(account, member)]
        if lacking:
            file = f"exporter/demo/vendors/{name}.py"
            raise LookupError(f"{file}: the account {account.name} has no {' and no '.join(lacking)}")
        for limit in () if limited else account.limits:
            limit.requests = UNLIMITED
    return accounts


def open_account(name: str, account: str, story: Story, *, limited: bool = True) -> SimulatedAccount:
    """Return one of a vendor's simulated accounts, opened anew."""
    return next(one for one in open_accounts(name, story, limited=limited) if one.name == account)


def open_struck(profile: Profile, start: float) -> SimulatedAccount:
    """Return the account that the faults strike; it counts no requests: what is refused there, the fault refuses."""
    return open_account(profile.name, profile.account, Story(start=start), limited=False)


def find_missing(name: str) -> Iterator[str]:
    """Yield what a provider lacks beside its own file, each with the path of the file."""
    folder = f"tests/vendors/{name}"
    files = ("__init__.py", "profile.py", "test_provider.py", "facts.py", "test_simulator.py", "listings.py", "ask.md")
    for path in [f"exporter/demo/vendors/{name}.py", *(f"{folder}/{file}" for file in files)]:
        if not (FOLDER.parents[1] / path).is_file():
            yield f"{path}: the file is missing"
    if not [*(FOLDER / name).glob("fixtures/*.json")]:
        yield f"{folder}/fixtures/*.json: no recorded answer"
