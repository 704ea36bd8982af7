"""The report's page, printed to PDF by a real Chromium."""

import shutil
import subprocess
from pathlib import Path

import pytest

from exporter.history.page import write_html
from exporter.history.report import make_report
from exporter.history.tables import write_json
from exporter.model import Resource, Status
from tests.history.cases import PERIOD, backup, reading, resource_status

pytestmark = pytest.mark.slow


def test_the_page_prints(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    assert chromium, "needs chromium: install the Debian package chromium"
    resources = [
        resource_status(
            *[backup(days, Status.FAILED if days % 9 == number else Status.COMPLETED) for days in range(1, 60)],
            resource=Resource(id=f"shop/db-{number}", name=f"Database {number}", kind="postgresql"),
        )
        for number in range(12)
    ]
    made = make_report([reading(*resources), reading(up=False, failure="timeout")], PERIOD)
    page, pdf = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_bytes(write_html(made, write_json(made)))

    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
        f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={pdf}", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF-")
    pages = content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") + content.count(b"/Type/Page/")
    assert 4 <= pages <= 12
