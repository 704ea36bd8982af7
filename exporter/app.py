"""Puts the parts together, and replaces them when the configuration changes: the composition root."""

import asyncio
from collections.abc import Callable, Container, Hashable, Mapping
from dataclasses import dataclass

import structlog

from exporter.client.client import Client, Transport
from exporter.client.http import HttpTransport, watch_authorities
from exporter.client.link_fetcher import LinkFetcher
from exporter.client.rate_limiter import RateLimiter, share_of
from exporter.client.session import Session
from exporter.client.tokens import TokenStore
from exporter.log import bind_source
from exporter.metrics.exposition import Exposition
from exporter.polling.budget import RequestCosts, SharedBudget
from exporter.polling.download_verifier import CONCURRENCY, DownloadVerifier
from exporter.polling.poller import Poller
from exporter.polling.progress import ProgressPoller
from exporter.provider import RateLimit
from exporter.settings import Settings, Source
from exporter.state.store import Store
from exporter.supervision import SupervisedTask, Supervisor

PROGRESS_SHARE = 0.25

Clock = Callable[[], float]
MakeTransport = Callable[[Source], Transport]


def http_transport(source: Source) -> HttpTransport:
    """Return the client for a source's vendor, over real sockets."""
    return HttpTransport(
        ca_file=source.ca_file, proxy_url=source.proxy_url, log=bind_source(source.provider_name, source.name)
    )


@dataclass(slots=True, eq=False)
class Limiters:
    """What one credential may spend."""

    limiter: RateLimiter
    progress_limiter: RateLimiter
    """The part of it that following running backups may spend."""
    budget: SharedBudget
    """With which the sources that use the credential plan."""

    @classmethod
    def start(cls, limit: RateLimit) -> "Limiters":
        """Return limiters with their whole budget."""
        return cls(RateLimiter(limit), RateLimiter(share_of(limit, PROGRESS_SHARE)), SharedBudget(limit))

    def change(self, limit: RateLimit, sources: Container[str]) -> None:
        """Change the budget that these sources share; requests already made still count."""
        self.limiter.change(limit)
        self.progress_limiter.change(share_of(limit, PROGRESS_SHARE))
        self.budget.keep(limit, sources)


class SourceTasks:
    """One source being watched: its poller, its progress poller, and their tasks."""

    def __init__(
        self,
        poller: Poller,
        progress_poller: ProgressPoller,
        client: Client,
        supervisor: Supervisor,
        verifier: DownloadVerifier | None = None,
    ) -> None:
        """Take the parts; `start` begins to poll."""
        self.source = poller.source
        self.poller = poller
        self._progress_poller = progress_poller
        self._verifier = verifier
        self._client = client
        self._supervisor = supervisor
        self._tasks: list[SupervisedTask] = []

    def start(self) -> None:
        """Begin to poll."""
        self._tasks = [
            self._supervisor.start(f"polling {self.source.name}", self.poller.run),
            self._supervisor.start(f"following progress of {self.source.name}", self._progress_poller.run),
        ]
        if self._verifier is not None:
            self._tasks.append(self._supervisor.start(f"verifying {self.source.name}", self._verifier.run))

    def limit_by(self, limiters: Limiters) -> None:
        """Use these limiters from now on."""
        self._client.limiter = limiters.limiter
        self._progress_poller.progress_limiter = limiters.progress_limiter
        self.poller.budget = limiters.budget

    async def stop(self) -> None:
        """Stop polling and close the connections."""
        await self._supervisor.stop(*self._tasks)
        await self._client.transport.aclose()


class App:
    """All sources of a configuration, watched."""

    def __init__(self, clock: Clock, make_transport: MakeTransport = http_transport) -> None:
        """Watch nothing yet; `clock` returns Unix seconds."""
        self.store = Store(clock)
        self.exposition = Exposition.follow(self.store)
        self._make_transport = make_transport
        self.supervisor = Supervisor()
        self._limiters: dict[Hashable, Limiters] = {}
        self._spending: dict[str, Limiters] = {}
        """By source, what it spends from."""
        self._watches: dict[str, SourceTasks] = {}
        self._download_slots = asyncio.Semaphore(CONCURRENCY)
        self._log = structlog.get_logger()

    async def apply(self, settings: Settings) -> list[SourceTasks]:
        """Watch these sources and no others; return the tasks of new sources.

        An unchanged source continues without a gap, with its tokens and its limiter.
        """
        await self.exposition.exclude(settings.excluded_families)
        wanted = {source.name: source for source in settings.sources}
        in_use = self._limiters_in_use(wanted)
        for name, watch in list(self._watches.items()):
            if wanted.get(name) != watch.source:
                await watch.stop()
                del self._watches[name]
        for name in self.store.entries.keys() - wanted.keys():
            self.store.remove_source(name)
        self._update_limiters(settings, in_use)
        new = [self._start_source(source) for source in settings.sources if source.name not in self._watches]
        self._watches.update((watch.source.name, watch) for watch in new)
        return new

    async def stop(self) -> None:
        """Stop watching."""
        await asyncio.gather(*(watch.stop() for watch in self._watches.values()))
        self._watches.clear()

    def _start_source(self, source: Source) -> SourceTasks:
        limiters = self._spending[source.name]
        self.store.add_source(source)
        transport = self._make_transport(source)
        client = Client(
            transport=transport,
            limiter=limiters.limiter,
            counters=self.store.entries[source.name].counters,
            tokens=TokenStore(),
            timeout=source.request_timeout,
            max_wait=source.poll_interval,
            clock=self.store.now,
            bases=source.base_urls,
            rate_headers=source.provider.rate_headers,
            log=bind_source(source.provider_name, source.name),
            secrets=source.secrets,
        )
        poller = Poller(source, client, self.store, limiters.budget)
        return SourceTasks(
            poller,
            ProgressPoller(source, client, limiters.progress_limiter, self.store, poller.unknown_values),
            client,
            self.supervisor,
            self._verifier(source, client, poller.costs),
        )

    def _verifier(self, source: Source, client: Client, costs: RequestCosts) -> DownloadVerifier | None:
        """Return a source's download verifier, if it is configured and the vendor gives links."""
        rules = source.verify_downloads
        if rules is None or source.provider.download is None:
            return None
        fetcher = LinkFetcher(
            rules=rules,
            timeout=source.request_timeout,
            clock=self.store.now,
            authorities=watch_authorities(source.ca_file),
            log=bind_source(source.provider_name, source.name),
        )
        return DownloadVerifier(
            source, rules, lambda: Session(client=client), fetcher, self.store, self._download_slots, costs
        )

    def _limiters_in_use(self, wanted: Mapping[str, Source]) -> Mapping[Hashable, Limiters]:
        """Return the limiters of the credentials in use, by credential; a credential's file may have been rotated.

        A source that continues reads the file again itself; for one that stops, the last value read was in use.
        """
        watched = {name: (watch.source, wanted.get(name)) for name, watch in self._watches.items()}
        gone = {old.credential: self._spending[name] for name, (old, new) in watched.items() if old != new}
        kept = {new.credential: self._spending[name] for name, (old, new) in watched.items() if new and old == new}
        return {**gone, **kept}

    def _update_limiters(self, settings: Settings, in_use: Mapping[Hashable, Limiters]) -> None:
        """Give each credential one limiter; the strictest limit of the sources that share it applies."""
        self._limiters.update(in_use)
        self._spending = {
            source.name: self._limiters.setdefault(source.credential, Limiters.start(source.rate_limit))
            for source in settings.sources
        }
        limits: dict[Limiters, RateLimit] = {}
        for source in settings.sources:
            limiters, limit = self._spending[source.name], source.rate_limit
            limits[limiters] = min(limits.get(limiters, limit), limit, key=_rate)
        for limiters, limit in limits.items():
            limiters.change(limit, {name for name, spent in self._spending.items() if spent is limiters})
        for name, watch in self._watches.items():
            watch.limit_by(self._spending[name])


def _rate(limit: RateLimit) -> float:
    return limit.requests * limit.share / limit.per
