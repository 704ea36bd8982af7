"""Bugs are caught in two places only: in a poll, and where a package of somebody else is imported."""

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROAD = {"Exception", "BaseException"}
ALLOWED = Counter({"polling/guard.py": 1, "declared/vendors.py": 1})


def count_broad(source: str) -> int:
    """Return how many `except` clauses of a module catch every exception."""
    clauses = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ExceptHandler)]
    return sum(clause.type is None or bool(BROAD & names_of(clause.type)) for clause in clauses)


def names_of(caught: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(caught) if isinstance(node, ast.Name)}


def test_two_modules_catch_every_exception() -> None:
    package = ROOT / "exporter"
    found = {str(path.relative_to(package)): count_broad(path.read_text("utf-8")) for path in package.rglob("*.py")}

    assert +Counter(found) == ALLOWED


@pytest.mark.parametrize(
    ("clause", "broad"),
    [
        ("except:", 1),
        ("except Exception:", 1),
        ("except BaseException as error:", 1),
        ("except (OSError, Exception):", 1),
        ("except (OSError, ValueError):", 0),
    ],
)
def test_every_form_of_a_broad_clause_is_counted(clause: str, broad: int) -> None:
    assert count_broad(f"try:\n    work()\n{clause}\n    pass\n") == broad


@pytest.mark.parametrize("module", ALLOWED)
def test_the_architecture_page_names_each(module: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

    assert f"`{module.removesuffix('.py').replace('/', '.')}`" in page.split("**Failures are contained.**")[1]
