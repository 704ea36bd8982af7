"""Tokens of exchanges that differ in what they post, whose they are, and what a refused one concerns."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from exporter import files
from exporter.state.store import Store
from tests.declared.test_auth import GIVEN, admitting, declaration
from tests.declared.vendor import Asked, poll, poll_into_store, vendor

pytestmark = pytest.mark.integration


def by_what_is_posted(asked: Asked, refused: str = "") -> Any:
    """Give each database a token of its own, at one address; 403 for a refused one."""
    if asked.method == "GET":
        own = asked.path.split("/")[3] if asked.path.endswith("/backups") else ""
        return admitting("Authorization", f"Bearer of-{own}" if own else "Bearer account")(asked)
    if asked.path == "/v1/account":
        return {"token": "account"}
    found = re.search(r"database\W+(\w+)", asked.body or asked.headers["Authorization"])
    assert found is not None, asked
    return web.Response(status=403) if found[1] == refused else {"token": f"of-{found[1]}"}


def up(store: Store) -> dict[str, bool | None]:
    """Return what is up: the source, and each resource."""
    source = store.entries["one"]
    return {"one": source.status.up, **{key: one.up for key, one in source.resources.items()}}


ACCOUNT: Mapping[str, Any] = {"type": "token_exchange", "url": "/v1/account", "token_path": "token"}
OWN: Mapping[str, Mapping[str, Any]] = {
    "in JSON": {"json": {"database": "{resource.id}", "key": "{options.key}"}},
    "in a form": {"form": {"database": "{resource.id}"}},
    "behind another text": {"json": {"audience": "database:{resource.id}"}},
}


@pytest.mark.parametrize("refused", ["", "e"])
@pytest.mark.parametrize("name", OWN)
async def test_a_token_for_each_resource_that_only_the_body_names(name: str, refused: str) -> None:
    own = {"type": "token_exchange", "url": "/v1/token", "token_path": "token", **OWN[name]}
    async with vendor(lambda asked: by_what_is_posted(asked, refused)) as found:
        store = await poll_into_store(declaration(found, ACCOUNT, own), polls=2, **GIVEN)

    assert up(store) == {"one": True, "d": True, "e": not refused}
    assert found.paths("POST").count("/v1/token") == (3 if refused else 2)


async def test_a_refused_exchange_is_one_resources_where_only_the_exchange_before_it_names_the_resource() -> None:
    def answer(asked: Asked) -> Any:
        if asked.path == "/v1/first":
            return web.Response(status=403) if "d" in json.loads(asked.body).values() else {"token": "database e"}
        return by_what_is_posted(asked)

    first = {"type": "token_exchange", "url": "/v1/first", "token_path": "token", "json": {"id": "{resource.id}"}}
    second = {"type": "token_exchange", "url": "/v1/second", "token_path": "token", "form": {}, "auth": first}
    async with vendor(answer) as found:
        store = await poll_into_store(declaration(found, ACCOUNT, second), **GIVEN)

    assert up(store) == {"one": True, "d": False, "e": True}


async def test_client_credentials_of_two_scopes_have_a_token_each() -> None:
    def answer(asked: Asked) -> Any:
        if asked.method == "POST":
            return {"access_token": dict(parse_qsl(asked.body))["scope"]}
        scope = "backups" if asked.path.endswith("/backups") else "list"
        return admitting("Authorization", f"Bearer {scope}", otherwise=403)(asked)

    auth = {
        "type": "oauth2_client_credentials",
        "access_token_url": "/oauth/token",
        "client_id": "user",
        "client_secret": "key",
    }
    async with vendor(answer) as found:
        resources = await poll(
            declaration(found, {**auth, "scope": "list"}, {**auth, "scope": "backups"}), polls=2, **GIVEN
        )

    assert found.paths("POST") == ["/oauth/token"] * 2
    assert {one["backup_resource_up"] for one in resources.values()} == {1}


async def test_two_tokens_of_one_answer_are_held_apart() -> None:
    def answer(asked: Asked) -> Any:
        if asked.method == "POST":
            return {"list": "L", "backups": "B"}
        token = "B" if asked.path.endswith("/backups") else "L"
        return admitting("Authorization", f"Bearer {token}", otherwise=403)(asked)

    auth = {"type": "token_exchange", "url": "/v1/login"}
    async with vendor(answer) as found:
        api = declaration(found, {**auth, "token_path": "list"}, {**auth, "token_path": "backups"})
        resources = await poll(api, polls=2, **GIVEN)

    assert found.paths("POST") == ["/v1/login"] * 2
    assert {one["backup_resource_up"] for one in resources.values()} == {1}


@pytest.mark.parametrize("given", [{"form": {"key": "{options.key}"}}, {"json": {"login": "ann:{options.key}"}}])
async def test_a_rotated_file_is_read_before_the_next_exchange(
    given: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LOOK_SECONDS", 0.0)
    file = tmp_path / "key"
    file.write_text("old")
    accepted = ["old"]

    def answer(asked: Asked) -> Any:
        if asked.method == "POST":
            return {"token": f"for-{accepted[0]}"} if accepted[0] in asked.body else web.Response(status=401)
        return admitting("Authorization", f"Bearer for-{accepted[0]}")(asked)

    auth = {"type": "token_exchange", "url": "/v1/login", "token_path": "token", **given}

    def rotate() -> None:
        file.write_text("rotated")
        accepted[0] = "rotated"

    async with vendor(answer) as found:
        api = declaration(found, auth)
        store = await poll_into_store(api, polls=2, between=rotate, key_file=str(file), user="ann")

    assert up(store) == {"one": True, "d": True, "e": True}
    assert found.paths("POST") == ["/v1/login"] * 2


async def test_a_value_that_a_record_does_not_give_is_not_posted() -> None:
    own = {"type": "token_exchange", "url": "/v1/token", "token_path": "token", "json": {"as": "{resource.owner}"}}
    async with vendor(by_what_is_posted) as found:
        api = declaration(found, ACCOUNT, own)
        api["resources"]["keep"] = {"owner": "owner"}
        store = await poll_into_store(api, **GIVEN)

    assert {up(store)["d"], up(store)["e"]} == {False}
    assert found.paths("POST") == ["/v1/account"]
