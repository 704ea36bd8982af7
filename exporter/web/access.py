"""Stands before every endpoint: how many requests, whose certificate, which password; and headers on every answer."""

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from exporter.web.basic_auth import BasicAuthenticator
from exporter.web.config import RateSettings, WebConfig
from exporter.web.tls import subject_alt_names


class AccessControl:
    """Lets requests through by the web configuration as it is now."""

    def __init__(self, config: WebConfig) -> None:
        """Begin with a configuration; `config` may be replaced at any time."""
        self.config = config
        self._authenticator = BasicAuthenticator()
        self._bucket: Bucket | None = None

    def install(self, app: web.Application) -> None:
        """Stand before all endpoints of an application."""
        app.middlewares.append(self._check)
        app.on_response_prepare.append(self._set_headers)

    @web.middleware
    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        config = self.config
        if config.rate is not None and not self._within_rate(config.rate):
            return web.Response(status=429, text="Too Many Requests\n")
        if config.tls is not None and config.tls.client_allowed_sans is not None:
            peer = request.transport.get_extra_info("peercert") if request.transport else None
            if not subject_alt_names(peer) & config.tls.client_allowed_sans:
                return web.Response(status=403, text="Forbidden\n")
        if config.users and not await self._authenticator.verify(
            config.users, request.headers.get("Authorization", "")
        ):
            challenge = {"WWW-Authenticate": 'Basic realm="backup-exporter", charset="UTF-8"'}
            return web.Response(status=401, text="Unauthorized\n", headers=challenge)
        return await handler(request)

    async def _set_headers(self, _: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(self.config.headers)

    def _within_rate(self, rate: RateSettings) -> bool:
        now = asyncio.get_running_loop().time()
        if self._bucket is None or self._bucket.rate != rate:
            self._bucket = Bucket(rate, now)
        return self._bucket.take(now)


class Bucket:
    """A token bucket: `burst` requests at once, then one each interval."""

    def __init__(self, rate: RateSettings, now: float) -> None:
        """Start full."""
        self.rate = rate
        self._tokens, self._at = float(rate.burst), now

    def take(self, now: float) -> bool:
        """Tell whether there is a token, and take it."""
        self._tokens = min(self.rate.burst, self._tokens + (now - self._at) / self.rate.interval)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
