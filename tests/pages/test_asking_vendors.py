"""The runbooks' page has a section on every vendor, with commands that a shell can read."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from exporter import registry
from exporter.declared.vendors import list_catalog, load_declaration, read_catalog
from pages.asking_vendors import ask_declared, ask_provider, with_vendors
from tests.declared.declarations import GOOD

PAGE = Path(__file__).parents[2] / "docs" / "runbooks" / "README.md"
SECTIONS = {
    **{name: ask_provider(name) for name in registry.names()},
    **{name: ask_declared(read_catalog(name)) for name in list_catalog()},
}
CLIENT_CREDENTIALS = {
    "type": "oauth2_client_credentials",
    "access_token_url": "/token",
    "client_id": "region",
    "client_secret": "token",
}
EACH = pytest.mark.parametrize("name", SECTIONS)


def declared(**changes: Any) -> str:
    return ask_declared(load_declaration({**GOOD, **changes}))


@EACH
def test_the_page_shows_each_vendor_once(name: str) -> None:
    assert PAGE.read_text(encoding="utf-8").count(SECTIONS[name]) == 1


@EACH
def test_a_section_has_a_request_for_the_backups_that_a_shell_can_read(name: str) -> None:
    (block,) = re.findall(r"^```sh\n(.*?)^```", SECTIONS[name], re.DOTALL | re.MULTILINE)
    done = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert re.search(r"# backups\b", block)
    assert re.search(r"# .*\bstate$", block, re.MULTILINE) or "**State**" in SECTIONS[name]
    assert "{" not in block


def test_a_provider_without_a_file_is_named() -> None:
    with pytest.raises(LookupError, match=r"^tests/vendors/nowhere/ask\.md: the file is missing"):
        ask_provider("nowhere")


def test_what_stands_between_the_marks_is_replaced_and_no_more() -> None:
    page = PAGE.read_text(encoding="utf-8")
    first = page.index("### ")

    assert with_vendors(page[:first] + "### Somebody else\n\n" + page[first:]) == page


@pytest.mark.parametrize(
    ("auth", "signed"),
    [
        ({"type": "bearer", "token": "token"}, '-H "Authorization: Bearer $TOKEN"'),
        ({"type": "http_basic", "username": "region", "password": "token"}, '-u "$REGION:$TOKEN"'),
        ({"type": "http_basic", "password": "token"}, '-u ":$TOKEN"'),
        (
            {"type": "api_key", "name": "X-Key", "location": "header", "template": "k {options.token}"},
            '-H "X-Key: k $TOKEN"',
        ),
    ],
)
def test_a_declared_vendor_is_asked_as_its_declaration_asks(auth: Mapping[str, Any], signed: str) -> None:
    assert declared(auth=auth).split("```sh\n")[1] == (
        f'curl -sg {signed} \\\n  "https://api.acme.example/v1/$RESOURCE/backups"   # backups\n'
        f'curl -sg {signed} \\\n  "https://api.acme.example/v1/$RESOURCE"   # schedule\n'
        f'curl -sg {signed} \\\n  "https://api.acme.example/v1/$PROJECT_ID/databases"   # state\n```\n'
    )


def test_a_key_in_the_query_is_sent_there() -> None:
    auth = {"type": "api_key", "name": "key", "location": "query", "template": "{options.token}"}

    assert '/backups?key=$TOKEN"' in declared(auth=auth)


@pytest.mark.parametrize(
    ("auth", "fetched"),
    [
        (
            CLIENT_CREDENTIALS,
            '-u "$REGION:$TOKEN" -d grant_type=client_credentials \\\n'
            '  "https://api.acme.example/token" | jq -r .access_token)',
        ),
        (
            {"type": "token_exchange", "url": "/token", "json": {"key": "{options.token}"}, "token_path": "data.token"},
            '--json "{\\"key\\": \\"$TOKEN\\"}" \\\n  "https://api.acme.example/token" | jq -r .data.token)',
        ),
        (
            {"type": "token_exchange", "url": "/token", "form": {"key": "{options.token}"}, "token_path": "data.token"},
            '-d "key=$TOKEN" \\\n  "https://api.acme.example/token" | jq -r .data.token)',
        ),
    ],
)
def test_a_token_is_fetched_first(auth: Mapping[str, Any], fetched: str) -> None:
    first, *rest = declared(auth=auth).split("```sh\n")[1].split("\ncurl ")

    assert first == f"BEARER=$(curl -s {fetched}"
    assert all('-H "Authorization: Bearer $BEARER"' in each for each in rest)


def test_a_label_of_several_parts_is_explained() -> None:
    section = declared(resources={**GOOD["resources"], "label": "{project.id}/{resource.id}"})

    assert "The label `resource` is `$PROJECT_ID/$RESOURCE_ID`." in section
    assert "/v1/$RESOURCE_ID/backups" in section
