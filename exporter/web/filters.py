"""Reads the filters of the status page from the parameters of its address."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlencode

LABEL = "label."


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which resources to show; each part has to fit, and so does each value of a part."""

    states: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    """Parts of a name or an id, case ignored."""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def active(self) -> bool:
        """Return whether any filter is set."""
        return bool(self.states or self.sources or self.providers or self.texts or self.labels)

    @property
    def text(self) -> str:
        """Return the text that the search field shows."""
        return " ".join(self.texts)

    def parameters(self) -> list[tuple[str, str]]:
        """Return the parameters of an address that filters likewise."""
        return [
            *(("state", value) for value in self.states),
            *(("source", value) for value in self.sources),
            *(("provider", value) for value in self.providers),
            *(("q", value) for value in self.texts),
            *((f"{LABEL}{name}", value) for name, values in self.labels.items() for value in values),
        ]


def read_filter(parameters: Iterable[tuple[str, str]]) -> Filter:
    """Return the filter that the parameters of an address name; unknown and empty ones are ignored."""
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        if value:
            given.setdefault(name, []).append(value)
    labels = {name[len(LABEL) :]: tuple(values) for name, values in given.items() if name.startswith(LABEL)}
    return Filter(
        states=tuple(given.get("state", ())),
        sources=tuple(given.get("source", ())),
        providers=tuple(given.get("provider", ())),
        texts=tuple(given.get("q", ())),
        labels=MappingProxyType(labels),
    )


def read_page(parameters: Iterable[tuple[str, str]]) -> int:
    """Return which page an address asks for, from 1 on; 1 if it is not a number."""
    for name, value in parameters:
        if name == "page" and value.isascii() and value.isdecimal() and len(value) < 7:
            return max(1, int(value))
    return 1


def make_address(parameters: Iterable[tuple[str, str]], path: str = "/") -> str:
    """Return the address of the status page with these parameters."""
    query = urlencode(list(parameters))
    return f"{path}?{query}" if query else path
