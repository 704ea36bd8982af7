"""Writes how to ask each vendor by hand: the section "Ask the vendor" of docs/runbooks/README.md.

A vendor in `exporter/providers` has a file `ask.md` beside its profile; for one of the catalog, its declaration is
enough.
"""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from exporter import registry
from exporter.declared.grammar import (
    ApiKeyOf,
    AuthOf,
    BackupsStep,
    BasicOf,
    BearerOf,
    ClientCredentials,
    Declaration,
    PathTemplate,
    ResourcesStep,
    RestoresStep,
    ScheduleStep,
    Step,
    TokenExchangeOf,
)
from exporter.declared.templates import Reference, Template
from exporter.declared.vendors import list_catalog, read_catalog

VENDORS = Path(__file__).parents[1] / "tests" / "vendors"
MARKS = re.compile(r"(<!-- Made by `make docs`[^\n]*-->\n).*(<!-- End of what `make docs` writes -->\n)", re.DOTALL)


def with_vendors(page: str) -> str:
    """Return the page of the runbooks with a section for each vendor between its two marks."""
    declarations = map(read_catalog, list_catalog())
    sections = [*map(ask_provider, registry.names()), *map(ask_declared, declarations)]
    return MARKS.sub(lambda found: found[1] + "".join(f"\n{section}" for section in sections) + "\n" + found[2], page)


def ask_provider(name: str) -> str:
    """Return the section of a vendor in `exporter/providers`; LookupError if it has no such file."""
    file = VENDORS / name / "ask.md"
    if not file.is_file():
        raise LookupError(f"tests/vendors/{name}/ask.md: the file is missing; it says how to ask the vendor by hand")
    title = (import_module(f"exporter.providers.{name}").__doc__ or "").partition(":")[0]
    return f"### {title}\n\n{file.read_text(encoding='utf-8').strip()}\n"


def ask_declared(declaration: Declaration) -> str:
    """Return the section of a declared vendor."""
    label = declaration.resources.label
    notes = [f"The vendor's documentation: <{declaration.docs}>."]
    if label is not None:
        notes.append(f"The label `resource` is `{_write(label, declaration)}`.")
    lines = [*_exchange(declaration), *_requests(declaration)]
    return "\n".join([f"### {declaration.title}\n", " ".join(notes) + "\n", "```sh", *lines, "```\n"])


def _requests(declaration: Declaration) -> Iterator[str]:
    read: list[tuple[str, BackupsStep | ScheduleStep | RestoresStep | ResourcesStep | None]] = [
        ("backups", declaration.backups),
        ("schedule", declaration.schedule),
        ("restores", declaration.restores),
        ("state", declaration.resources),
    ]
    shown: dict[str, list[str]] = {}
    for what, section in read:
        if section is not None:
            for choice in section.step.paths:
                shown.setdefault(_request(declaration, section.step, choice.template), []).append(what)
    for request, contents in shown.items():
        yield f"{request}   # {' and '.join(contents)}"


def _request(declaration: Declaration, step: Step, path: PathTemplate) -> str:
    query = [f"{name}={_write(value, declaration)}" for name, value in (*path.query, *step.params)]
    if isinstance(step.auth, ApiKeyOf) and step.auth.location == "query":
        query.append(f"{step.auth.name}={_write(step.auth.template, declaration)}")
    headers = "".join(f' -H "{name}: {_write(value, declaration)}"' for name, value in step.headers)
    address = _address(declaration, path) + (f"?{'&'.join(query)}" if query else "")
    return f'curl -sg{_sign(step.auth, declaration)}{headers} \\\n  "{address}"'


def _sign(auth: AuthOf | None, declaration: Declaration) -> str:
    match auth:
        case BearerOf(token):
            return f' -H "Authorization: Bearer ${token.upper()}"'
        case BasicOf(username=username, password=password):
            return f' -u "{f"${username.upper()}" if username else ""}:${password.upper()}"'
        case ApiKeyOf(name=name, location="header", template=template):
            return f' -H "{name}: {_write(template, declaration)}"'
        case ClientCredentials() | TokenExchangeOf():
            return ' -H "Authorization: Bearer $BEARER"'
    return ""


def _exchange(declaration: Declaration) -> Iterator[str]:
    """Yield the command that fetches a token, where one has to be fetched."""
    match declaration.backups.step.auth:
        case ClientCredentials() as auth:
            identity, secret = f"${auth.client_id.upper()}", f"${auth.client_secret.upper()}"
            signed = (
                f' -d "client_id={identity}" -d "client_secret={secret}"'
                if auth.in_body
                else f' -u "{identity}:{secret}"'
            )
            sent = " -d grant_type=client_credentials" + (f' -d "scope={auth.scope}"' if auth.scope else "")
            field = "access_token"
        case TokenExchangeOf() as auth:
            signed, field = _sign(auth.auth, declaration), auth.token.text
            sent = _write_body(auth, declaration)
        case _:
            return
    yield f'BEARER=$(curl -s{signed}{sent} \\\n  "{_address(declaration, auth.url)}" | jq -r .{field})'


def _write_body(auth: TokenExchangeOf, declaration: Declaration) -> str:
    if auth.form is not None:
        return "".join(f' -d "{name}={_write(value, declaration)}"' for name, value in auth.form)
    body = json.dumps({name: _write(value, declaration) for name, value in auth.json or ()})
    return " --json " + json.dumps(body)


def _address(declaration: Declaration, path: PathTemplate) -> str:
    host = _write(dict(declaration.hosts)[path.host], declaration)
    return host.rstrip("/") + _write(path.path, declaration)


def _write(template: Template, declaration: Declaration) -> str:
    """Return a template with variables of the shell in place of its placeholders."""
    return "".join(part if isinstance(part, str) else f"${_variable(part, declaration)}" for part in template.parts)


def _variable(reference: Reference, declaration: Declaration) -> str:
    if reference.root == "options" or (reference.root == "resource" and reference.key != "id"):
        return reference.key.upper()
    if reference.root == "resource" and declaration.resources.label is None:
        return "RESOURCE"
    return f"{reference.root}_{reference.key}".upper()
