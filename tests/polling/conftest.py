import pytest

from exporter.polling import poller


@pytest.fixture
def in_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first polls begin at once, so that a test knows when things happen."""
    monkeypatch.setattr(poller, "MAX_START_DELAY", 0.0)
