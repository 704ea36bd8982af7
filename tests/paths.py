"""Where things are in this repository."""

from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
TESTDATA = TESTS / "testdata"
