"""Stands in for the pager, the chat and the mailbox: receives what Alertmanager sends, and passes it on."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One alert of a notification, and who was notified."""

    receiver: str
    status: str
    """`firing` or `resolved`."""
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels["alertname"]

    def line(self, clock: str) -> str:
        """Return it as one line for a terminal."""
        severity = self.labels.get("severity", "")
        page = self.annotations.get("runbook_url", "").rpartition("/")[2]
        return (
            f"{clock}  {self.receiver:<7} {self.status:<8} {severity:<8} {self.name}: "
            f"{self.annotations.get('summary', '')}  [docs/runbooks/{page}]"
        )


class Webhook:
    """A receiver of Alertmanager's notifications on loopback."""

    def __init__(self, notify: Callable[[Notice], None] = lambda _: None) -> None:
        """Call `notify` for each alert of each notification; nothing listens yet."""
        self._notify = notify
        self._runner: web.AppRunner | None = None
        self._news = asyncio.Event()
        self.notices: list[Notice] = []
        self.url = ""

    async def __aenter__(self) -> "Webhook":
        """Listen on a free port."""
        app = web.Application()
        app.router.add_post("/{receiver}", self._receive)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def first(self, wanted: Callable[[Notice], bool], *, seconds: float) -> Notice | None:
        """Wait for a notice of this description, or return None when there was none within `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    self._news.clear()
                    for notice in self.notices:
                        if wanted(notice):
                            return notice
                    await self._news.wait()
        return None

    async def _receive(self, request: web.Request) -> web.Response:
        for notice in _notices(request.match_info["receiver"], await request.json()):
            self.notices.append(notice)
            self._notify(notice)
        self._news.set()
        return web.Response()


def _notices(receiver: str, notification: Mapping[str, Any]) -> Iterator[Notice]:
    for alert in notification["alerts"]:
        yield Notice(
            receiver=receiver, status=alert["status"], labels=alert["labels"], annotations=alert["annotations"]
        )
