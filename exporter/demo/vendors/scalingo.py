"""A simulated Scalingo: one account with seven databases, its three hosts behind one address."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from exporter.demo.files import file_response, no_file
from exporter.demo.http import (
    Request,
    Response,
    SimulatedAccount,
    StagedEvent,
    Story,
    Window,
    find_undocumented,
    iso,
    json_response,
)
from exporter.demo.stories.scalingo import QUEUE, Addon, addons, fingerprint
from exporter.demo.timeline import Run
from exporter.model import UNFINISHED, Status
from exporter.schedule import DAY, HOUR

TOKEN_LIFETIME = HOUR
LONGEST_PAST = 72  # hours of which events are listed at once
WORDS = {
    Status.COMPLETED: "done",
    Status.FAILED: "error",
    Status.IN_PROGRESS: "running",
    Status.PENDING: "scheduled",
}
ARCHIVES = "simulated-archives"
REFUSALS: Mapping[int, dict[str, str]] = {
    400: {"error": "unknown parameter"},
    401: {"error": "authentication failed"},
    403: {"error": "you are not allowed to access this addon", "code": "forbidden"},
    404: {"resource": "App", "error": "not found"},
    405: {"error": "method not allowed"},
}

EVENTS = (
    StagedEvent(seconds=30, text="a manual backup of intranet/mongodb runs", source="shop", name="intranet"),
    StagedEvent(seconds=50, text="the rights to warehouse/mysql are revoked", source="shop", name="warehouse"),
)
"""What the demo announces of this vendor."""


def accounts(story: Story) -> Sequence[SimulatedAccount]:
    """Return the account of a shop that runs five apps."""
    return (ScalingoAccount("shop", addons(story), founded=story.start - 400 * DAY),)


class ScalingoAccount:
    """One API token and the apps that its user sees."""

    def __init__(self, name: str, addons: Sequence[Addon], *, founded: float) -> None:
        """Take the account's addons, and since when there are any."""
        self.name = name
        self._addons = addons
        self._founded = founded
        self._apps = {app: fingerprint(app, 24) for app in dict.fromkeys(addon.app for addon in addons)}
        self._token = f"tk-us-simulated-{name}"
        self._window = Window(60, 60.0)
        self.limits = (self._window,)
        self.issued_tokens: dict[str, tuple[str, float]] = {}

    def configuration(self, base: str) -> dict[str, Any]:
        """Return the source entry that watches this account."""
        urls = dict.fromkeys(("auth_url", "api_url", "db_api_url"), base)
        return {"name": self.name, "provider": "scalingo", "token": self._token, "events": True, **urls}

    def respond(self, request: Request, now: float) -> Response:
        """Answer one request; the limit is counted for the API and the database API together."""
        segments = request.path.strip("/").split("/")
        if segments[0] == ARCHIVES or segments == ["v1", "tokens", "exchange"]:
            unlimited = self._exchange if segments[0] != ARCHIVES else self._file
            return unlimited(request, now)
        if self._window.count_request(now) > 0:
            plain = {"Content-Type": "text/plain"}
            return Response(status=429, body=b"Retry later", headers=plain, complaint="over the limit")
        match request.method, segments:
            case "POST", ["v1", "apps", app, "addons", wanted, "token"]:
                return self._addon_token(request, app, wanted, now)
            case "GET", ["v1", *rest]:
                return self._api(request, rest, now)
            case "GET", ["api", "databases", wanted, *rest]:
                return self._database_api(request, wanted, rest, now)
        return _refusal(404, "no such path") if request.method == "GET" else _refusal(405, "only GET is for reading")

    def _exchange(self, request: Request, now: float) -> Response:
        if request.method != "POST":
            return _refusal(405, "tokens are exchanged by POST")
        expected = b64encode(f":{self._token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            return _refusal(401, "no known token")
        return _complain(request) or json_response({"token": self._issue(self.name, now)})

    def _addon_token(self, request: Request, app: str, wanted: str, now: float) -> Response:
        if self._holder(request, now) != self.name:
            return _refusal(401, "no token of the account, or an expired one")
        addon = self._addon(wanted)
        if addon is None or app not in (addon.app, self._apps[addon.app]):
            return _refusal(404, "no such addon")
        if now >= addon.revoked:
            return _refusal(403)
        return _complain(request) or json_response(
            {"addon": {**self._describe(addon), "token": self._issue(addon.id, now)}}
        )

    def _api(self, request: Request, rest: Sequence[str], now: float) -> Response:
        if self._holder(request, now) != self.name:
            return _refusal(401, "no token of the account, or an expired one")
        events = rest[:1] == ["apps"] and rest[2:] == ["events"]
        if refused := _complain(request, *(("from", "page", "per_page") if events else ())):
            return refused
        match rest:
            case ["apps"]:
                return json_response({"apps": [self._app(app) for app in self._apps]})
            case ["apps", app, "addons" | "events"]:
                owned = [addon for addon in self._addons if app in (addon.app, self._apps[addon.app])]
                described = {"addons": [self._describe(addon) for addon in owned]}
                if owned:
                    return self._events(request, owned, now) if events else json_response(described)
            case ["databases"]:
                dedicated = [addon for addon in self._addons if addon.technology == "postgresql-ng"]
                return json_response({"databases": [self._list_dedicated(addon) for addon in dedicated]})
        return _refusal(404, "no such path or app")

    def _database_api(self, request: Request, wanted: str, rest: Sequence[str], now: float) -> Response:
        addon = self._addon(wanted)
        own = addon is not None and self._holder(request, now) == addon.id
        if addon is None or not own or now >= addon.revoked:
            return _refusal(401, "" if own else "no token of this addon, or an expired one")
        if refused := _complain(request):
            return refused
        if rest[:1] == ["backups"]:
            return self._backups(request, addon, rest[1:], now)
        match rest:
            case []:
                return json_response({"database": self._database(addon)})
            case ["pitr", "recovery_window"] if addon.continuous or addon.technology == "postgresql-ng":
                latest = now - now % 15 - 5  # what was written last is archived every quarter of a minute
                window = {"earliest_recoverable_at": iso(latest - 7 * DAY), "latest_recoverable_at": iso(latest)}
                return json_response({"recovery_window": window})
        without = rest == ["pitr", "recovery_window"] and addon.technology == "postgresql"  # no continuous backups
        return _refusal(404, "" if without else "no such path, or no point-in-time recovery")

    def _events(self, request: Request, owned: Sequence[Addon], now: float) -> Response:
        """List what happened to an app: how its databases' backups ended, and one thing of another kind."""
        hours, page = request.query.get("from", ""), request.query.get("page", "1")
        if not (hours or "1").isdecimal() or int(hours or "1") not in range(1, LONGEST_PAST + 1) or page != "1":
            return _refusal(400, "no such part of the past")
        backups = [(run.end, self._backup_event(addon, run, now)) for addon in owned for run in addon.runs(now)
                   if run.status(now) not in UNFINISHED]  # fmt: skip
        variable = {"name": "CACHE_KEY", "value": "simulated-secret", "old_value": "simulated-secret"}
        other = self._event(owned[0].app, now - HOUR, "edit_variable", variable)
        found = sorted([*backups, (now - HOUR, other)], key=lambda one: one[0], reverse=True)
        listed = [event for at, event in found if not hours or at >= now - int(hours) * HOUR]
        shown = listed if hours else listed[:20]
        pages = -(-len(listed) // 20) or 1
        paging = {"prev_page": None, "current_page": 1, "next_page": 2 if len(shown) < len(listed) else None}
        paging |= {"total_pages": 1 if hours else pages, "total_count": len(listed)}
        return json_response({"events": shown, "meta": {"pagination": paging}})

    def _backup_event(self, addon: Addon, run: Run, now: float) -> dict[str, Any]:
        data = {
            "addon_uuid": addon.id,
            "addon_name": addon.technology,
            "backup_id": _backup_id(addon.id, run),
            "backup_method": run.kind,
            "started_at": _paris(run.start),
            "ended_at": _paris(run.end),
        }
        outcome = "succeeded" if run.status(now) is Status.COMPLETED else "failed"
        return self._event(addon.app, run.end, f"database_backup_{outcome}", data)

    def _event(self, app: str, at: float, kind: str, data: Mapping[str, str]) -> dict[str, Any]:
        user = {"id": "us-simulated", "username": "simulated", "email": "simulated@example.com"}
        return {
            "id": fingerprint(f"{app}/{kind}/{at}", 24),
            "created_at": _paris(at),
            "user": user,
            "app_id": self._apps[app],
            "app_name": app,
            "type": kind,
            "type_data": data,
        }

    def _backups(self, request: Request, addon: Addon, rest: Sequence[str], now: float) -> Response:
        """List a database's backups, or give the link of one."""
        runs = addon.runs(now)
        if not rest:
            return json_response({"database_backups": [_backup(addon, run, now) for run in runs]})
        if rest[1:] == ["archive"] and any(_backup_id(addon.id, run) == rest[0] for run in runs):
            return json_response({"download_url": f"{request.base}/{ARCHIVES}/{addon.id}/{rest[0]}?token=simulated"})
        return _refusal(404, "no such path or backup")

    def _file(self, request: Request, now: float) -> Response:
        """Serve a backup to whoever has the link."""
        rest = request.path.strip("/").split("/")[1:]
        addon = self._addon(rest[0]) if len(rest) == 2 and "token" in request.query else None
        runs = () if addon is None else addon.runs(now)
        found = (run for run in runs if _backup_id(rest[0], run) == rest[1] and run.status(now) is Status.COMPLETED)
        return next((file_response(request, run.size) for run in found), no_file())

    def _issue(self, holder: str, now: float) -> str:
        claims = {"iss": "simulated", "iat": int(now), "exp": int(now + TOKEN_LIFETIME), "jti": len(self.issued_tokens)}
        parts = (json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims))
        token = ".".join([*(urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "simulated"])
        self.issued_tokens[token] = holder, now + TOKEN_LIFETIME
        return token

    def _holder(self, request: Request, now: float) -> str | None:
        """Return for what the request's token was issued: the account or an addon; None if it is no good."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        holder, until = self.issued_tokens.get(token, (None, now))
        return holder if now < until else None

    def _addon(self, wanted: str) -> Addon | None:
        return next((addon for addon in self._addons if addon.id == wanted), None)

    def _app(self, app: str) -> dict[str, Any]:
        created = _paris(self._founded)
        owner = {"id": fingerprint("owner", 24), "username": "simulated", "email": "simulated@example.com"}
        return {"id": self._apps[app], "name": app, "status": "running", "created_at": created, "owner": owner}

    def _list_dedicated(self, addon: Addon) -> dict[str, Any]:
        return {
            "id": self._apps[addon.app],
            "name": addon.app,
            "project_id": f"pr-{fingerprint('project', 32)}",
            "technology": addon.technology,
            "plan": "postgresql-dr-starter-4096",
        }

    def _describe(self, addon: Addon) -> dict[str, Any]:
        name = addon.technology.title()
        return {
            "id": addon.id,
            "app_id": self._apps[addon.app],
            "resource_id": f"{addon.app}_3083",
            "provisioned_at": _paris(self._founded),
            "deprovisioned_at": None,
            "status": "suspended" if addon.suspended else "running",
            "plan": {
                "id": fingerprint(name, 24),
                "name": f"{addon.technology}-starter-512",
                "display_name": "Starter 512M",
            },
            "addon_provider": {"id": addon.technology, "name": f"Scalingo {name}"},
        }

    def _database(self, addon: Addon) -> dict[str, Any]:
        return {
            "id": fingerprint(addon.id, 24),
            "resource_id": f"{addon.app}_3083",
            "app_name": addon.app,
            "created_at": _paris(self._founded),
            "status": "stopped" if addon.suspended else "running",
            "type_name": addon.technology,
            "current_operation_id": None,
            "periodic_backups_enabled": bool(addon.hours),
            "periodic_backups_scheduled_at": list(addon.hours),
            **self._continuous(addon),
        }

    def _continuous(self, addon: Addon) -> dict[str, Any]:
        """Return when a PostgreSQL's continuous backups began; that of the storefront is too old to say."""
        if addon.app == "storefront" or "postgresql" not in addon.technology:
            return {}
        return {"first_pitr_backup": _paris(self._founded + DAY)}


def _backup(addon: Addon, run: Run, now: float) -> dict[str, Any]:
    status = run.status(now)
    name = f"{addon.app.replace('-', '_')}_3083"
    sizes = {Status.COMPLETED: run.size, Status.PENDING: None}
    return {
        "id": _backup_id(addon.id, run),
        "created_at": _paris(run.start - QUEUE),
        "started_at": None if status is Status.PENDING else _paris(run.start),
        "name": f"{datetime.fromtimestamp(run.start, UTC):%Y%m%d%H%M%S}_{name}",
        "size": sizes.get(status, 0),
        "status": WORDS[status],
        "database_id": fingerprint(addon.id, 24),
        "method": run.kind,
    }


def _backup_id(addon: str, run: Run) -> str:
    return fingerprint(f"{addon}/{run.start}", 24)


def _paris(instant: float) -> str:
    """Return an instant as the clocks at Scalingo's show it: an hour ahead of UTC, in summer two."""
    year = datetime.fromtimestamp(instant, UTC).year
    summer = _clock_change(year, 3) <= instant < _clock_change(year, 10)
    return iso(instant + (2 if summer else 1) * HOUR, offset="+02:00" if summer else "+01:00")


def _clock_change(year: int, month: int) -> float:
    last_sunday = 31 - date(year, month, 31).isoweekday() % 7
    return datetime(year, month, last_sunday, 1, tzinfo=UTC).timestamp()


def _complain(request: Request, *documented: str) -> Response | None:
    unknown = find_undocumented(request, *documented)
    return _refusal(400, unknown) if unknown else None


def _refusal(status: int, complaint: str = "") -> Response:
    return json_response(REFUSALS[status], status=status, complaint=complaint)
