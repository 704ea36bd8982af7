"""`backup-exporter try` with a built-in vendor."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.cli import main
from tests.declared.vendor import Asked, vendor

pytestmark = pytest.mark.integration


async def test_a_built_in_vendor_is_shown_as_far_as_it_applies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(asked: Asked) -> Any:
        if asked.path.endswith("/institutions"):
            return {"data": [{"id": "i1", "attributes": {"name": "One"}}]}
        return {"data": []}

    async with vendor(answer) as found:
        source = {"name": "s", "provider": "scholarly", "token": "planted", "base_url": found.url, "max_age": "26h"}
        (tmp_path / "config.yaml").write_text(yaml.safe_dump({"sources": [source]}))
        code = await asyncio.to_thread(main, ["try", "s", "--config.file", str(tmp_path / "config.yaml")])
    shown = capsys.readouterr().out

    assert code == 0
    assert "Authorization: " in shown
    assert '"resource": "i1"' in shown
    assert "planted" not in shown
