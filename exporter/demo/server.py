"""Puts simulated accounts on loopback, each on a port of its own, and writes the configuration that watches them."""

import json
import time
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from aiohttp import web

import exporter.demo.vendors as folder
from exporter.demo.http import Account, Request, StagedEvent, Story
from exporter.demo.strict import StrictAccount, UndocumentedRequestWarning


def all_accounts(story: Story) -> list[Account]:
    """Return the simulated accounts of every vendor in the folder."""
    modules = (import_module(f"{folder.__name__}.{found.name}") for found in iter_modules(folder.__path__))
    return [account for module in modules for account in module.accounts(story)]


def all_events() -> list[StagedEvent]:
    """Return what the vendors in the folder stage, in the order in which it happens."""
    modules = (import_module(f"{folder.__name__}.{found.name}") for found in iter_modules(folder.__path__))
    return sorted((event for module in modules for event in module.EVENTS), key=lambda event: event.seconds)


class SimulatedVendors:
    """Simulated accounts that really listen."""

    def __init__(self, accounts: Sequence[Account], clock: Callable[[], float] = time.time) -> None:
        """Listen to nothing yet."""
        self._accounts, self._clock = [StrictAccount(account) for account in accounts], clock
        self._runners: list[web.AppRunner] = []
        self.bases: dict[str, str] = {}
        """Address by account name."""

    async def start(self) -> None:
        """Listen on a free port of loopback for each account."""
        for account in self._accounts:
            runner = web.AppRunner(_application(account, self._clock), access_log=None, shutdown_timeout=0.2)
            await runner.setup()
            self._runners.append(runner)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.bases[account.name] = f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening; warn if anything was asked wrongly, by which a test fails."""
        for runner in self._runners:
            await runner.cleanup()
        if self.complaints:
            warnings.warn("; ".join(self.complaints), UndocumentedRequestWarning, stacklevel=2)

    @property
    def complaints(self) -> list[str]:
        """What the accounts were asked wrongly."""
        return [complaint for account in self._accounts for complaint in account.complaints]

    def forgive(self, name: str, words: str) -> None:
        """Drop an account's complaints that hold these words; LookupError if there is none."""
        for account in self._accounts:
            if account.name == name:
                account.forgive(words)

    def configuration(self, **top: Any) -> str:
        """Return the configuration (YAML that is JSON too) with which the exporter watches all of them."""
        sources = [account.configuration(self.bases[account.name]) for account in self._accounts]
        return json.dumps({**top, "sources": sources}, indent=2)


def _application(account: Account, clock: Callable[[], float]) -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        response = account.respond(
            Request(
                method=request.method,
                path=request.path,
                base=f"http://{request.host}",
                query=dict(request.query),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
            ),
            clock(),
        )
        return web.Response(status=response.status, body=response.body, headers=response.headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app
