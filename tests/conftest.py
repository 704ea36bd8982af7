"""What holds for every test."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Undo what a command set up: its stderr is closed when the test is over."""
    yield
    structlog.reset_defaults()
