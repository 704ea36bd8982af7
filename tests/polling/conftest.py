import pytest

from exporter.polling import poller


@pytest.fixture
def in_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first polls begin at once, so that a test knows when things happen."""
    monkeypatch.setattr(poller, "LATEST_START", 0.0)
