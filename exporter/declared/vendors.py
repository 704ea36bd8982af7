"""Finds every provider by its name: built in, from the catalog, from files, from packages, or inside a source."""

import glob
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporter import registry
from exporter.config import document
from exporter.config.location import Location, Report
from exporter.files import is_file
from exporter.provider import Provider

if TYPE_CHECKING:
    from exporter.declared.grammar import Declaration

CATALOG = Path(__file__).parent / "catalog"
GROUP = "backup_exporter.providers"
INLINE = "http_json"
"""The provider that is declared inside its source."""
LARGEST_FILE = 2**20
BUILT_IN, FROM_CATALOG, FROM_FILE, FROM_PACKAGE = "built-in", "catalog", "file", "package"


class DeclarationError(ValueError):
    """A declaration cannot be used; the text is its problems, one a line."""


@dataclass(frozen=True, slots=True)
class ReadDeclaration:
    """A declaration of the user's own, and how its problems begin."""

    prefix: str
    declaration: "Declaration"
    in_use: bool = True


class ProviderIndex(Mapping[str, Provider]):
    """The providers by name; each is made when it is first looked up."""

    def __init__(self, installed: Mapping[str, EntryPoint]) -> None:
        """Take the packages' entry points."""
        self.installed = installed
        self.files: dict[str, Provider | None] = {}
        """None: its file does not fit, which is said of the file and not of each source."""

    def kind(self, name: str) -> str:
        """Return where a provider comes from; KeyError for an unknown name."""
        if name in registry.names():
            return BUILT_IN
        if name in list_catalog():
            return FROM_CATALOG
        if name in self.files:
            return FROM_FILE
        if name in self.installed:
            return FROM_PACKAGE
        raise KeyError(name)

    def __getitem__(self, name: str) -> Provider:
        kind = self.kind(name)
        if kind == BUILT_IN:
            return registry.provider(name)
        if kind == FROM_CATALOG:
            return _make_provider(read_catalog(name))
        if kind == FROM_PACKAGE:
            return load_package(name, self.installed[name])
        found = self.files[name]
        if found is None:
            raise DeclarationError("")
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*registry.names(), *list_catalog(), *self.files, *self.installed}))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in set(iter(self))


@dataclass(slots=True)
class Vendors:
    """The providers that a configuration can name, and the declarations that it reads."""

    providers: ProviderIndex = field(default_factory=lambda: ProviderIndex(list_packages()))
    declarations: list[ReadDeclaration] = field(default_factory=list)
    """Those of files, used or not, and those inside sources."""

    def clashes(self) -> list[str]:
        """Return a problem for each package whose provider has a name that is taken."""
        taken = {*registry.names(), *list_catalog(), INLINE}
        return [
            f"package {_name_package(point)}: the provider {name} has the name of another one; remove the package"
            for name, point in self.providers.installed.items()
            if name in taken
        ]

    def read_files(self, patterns: Sequence[str], folder: Path, location: Location) -> None:
        """Read the declarations that globs name, relative to `folder`; each file's problems name it."""
        read: set[str] = set()
        for number, pattern in enumerate(patterns):
            beside = Path(glob.escape(str(folder))) / pattern
            found = sorted(glob.glob(str(beside), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
            if not found and glob.has_magic(pattern):
                location.item(number).warning("this glob matches no file")
            elif not found:
                location.item(number).problem(
                    "the file does not exist (a relative path starts at the folder of the configuration)"
                )
            for name in found:
                if name not in read:
                    read.add(name)
                    self._read_file(Path(name), location.report)

    def shipped(self, names: Iterable[str]) -> Iterator[ReadDeclaration]:
        """Yield the declarations of the catalog and of packages among some providers, each once."""
        for name in sorted(set(names) & set(self.providers)):
            kind = self.providers.kind(name)
            if kind == FROM_CATALOG:
                yield ReadDeclaration(f"catalog {name}: ", read_catalog(name))
            if kind == FROM_PACKAGE:
                found = _load_package(name, point := self.providers.installed[name])
                if not isinstance(found, Provider):
                    yield ReadDeclaration(f"package {_name_package(point)}: ", found)

    def read_inline(self, value: Any, name: str, location: Location) -> Provider | None:
        """Return the provider that a source declares itself; None, with its problems noted."""
        report = Report()
        declaration = _read(value, report, own_name=name)
        place = location.report.at
        location.report.problems.extend(place(location.steps, _join_path(location.path, it)) for it in report.problems)
        location.report.warnings.extend(place(location.steps, _join_path(location.path, it)) for it in report.warnings)
        if declaration is None:
            return None
        self.declarations.append(ReadDeclaration(place(location.steps, f"{location.path}."), declaration))
        return _make_provider(declaration)

    def _read_file(self, path: Path, report: Report) -> None:
        own = Report()
        value = read_yaml(path, own)
        name = value.get("name") if isinstance(value, dict) else None
        shown = name if isinstance(name, str) and name else path.name
        if isinstance(value, dict) and "sources" in value and "declaration" not in value:
            own.problems.append("is a configuration, not a declaration; change the glob so that it does not match it")
            value = document.UNSET
        declaration = None if value is document.UNSET else _read(value, own)
        if declaration is not None and (problem := self._name_problem(declaration.name, path)) is not None:
            own.problems.append(f"name: {problem}")
            declaration = None
        prefix = f"declaration {shown}: "
        report.problems.extend(prefix + _remove_place(problem) for problem in own.problems)
        report.warnings.extend(prefix + _remove_place(warning) for warning in own.warnings)
        if declaration is None and isinstance(name, str) and name not in self.providers:
            self.providers.files[name] = None
        if declaration is not None:
            self.providers.files[declaration.name] = _make_provider(declaration)
            self.declarations.append(ReadDeclaration(prefix, declaration))

    def _name_problem(self, name: str, path: Path) -> str | None:
        if name == INLINE:
            return f"{name} is for declarations inside a source; choose another name ({path.name})"
        if name not in self.providers:
            return None
        what = {FROM_FILE: "another file", FROM_PACKAGE: "a package", FROM_CATALOG: "the catalog"}
        where = what.get(self.providers.kind(name), "the exporter itself")
        return f"{name} is the name of a provider of {where} already; choose another name ({path.name})"


def read_yaml(path: Path, report: Report) -> Any:
    """Return the values of a declaration's file; `UNSET`, with the problem noted, if there are none."""
    try:
        if not is_file(path) or path.stat().st_size > LARGEST_FILE:
            report.problems.append(f"is not a file of at most {LARGEST_FILE // 2**20} MiB")
            return document.UNSET
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        report.problems.append(f"cannot be read: {(error.strerror or 'unknown error').lower()}")
    except ValueError:
        report.problems.append("is not UTF-8 text")
    else:
        return document.read(content, None, report)
    return document.UNSET


def load_declaration(value: Any) -> "Declaration":
    """Return the declaration that a mapping or the path of a file holds, or raise DeclarationError."""
    report = Report()
    if isinstance(value, (str, Path)):
        value = read_yaml(Path(value), report)
    declaration = None if value is document.UNSET else _read(value, report)
    if declaration is None:
        raise DeclarationError("\n".join(_remove_place(problem) for problem in report.problems))
    return declaration


@lru_cache(maxsize=1)
def list_catalog() -> tuple[str, ...]:
    """Return the names of the packaged declarations."""
    return tuple(sorted(path.stem for path in CATALOG.glob("*.yaml")))


@lru_cache(maxsize=64)
def read_catalog(name: str) -> "Declaration":
    """Return a packaged declaration."""
    return load_declaration(CATALOG / f"{name}.yaml")


def list_packages() -> dict[str, EntryPoint]:
    """Return the providers of installed packages by name, without importing one."""
    return {point.name: point for point in entry_points(group=GROUP)}


def load_package(name: str, point: EntryPoint) -> Provider:
    """Return the provider of a package, or raise DeclarationError."""
    found = _load_package(name, point)
    return found if isinstance(found, Provider) else _make_provider(found)


@lru_cache(maxsize=64)
def _load_package(name: str, point: EntryPoint) -> "Provider | Declaration":
    try:
        found = point.load()
    except Exception as error:  # noqa: BLE001 - a package's own code may raise anything
        raise DeclarationError(f"package {_name_package(point)} cannot be imported: {type(error).__name__}") from None
    if isinstance(found, Provider):
        return found
    if not isinstance(found, (Mapping, str, Path)):
        raise DeclarationError(f"{point.value} is neither a Provider nor a declaration")
    declaration = load_declaration(json.loads(json.dumps(found, default=str)) if isinstance(found, Mapping) else found)
    if declaration.name != name:
        raise DeclarationError(f"the entry point {name} holds a declaration named {declaration.name}")
    return declaration


# Imported only where there is a declaration: without one, the exporter starts a fifth sooner.


def _read(value: Any, report: Report, *, own_name: str | None = None) -> "Declaration | None":
    from exporter.declared.parsing import read_declaration

    return read_declaration(value, report, own_name=own_name)


def _make_provider(declaration: "Declaration") -> Provider:
    from exporter.declared.provider import make_provider

    return make_provider(declaration)


def _name_package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.module


def _remove_place(problem: str) -> str:
    return problem.removeprefix("the configuration: ")


def _join_path(path: str, problem: str) -> str:
    own = problem.removeprefix("the configuration: ")
    if own != problem:
        return f"{path}: {own}"
    return f"{path}{problem}" if problem.startswith("[") else f"{path}.{problem}"
