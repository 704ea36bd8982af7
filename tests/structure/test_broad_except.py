"""Bugs are caught in two places only: in a poll, and where a package of somebody else is imported."""

import ast
from collections import Counter

import pytest

from tests.paths import ROOT
from tests.structure.modules import find_nodes

BROAD = {"Exception", "BaseException"}
ALLOWED = Counter({"polling/guard.py": 1, "declared/vendors.py": 1})


def is_broad(node: ast.AST) -> bool:
    """Return whether a node is an `except` clause that catches every exception."""
    return isinstance(node, ast.ExceptHandler) and (node.type is None or bool(BROAD & names_of(node.type)))


def names_of(caught: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(caught) if isinstance(node, ast.Name)}


def test_two_modules_catch_every_exception() -> None:
    assert Counter(module for module, node in find_nodes("Exception", "except:") if is_broad(node)) == ALLOWED


@pytest.mark.parametrize(
    ("clause", "broad"),
    [
        ("except:", True),
        ("except Exception:", True),
        ("except BaseException as error:", True),
        ("except (OSError, Exception):", True),
        ("except (OSError, ValueError):", False),
    ],
)
def test_every_form_of_a_broad_clause_is_seen(clause: str, broad: bool) -> None:
    module = ast.parse(f"try:\n    work()\n{clause}\n    pass\n")

    assert any(map(is_broad, ast.walk(module))) is broad


@pytest.mark.parametrize("module", ALLOWED)
def test_the_architecture_page_names_each(module: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

    assert f"`{module.removesuffix('.py').replace('/', '.')}`" in page.split("**Failures are contained.**")[1]
