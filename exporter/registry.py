"""Finds the providers: every module in the folder `exporter/providers` is one, named after its file."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

import exporter.providers as folder
from exporter.provider import Provider


def names() -> tuple[str, ...]:
    """Return the names of all providers in order, without importing one."""
    return tuple(sorted(module.name for module in iter_modules(folder.__path__) if not module.name.startswith("_")))


def provider(name: str) -> Provider:
    """Return one provider, importing its module and no other; KeyError if there is none of that name."""
    if name not in names():
        raise KeyError(name)
    found = import_module(f"{folder.__name__}.{name}").PROVIDER
    if not isinstance(found, Provider):
        raise TypeError(f"PROVIDER of {name} is not a Provider")
    return found


class _Folder(Mapping[str, Provider]):
    """The folder as a mapping that imports a module when it is looked up."""

    def __getitem__(self, name: str) -> Provider:
        return provider(name)

    def __iter__(self) -> Iterator[str]:
        return iter(names())

    def __len__(self) -> int:
        return len(names())

    def __contains__(self, name: object) -> bool:
        return name in names()


def providers() -> Mapping[str, Provider]:
    """Return all providers by name; each is imported when it is first looked up."""
    return _Folder()
