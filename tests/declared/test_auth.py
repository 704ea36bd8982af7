"""Every kind of authentication over real HTTP."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from exporter import files
from exporter.state.store import Store
from tests.declared.vendor import Asked, Vendor, poll, poll_into_store, vendor

OPTIONS = {"key": {"secret": True}, "user": {}}
GIVEN: dict[str, Any] = {"key": "p l/a&nted", "user": "ann"}


def declaration(
    found: Vendor, auth: Mapping[str, Any], backups_auth: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    backups: dict[str, Any] = {
        "path": "/v1/databases/{resource.id}/backups",
        "id": "id",
        "started": {"expr": "at", "format": "epoch"},
        "status": {"always": "completed"},
    }
    if backups_auth is not None:
        backups["auth"] = backups_auth
    return {
        "options": OPTIONS,
        "base_url": found.url,
        "auth": auth,
        "rate_limit": {"requests": 1000, "per": "1s"},
        "resources": {"path": "/v1/databases", "id": "id"},
        "backups": backups,
    }


def body(asked: Asked) -> Any:
    return [{"id": "b", "at": 1_763_000_000}] if asked.path.endswith("/backups") else [{"id": "d"}, {"id": "e"}]


def admitting(header: str, value: str, otherwise: int = 401) -> Any:
    return lambda asked: body(asked) if asked.headers.get(header) == value else web.Response(status=otherwise)


STATIC: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    "bearer": ({"type": "bearer", "token": "key"}, "Authorization", "Bearer p l/a&nted"),
    "http_basic": (
        {"type": "http_basic", "username": "user", "password": "key"},
        "Authorization",
        "Basic " + b64encode(b"ann:p l/a&nted").decode(),
    ),
    "http_basic without a user": (
        {"type": "http_basic", "password": "key"},
        "Authorization",
        "Basic " + b64encode(b":p l/a&nted").decode(),
    ),
    "api_key": (
        {"type": "api_key", "name": "Authorization", "location": "header", "template": "acme {options.key}"},
        "Authorization",
        "acme p l/a&nted",
    ),
    "api_key of two options": (
        {"type": "api_key", "name": "X-Auth-Token", "location": "header", "template": "{options.user}:{options.key}"},
        "X-Auth-Token",
        "ann:p l/a&nted",
    ),
}


@pytest.mark.parametrize("name", STATIC)
async def test_a_static_credential(name: str) -> None:
    auth, header, value = STATIC[name]
    async with vendor(admitting(header, value)) as found:
        resources = await poll(declaration(found, auth), **GIVEN)

    assert {one["backup_resource_up"] for one in resources.values()} == {1}


async def test_a_key_in_the_query_stays_out_of_links_and_paths() -> None:
    def answer(asked: Asked) -> Any:
        if asked.query.get("api_key") != GIVEN["key"] or "Authorization" in asked.headers:
            return web.Response(status=401)
        if asked.path == "/v1/databases":
            last = asked.query.get("page") == "2"
            following = None if last else f"/v1/databases?page=2&api_key={asked.query['api_key'].replace('&', '%26')}"
            return {"items": [{"id": "e" if last else "d"}], "next": following}
        return body(asked)

    async with vendor(answer) as found:
        api = declaration(
            found, {"type": "api_key", "name": "api_key", "location": "query", "template": "{options.key}"}
        )
        api["resources"] |= {"records": "items", "paginator": {"type": "json_link", "next_url_path": "next"}}
        resources = await poll(api, **GIVEN)

    assert set(resources) == {"d", "e"}
    assert {one["backup_resource_up"] for one in resources.values()} == {1}


@pytest.mark.parametrize("in_body", [False, True])
async def test_client_credentials(in_body: bool) -> None:
    def answer(asked: Asked) -> Any:
        if asked.path == "/oauth/token":
            form = dict(parse_qsl(asked.body))
            assert form.pop("grant_type") == "client_credentials"
            assert form.pop("scope") == "backups.read"
            assert form == ({"client_id": "ann", "client_secret": GIVEN["key"]} if in_body else {})
            basic = "Basic " + b64encode(f"ann:{GIVEN['key']}".encode()).decode()
            assert asked.headers.get("Authorization") == (None if in_body else basic)
            return {"access_token": "short", "expires_in": 600, "token_type": "Bearer"}
        return admitting("Authorization", "Bearer short")(asked)

    auth = {
        "type": "oauth2_client_credentials",
        "access_token_url": "/oauth/token",
        "client_id": "user",
        "client_secret": "key",
        "client_auth": "body" if in_body else "basic",
        "scope": "backups.read",
    }
    async with vendor(answer) as found:
        resources = await poll(declaration(found, auth), polls=2, **GIVEN)

    assert found.paths("POST") == ["/oauth/token"]
    assert {one["backup_resource_up"] for one in resources.values()} == {1}


async def test_a_token_for_each_resource_in_exchange_for_the_accounts_own() -> None:
    def answer(asked: Asked) -> Any:
        if asked.method == "POST":
            assert asked.body == "{}"
            assert asked.headers["Content-Type"] == "application/json"
        if asked.path == "/v1/exchange":
            assert asked.headers["Authorization"].startswith("Basic ")
            return {"data": {"token": "account"}}
        if asked.path.endswith("/token"):
            assert asked.headers["Authorization"] == "Bearer account"
            return {"token": f"of-{asked.path.split('/')[3]}"}
        own = asked.path.split("/")[3] if asked.path.endswith("/backups") else ""
        return admitting("Authorization", f"Bearer of-{own}" if own else "Bearer account")(asked)

    account = {
        "type": "token_exchange",
        "url": "/v1/exchange",
        "token_path": "data.token",
        "auth": {"type": "http_basic", "password": "key"},
    }
    own = {
        "type": "token_exchange",
        "url": "/v1/databases/{resource.id}/token",
        "token_path": "token",
        "lifetime": "10m",
        "auth": account,
    }
    async with vendor(answer) as found:
        resources = await poll(declaration(found, account, own), polls=2, **GIVEN)

    assert sorted(found.paths("POST")) == ["/v1/databases/d/token", "/v1/databases/e/token", "/v1/exchange"]
    assert {one["backup_resource_up"] for one in resources.values()} == {1}


@pytest.mark.parametrize(
    ("given", "media", "sent"),
    [
        ({"json": {"apiKey": "{options.key}"}}, "application/json", '{"apiKey":"p l/a&nted"}'),
        (
            {"form": {"key": "{options.key}", "as": "x"}},
            "application/x-www-form-urlencoded",
            "key=p+l%2Fa%26nted&as=x",
        ),
    ],
)
async def test_a_token_exchange_says_what_it_posts(given: Mapping[str, Any], media: str, sent: str) -> None:
    def answer(asked: Asked) -> Any:
        if asked.method == "POST":
            assert asked.headers["Content-Type"] == media
            assert asked.body == sent
            return {"token": "short"}
        return admitting("Authorization", "Bearer short")(asked)

    auth = {"type": "token_exchange", "url": "/v1/login", "token_path": "token", **given}
    async with vendor(answer) as found:
        resources = await poll(declaration(found, auth), **GIVEN)

    assert {one["backup_resource_up"] for one in resources.values()} == {1}


async def test_a_refused_token_is_renewed_once() -> None:
    posts = []

    def answer(asked: Asked) -> Any:
        if asked.method == "POST":
            posts.append(asked)
            return {"token": f"t{len(posts)}"}
        return admitting("Authorization", "Bearer t2")(asked)

    auth = {"type": "token_exchange", "url": "/v1/login", "token_path": "token"}
    async with vendor(answer) as found:
        resources = await poll(declaration(found, auth), **GIVEN)

    assert len(posts) == 2
    assert {one["backup_resource_up"] for one in resources.values()} == {1}


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
