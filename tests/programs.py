"""Finds the tests that start Prometheus, vmalert, helm or kustomize, by what their files name."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from tests.paths import ROOT

NAMES = ("prometheus", "promtool", "vmalert", "victoria-metrics", "helm", "kustomize")
"""What `make gotools` builds; Debian has the first two of a version of its own."""

OF_DEBIAN = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")
"""What the tests that are not quick need: `make test` installs these."""


def uses_programs(test: Path) -> bool:
    """Return whether a test's file, or a file that it imports or starts, names one of the programs."""
    seen = {Path(__file__)}
    waiting = [test]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        names, files = read(path)
        if names:
            return True
        waiting.extend(files)
    return False


@cache
def read(path: Path) -> tuple[frozenset[str], tuple[Path, ...]]:
    """Return the programs that a file names, and the files of tests and stack that it imports or starts."""
    names: set[str] = set()
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and node.value in NAMES:
            names.add(str(node.value))
        modules.update(find_modules(node))
    return frozenset(names), tuple(file for module in sorted(modules) for file in find_files(module))


def find_modules(node: ast.AST) -> Iterator[str]:
    """Yield the modules that a statement imports, or that a command starts with `-m`."""
    match node:
        case ast.Import(names=aliases):
            yield from (alias.name for alias in aliases)
        case ast.ImportFrom(module=str(module), names=aliases):
            yield module
            yield from (f"{module}.{alias.name}" for alias in aliases)
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            words = [str(part.value) if isinstance(part, ast.Constant) else "" for part in parts]
            yield from (f"{word}.__main__" for flag, word in pairwise(words) if flag == "-m")


def find_files(module: str) -> Iterator[Path]:
    """Yield a module's file where it is one of the tests or of the stack."""
    if module.split(".", maxsplit=1)[0] in {"tests", "stack"}:
        path = ROOT.joinpath(*module.split("."))
        yield from (file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file())


def find_pinned_version(name: str) -> str:
    """Return the version of a program that `make gotools` builds: what is built so does not know its own."""
    for file in ROOT.glob("tools/*/go.mod"):
        text = file.read_text(encoding="utf-8")
        pinned = re.findall(r"^(?:\t|require )(\S+) (v\S+)", text, re.MULTILINE)
        for tool in re.findall(r"^(?:\t|tool )(\S+)$", text, re.MULTILINE):
            if name in tool.split("/"):
                _, version = max((module, version) for module, version in pinned if tool.startswith(module))
                return str(version)
    return "?"
