"""A listener with a web configuration, and certificates of its own authority and of another."""

import ssl
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import aiohttp
import bcrypt
import yaml
from aiohttp import web

from exporter.web.listener import Listener
from tests.certificates import Authority, Pair

HOME, ABROAD = Authority("home"), Authority("abroad")
SERVER = HOME.server()
REFUSED = (aiohttp.ClientConnectionError, ConnectionResetError, ssl.SSLError)


def hash_password(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


USERS = {"prometheus": hash_password("right")}
RIGHT = aiohttp.encode_basic_auth("prometheus", "right")


class WebHarness:
    """A web configuration in a folder, and an entrance on it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "web.yaml"
        self.listener = Listener()
        self.url = ""
        self.serve(SERVER)
        (folder / "ca.pem").write_text(HOME.pem)

    def serve(self, pair: Pair) -> None:
        """Put another certificate and its key in place."""
        self.path.with_name("cert.pem").write_text(pair.certificate)
        self.path.with_name("key.pem").write_text(pair.key)

    def write(self, *, tls: dict[str, Any] | None = None, **keys: Any) -> None:
        """Write the configuration."""
        server = None if tls is None else {"cert_file": "cert.pem", "key_file": "key.pem", **tls}
        self.path.write_text(yaml.safe_dump({**({} if server is None else {"tls_server_config": server}), **keys}))

    async def settle(self) -> None:
        """Look as often as it takes for a change to hold."""
        await self.listener.check_files()
        await self.listener.check_files()

    async def get(self, path: str = "/", *, auth: str | None = None, **tls: Any) -> aiohttp.ClientResponse:
        """Ask over a new connection."""
        headers = {} if auth is None else {"Authorization": auth}
        async with (
            aiohttp.ClientSession() as session,
            session.get(self.url + path, headers=headers, ssl=trusting(**tls)) as answer,
        ):
            await answer.read()
            return answer


def trusting(
    client: Pair | None = None, *, newest: ssl.TLSVersion | None = None, home: Authority = HOME
) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=home.pem)
    if newest is not None:
        context.maximum_version = newest
    if client is not None:
        with NamedTemporaryFile("w") as file:
            file.write(client.certificate + client.key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


async def hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


Open = Callable[..., Any]
