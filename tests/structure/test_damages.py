"""An error that escapes from a provider names the damage to an answer that caused it."""

from typing import Any

import pytest

from exporter import registry
from exporter.errors import MalformedError
from exporter.testing.contract import ProviderContract, WaryApi
from exporter.testing.fake_api import FakeApi
from tests.vendors import find_contract


def failing_with(error: Exception) -> ProviderContract:
    """Return a vendor's contract test, whose provider fails so with damaged answers."""
    contract = find_contract(registry.names()[0])

    async def read_and_follow(self: ProviderContract, api: FakeApi) -> Any:
        if isinstance(api, WaryApi):
            raise error
        return await contract._read_and_follow(self, api)

    failing: type[ProviderContract] = type("Failing", (contract,), {"_read_and_follow": read_and_follow})
    return failing()


async def test_an_error_that_escapes_names_the_damage() -> None:
    with pytest.raises(KeyError) as caught:
        await failing_with(KeyError("x")).test_every_damaged_answer_is_malformed_or_harmless()

    (note,) = caught.value.__notes__
    assert note.startswith("escaped from the provider after this damage to an answer: ")
    assert note.endswith(" := null")


async def test_a_malformed_answer_is_no_escape() -> None:
    await failing_with(MalformedError("x")).test_every_damaged_answer_is_malformed_or_harmless()
