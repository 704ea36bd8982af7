"""Puts credentials into requests: headers, query parameters, and the bodies of token requests."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode

import msgspec

from exporter.provider import ApiKey, Auth, BasicAuth, BearerAuth, Parts, TokenExchange
from exporter.secret import Secret


def static_headers(auth: Auth | None) -> dict[str, str]:
    """Return the header that a credential is sent in; none for one that is exchanged, or stands in the query."""
    match auth:
        case ApiKey(location="header", name=name):
            return {name: _plain(auth.parts)}
        case BasicAuth(user=user, password=password):
            return {"Authorization": "Basic " + b64encode(f"{_plain(user)}:{password.reveal()}".encode()).decode()}
        case BearerAuth(token=secret):
            return {"Authorization": f"Bearer {secret.reveal()}"}
    return {}


def address_with_key(url: str, auth: Auth | None) -> str:
    """Return the address with the key in its query, in place of one that a link may have repeated."""
    if not isinstance(auth, ApiKey) or auth.location != "query":
        return url
    address, _, query = url.partition("?")
    name = quote(auth.name, safe="")
    pairs = [pair for pair in query.split("&") if pair and pair.partition("=")[0] != name]
    own = f"{name}={quote(_plain(auth.parts), safe='')}"
    return f"{address}?{'&'.join([*pairs, own])}"


def token_request(exchange: TokenExchange) -> tuple[dict[str, str], bytes | None]:
    """Return the headers and the body of a token request."""
    headers = {"Accept": "application/json"}
    if exchange.form is not None:
        form = {key: _plain(value) for key, value in exchange.form.items()}
        return {**headers, "Content-Type": "application/x-www-form-urlencoded"}, urlencode(form).encode()
    if exchange.json is not None:
        body = msgspec.json.encode({key: _plain(value) for key, value in exchange.json.items()})
        return {**headers, "Content-Type": "application/json"}, body
    return headers, None


def secrets_of(auth: Auth | None) -> list[Secret]:
    """Return the credentials that signing with `auth` needs: of an exchange those of the token's request itself."""
    values: Iterable[Parts | Secret | str] = ()
    match auth:
        case ApiKey():
            values = (auth.parts,)
        case BasicAuth(user=user, password=password):
            values = (user, password)
        case BearerAuth(token=token):
            values = (token,)
        case TokenExchange():
            values = (*(auth.form or {}).values(), *(auth.json or {}).values())
    parts = (part for value in values for part in (value if isinstance(value, tuple) else (value,)))
    return [part for part in parts if isinstance(part, Secret)]


def merge_headers(headers: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of both; `over` replaces those of the same name, however it is spelled."""
    names = {name.lower() for name in over}
    return {name: value for name, value in headers.items() if name.lower() not in names} | dict(over)


def _plain(value: Parts | Secret | str) -> str:
    if isinstance(value, tuple):
        return "".join(map(_plain, value))
    return value if isinstance(value, str) else value.reveal()
