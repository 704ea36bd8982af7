"""Writes the page of each vendor of the catalog out of its declaration."""

import re
from collections.abc import Iterator

from exporter.config.durations import format_duration
from exporter.declared.fields import StatusField
from exporter.declared.grammar import Declaration, Step
from exporter.declared.templates import Reference, Template
from exporter.declared.vendors import CATALOG, read_catalog

MADE = "<!-- Made by `make docs` from the declaration; change it there. -->\n"
NOT_RUN = "The declaration follows the documents named here, read on {checked}; it is not tested against the live API."


def render_declared_page(name: str) -> str:
    """Return docs/vendors/<name>.md of a vendor of the catalog."""
    declaration = read_catalog(name)
    limit = declaration.rate_limit
    parts = [
        f"# {declaration.title}\n",
        MADE,
        introduction(name) + "\n",
        f"{NOT_RUN.format(checked=declaration.checked)} `backup-exporter try` shows what it understands of an account."
        f" The vendor's documentation: <{declaration.docs}>\n",
        "```yaml",
        *_example(declaration),
        "```\n",
        "## Keys\n",
        "Beside the [keys of every source](../configuration.md):\n",
        "| key | default |\n|---|---|",
        *(f"| `{key}` | {default} |" for key, default in _keys(declaration)),
        f"\nDefault rate limit: {limit.requests} request{'s' * (limit.requests > 1)} per"
        f" {format_duration(limit.per)}.\n",
        "## Reads\n",
        *(f"- `GET {path}`" for path in _paths(declaration)),
        "\n## Status words\n",
        *_statuses(declaration.backups.status),
    ]
    return "\n".join(parts) + "\n"


def introduction(name: str) -> str:
    """Return what the comment at the head of a declaration says."""
    lines = []
    for line in (CATALOG / f"{name}.yaml").read_text().splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    text = "\n".join(lines)
    return re.sub(r"^(Least rights|Checked against):", r"**\1:**", text, flags=re.MULTILINE)


def _example(declaration: Declaration) -> Iterator[str]:
    yield "sources:"
    yield f"  - name: {declaration.name.split('_')[0]}"
    yield f"    provider: {declaration.name}"
    for option in declaration.options:
        if option.default is None:
            secret = f"${{{declaration.name.upper()}_{option.name.upper()}}}"
            yield f"    {option.name}: {secret if option.secret else 'example'}"
    if declaration.schedule is None:
        yield "    max_age: 26h"


def _keys(declaration: Declaration) -> Iterator[tuple[str, str]]:
    for option in declaration.options:
        yield option.name, "required" if option.default is None else f"`{option.default}`"
        if option.secret:
            yield f"{option.name}_file", f"instead of `{option.name}`: a file that holds it"
    for key, host in declaration.url_options:
        yield key, f"`{_text(dict(declaration.hosts)[host])}`"


def _paths(declaration: Declaration) -> list[str]:
    later = (declaration.resources, declaration.schedule, declaration.restores, declaration.backups, declaration.follow)
    steps: list[Step] = [scope.step for scope in declaration.scopes]
    steps += [one.step for one in later if one is not None]
    return list(dict.fromkeys(_text(choice.template.path) for step in steps for choice in step.paths))


def _text(template: Template) -> str:
    return "".join(f"{{{part}}}" if isinstance(part, Reference) else part for part in template.parts)


def _statuses(status: StatusField) -> Iterator[str]:
    if status.always is not None:
        yield f"None: the vendor lists only backups that are {status.always}. Only a growing age shows failures."
        return
    words: dict[str, list[str]] = {}
    for word, meaning in status.words.items():
        words.setdefault(str(meaning), []).append(f"`{word}`")
    yield "Compared in lower case, with `_` for `-` and space. Any other word counts as `unknown`.\n"
    yield "| status | the vendor's words |\n|---|---|"
    yield from (f"| {meaning} | {', '.join(sorted(said))} |" for meaning, said in words.items())
    if "failed" not in words:
        yield "\nThe vendor lists no failures; age shows them."
