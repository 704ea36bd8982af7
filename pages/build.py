"""Writes the pages that are made from the code: metrics, vendors, the command line, and the map of the modules.

Run as `make docs`; a test holds the committed pages to what this gives.
"""

import argparse
import inspect
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import exporter
from exporter import registry
from exporter.cli import command_parsers
from exporter.config.durations import format_duration
from exporter.config.options import list_option_keys
from exporter.declared.vendors import list_catalog, read_catalog
from exporter.metrics.family import Family
from exporter.metrics.resource_families import RESOURCE_FAMILIES
from exporter.metrics.source_families import EXPORTER_FAMILIES, SOURCE_FAMILIES
from pages.asking_vendors import with_vendors
from pages.declared_pages import render_declared_page
from pages.scaling import with_scaling_tables

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MADE = "<!-- Made by `make docs` from the code; change it there. -->\n"
SECTIONS = ("Least rights", "Reads", "Requests", "Does not report")


def pages() -> Iterator[tuple[Path, str]]:
    """Yield every generated page with its text."""
    yield DOCS / "metrics.md", metrics_page()
    yield DOCS / "command-line.md", command_line_page()
    yield DOCS / "vendors" / "README.md", vendors_index()
    for name in registry.names():
        yield DOCS / "vendors" / f"{name}.md", vendor_page(name)
    for name in list_catalog():
        yield DOCS / "vendors" / f"{name}.md", render_declared_page(name)
    yield ROOT / "exporter" / "config" / "example.yaml", (ROOT / "config.example.yaml").read_text()
    unit = "backup-exporter.service"
    yield ROOT / "exporter" / "commands" / unit, (ROOT / "deploy" / "systemd" / unit).read_text()
    architecture = DOCS / "architecture.md"
    yield architecture, with_map(architecture.read_text())
    runbooks = DOCS / "runbooks" / "README.md"
    yield runbooks, with_vendors(runbooks.read_text())
    scaling = DOCS / "scaling.md"
    yield scaling, with_scaling_tables(scaling.read_text())


def metrics_page() -> str:
    """Return docs/metrics.md."""
    parts = [
        "# Metrics\n",
        MADE,
        'If the vendor does not report a value, the series is absent, never 0, -1 or NaN. "Newest" and "oldest" refer'
        " to the start of a backup. The exporter polls the vendors on a timer, since their rate limits do not allow"
        " requests at each scrape: a number is as of the last poll unless its text says otherwise, and"
        " `backup_poll_last_success_timestamp_seconds` is the time of that poll. Each series also has the `labels`"
        " of the configuration.\n",
        "Names and meanings are stable: a metric is not renamed or redefined within a major version.\n",
        "## Resources\n",
        _metric_table(RESOURCE_FAMILIES),
        "## Sources\n",
        _metric_table(SOURCE_FAMILIES),
        "## The exporter\n",
        _metric_table(EXPORTER_FAMILIES),
        "`/metrics` also has `process_*` and `python_info`, the standard metrics of Prometheus' client for Python.\n",
    ]
    return "\n".join(parts)


def _metric_table(families: Iterable[Family[Any]]) -> str:
    rows = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for family in families:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        rows.append(f"| `{family.name}` | {family.type} | {labels} | {family.help} |")
    return "\n".join(rows) + "\n"


def vendors_index() -> str:
    """Return docs/vendors/README.md."""
    rows = ["| provider | what | gives download links |", "|---|---|---|"]
    rows += [_list_vendor(name, _docstring(name)[0].split(": ", 1)[-1]) for name in registry.names()]
    catalog = [
        "## Catalog\n",
        "Declared from the vendors' documents; not run against the live APIs. They give no links.\n",
    ]
    catalog += ["| provider | what |", "|---|---|"]
    catalog += [f"| [`{name}`]({name}.md) | {read_catalog(name).title} |" for name in list_catalog()]
    links = "[Download checks](../history.md#download-checks) need a vendor that gives download links."
    own = "Any other vendor: [declare it](../declare-a-vendor.md)."
    return "\n".join(["# Vendors\n", MADE, *rows, "", links, "", *catalog, "", own, ""])


def _list_vendor(name: str, what: str) -> str:
    links = "yes" if registry.provider(name).download is not None else "no"
    return f"| [`{name}`]({name}.md) | {what} | {links} |"


def vendor_page(name: str) -> str:
    """Return docs/vendors/<name>.md: the docstring of the vendor's file, its keys, its limit and its status words."""
    title, body = _docstring(name)
    provider = registry.provider(name)
    limit = provider.rate_limit
    words: dict[str, list[str]] = {}
    for word, status in import_module(f"exporter.providers.{name}").STATUSES.items():
        words.setdefault(str(status), []).append(f"`{word}`")
    parts = [
        f"# {title.rstrip('.')}\n",
        MADE,
        _markdown(body),
        "## Keys\n",
        "Beside the [keys of every source](../configuration.md):\n",
        "| key | default |\n|---|---|",
        "\n".join(f"| `{key}` | {default} |" for key, default in _keys(name)) + "\n",
        f"Default rate limit: {limit.requests} request{'s' * (limit.requests > 1)} per {format_duration(limit.per)}.\n",
        "## Status words\n",
        "Compared in lower case, with `_` for `-` and space. Any other word counts as `unknown`.\n",
        "| status | the vendor's words |\n|---|---|",
        "\n".join(f"| {status} | {', '.join(sorted(said))} |" for status, said in words.items()) + "\n",
    ]
    return "\n".join(parts)


def _keys(name: str) -> Iterator[tuple[str, str]]:
    provider = registry.provider(name)
    defaults = {field.name: field.default for field in fields(provider.options)}
    for key in list_option_keys(provider):
        plain = key.removesuffix("_file") if key.removesuffix("_file") in defaults else key
        default = defaults.get(key, MISSING)
        if default is MISSING:
            yield key, "required" if plain == key else f"instead of `{plain}`: a file that holds it"
        elif isinstance(default, bool):
            yield key, f"`{str(default).lower()}`"
        elif isinstance(default, tuple):
            yield key, ", ".join(f"`{item}`" for item in default) or "none"
        else:
            yield key, f"`{default}`" if default else "see above"


def _docstring(name: str) -> tuple[str, str]:
    text = inspect.cleandoc(import_module(f"exporter.providers.{name}").__doc__ or "")
    title, _, body = text.partition("\n")
    return title, body.strip()


def _markdown(text: str) -> str:
    """Return a provider's docstring as Markdown: its sections with headings, its example in a fence."""
    text = re.sub(r"^ {4}(- name:.*(?:\n {4,}.*)*)", _fence, text, flags=re.MULTILINE)
    for section in SECTIONS:
        text = re.sub(rf"^{section}:[ \n]+(.)", partial(_with_heading, section), text, flags=re.MULTILINE)
    return text + "\n"


def _with_heading(section: str, found: re.Match[str]) -> str:
    return f"## {section}\n\n{found[1].upper()}"


def _fence(found: re.Match[str]) -> str:
    example = re.sub(r"^ {4}", "", found[1], flags=re.MULTILINE)
    return f"```yaml\n{example}\n```"


def command_line_page() -> str:
    """Return docs/command-line.md: what `--help` says, for every command."""
    parts = ["# Command line\n", MADE]
    for name, parser in command_parsers().items():
        parts += [f"## `{parser.prog}`\n" if name else "", f"```text\n{_help(parser)}```\n"]
    parts.append(
        "Exit codes: 0: success. 1: something could not be read or written, `poll --fail-on` found a problem, `health` "
        "got no answer, or the exporter cannot start now: the address cannot be listened on, or another exporter uses "
        "the state file. 2: bad usage or configuration.\n"
    )
    return "\n".join(filter(None, parts))


class _Formatter(argparse.HelpFormatter):
    """Lays out commands alike on every Python: before 3.13 their indentation does not count for the columns."""

    def add_argument(self, action: argparse.Action) -> None:
        """Count the indented names of commands."""
        super().add_argument(action)
        for command in self._iter_indented_subactions(action):
            length = len(self._format_action_invocation(command)) + self._current_indent
            self._action_max_length = max(self._action_max_length, length)


def _help(parser: argparse.ArgumentParser) -> str:
    parser.formatter_class = lambda prog: _Formatter(prog, width=100)
    return parser.format_help()


def with_map(text: str) -> str:
    """Return docs/architecture.md with its map of the modules made anew between the two marks."""
    before, rest = text.split("<!-- map -->\n", 1)
    _, after = rest.split("<!-- end of map -->\n", 1)
    return f"{before}<!-- map -->\n{module_map()}<!-- end of map -->\n{after}"


def module_map() -> str:
    """Return a table of the layers from the import contracts, each module with the first line of its docstring."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    rows = ["| module | does |", "|---|---|"]
    for layer in layers:
        for module in layer.split(" | "):
            rows += [f"| `{name}` | {does} |" for name, does in _modules(module)]
    return "\n".join(rows) + "\n"


def _modules(name: str) -> Iterator[tuple[str, str]]:
    module = import_module(f"{exporter.__name__}.{name}")
    yield name, _first_line(module)
    if name in ("providers", "demo"):
        return  # every file in there is a vendor
    for inside in iter_modules(getattr(module, "__path__", [])):
        yield f"{name}.{inside.name}", _first_line(import_module(f"{exporter.__name__}.{name}.{inside.name}"))


def _first_line(module: Any) -> str:
    return inspect.cleandoc(module.__doc__ or "").partition("\n")[0].replace("|", "\\|")


def main() -> None:
    """Write the pages that have changed."""
    for path, text in pages():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
