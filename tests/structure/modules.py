"""Reads the exporter's modules for the tests of its structure."""

import ast
from collections.abc import Iterator

from tests.paths import ROOT

PACKAGE = ROOT / "exporter"


def find_nodes(*words: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield each node of the modules in which one of the words stands, with the module's path in the package.

    To parse all modules takes a second, so the others are not parsed.
    """
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if any(word in text for word in words):
            for node in ast.walk(ast.parse(text)):
                yield path.relative_to(PACKAGE).as_posix(), node
