"""Renders the pages for people, and serves their style and script by the hash of their content."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from exporter import __version__
from exporter.alerts.alert import DOCUMENTATION
from exporter.characters import escape_controls_in_lines, escape_value
from exporter.web.labels import SHAPES, cut, write_clock
from exporter.web.resource_view import ResourcePage
from exporter.web.status_view import StatusView

ASSETS = "/assets"
TYPES = {".css": "text/css", ".js": "text/javascript"}
REFRESH = 5
"""Seconds between two updates where scripts run."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file that the pages load."""

    path: str
    type: str
    content: bytes


def load_assets() -> Mapping[str, Asset]:
    """Return the files that the pages load, by name; a file that changes has another path."""
    found = {}
    for file in files("exporter.web").joinpath("static").iterdir():
        content = file.read_bytes()
        stem, _, ending = file.name.rpartition(".")
        path = f"{ASSETS}/{stem}.{sha256(content).hexdigest()[:12]}.{ending}"
        found[file.name] = Asset(path, TYPES[f".{ending}"], content)
    return MappingProxyType(found)


class Pages:
    """The templates of the pages."""

    def __init__(self, assets: Mapping[str, Asset], telemetry_path: str) -> None:
        """`telemetry_path` is the path under which the metrics are exposed, for a link."""
        self.assets = assets
        self._environment = Environment(
            loader=PackageLoader("exporter.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            finalize=_escape,
        )
        self._environment.filters |= {"cut": cut, "lines": _Lines, "shape": SHAPES.__getitem__, "time": write_clock}
        self._environment.globals |= {
            "assets": {name: asset.path for name, asset in self.assets.items()},
            "documentation": DOCUMENTATION,
            "refresh": REFRESH,
            "telemetry_path": telemetry_path,
            "version": __version__,
            "home": False,
        }

    def render_status(self, page: StatusView, now: float) -> str:
        """Return the status page as HTML."""
        title = f"({page.urgent}) backup-exporter" if page.urgent else "backup-exporter"
        return self._render("status.html", title=title, page=page, now=now, home=True)

    def render_resource(self, page: ResourcePage, now: float) -> str:
        """Return the page of one resource as HTML."""
        mark = f"({len(page.row.problems)}) " if page.row.problems else ""
        title = f"{mark}{cut(page.row.name, 80)} · backup-exporter"
        return self._render("resource.html", title=title, page=page, now=now)

    def render_not_found(self, now: float) -> str:
        """Return the page for a resource that is not there."""
        return self._render("not_found.html", title="Not found · backup-exporter", now=now)

    def _render(self, template: str, **values: Any) -> str:
        return self._environment.get_template(template).render(values)


class _Lines(str):
    """A text of several lines, whose line ends are kept."""

    __slots__ = ()


def _escape(value: object) -> object:
    """Escape control characters in every external text."""
    if isinstance(value, _Lines):
        return escape_controls_in_lines(value)
    return escape_value(value)
