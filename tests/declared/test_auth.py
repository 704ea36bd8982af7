"""Every kind of authentication over real HTTP."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from tests.declared.vendor import Asked, Vendor, poll, vendor

pytestmark = pytest.mark.integration

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
