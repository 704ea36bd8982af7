"""The example routes and inhibitions in a real Alertmanager, for two environments that differ in one label only."""

import asyncio
import json
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from exporter.alerts.rules import ALERTS
from stack.files import NORMAL, write_alertmanager
from stack.programs import find_program, free_port, running, wait_for_answer

pytestmark = pytest.mark.slow

WITHIN = 30.0
PAUSE = 0.1
SEVERITIES = {alert.name: alert.severity for alert in ALERTS}
SOURCES = {alert.name for alert in ALERTS if str(alert.subject) == "source"}
INHIBITED = {
    ("BackupTooOldCritical", "BackupTooOld"),
    ("BackupTooOldCritical", "BackupSizeGrew"),
    ("BackupNeverSucceeded", "BackupLimitUnknown"),
    ("BackupNothingToRestore", "BackupTooFew"),
    ("BackupTooOld", "BackupTooOldByKind"),
    ("BackupFailingRepeatedly", "BackupLastRunFailed"),
    ("BackupStuck", "BackupProgressStalled"),
    ("BackupCredentialsRejected", "BackupTooOldCritical"),
    ("BackupCredentialsRejected", "BackupSourceDown"),
    ("BackupSourceDown", "BackupTooOld"),
    ("BackupSourceDown", "BackupRateLimited"),
    ("BackupSourceEmptied", "BackupResourceDisappeared"),
}
FREE = {
    ("BackupTooOldCritical", "BackupScheduleOff"),
    ("BackupTooOldCritical", "BackupResourceUnreadable"),
    ("BackupNothingToRestore", "BackupRestoreFailed"),
    ("BackupTooOld", "BackupTooOldCritical"),
    ("BackupSourceDown", "BackupTooOldCritical"),
    ("BackupSourceDown", "BackupNothingToRestore"),
}
"""Pairs of which the first must not silence the second."""

Alert = dict[str, Any]


def make_alert(name: str, pair: int, **environment: str) -> Alert:
    """Return an alert about the one resource of the pair's own source."""
    labels = {"alertname": name, "severity": SEVERITIES[name], "provider": "p", "source": f"s{pair}", **environment}
    if name not in SOURCES:
        labels |= {"resource": "r", "resource_name": "Orders"}
    return {"labels": labels}


def is_inhibited(alert: Alert) -> bool:
    return bool(alert["status"]["inhibitedBy"])


async def ask_alertmanager(folder: Path, label: str, alerts: list[Alert]) -> tuple[list[Alert], list[Alert]]:
    """Send the alerts; return them as Alertmanager has them, and the groups in which it notifies of them.

    Alertmanager lists an alert before it knows what inhibits it, so wait for as many inhibited ones as are expected;
    after `WITHIN` return what there is.
    """
    written = write_alertmanager(folder, webhook="http://127.0.0.1:9", timing=NORMAL)
    written.write_text(written.read_text().replace("- cluster\n", f"- {label}\n"))
    address = f"127.0.0.1:{free_port()}"
    flags = (f"--config.file={written}", f"--storage.path={folder / 'data'}", f"--web.listen-address={address}")
    command = find_program("prometheus-alertmanager", "prometheus-alertmanager")
    async with AsyncExitStack() as stack:
        started = running("alertmanager", command, *flags, "--cluster.listen-address=", folder=folder)
        program = await stack.enter_async_context(started)
        await wait_for_answer(program, f"http://{address}/-/ready")
        url = f"http://{address}/api/v2/alerts"
        headers = {"Content-Type": "application/json"}
        await asyncio.to_thread(read, Request(url, json.dumps(alerts).encode(), headers))
        for _ in range(int(WITHIN / PAUSE)):
            standing = await asyncio.to_thread(read, url)
            if len(standing) == len(alerts) and sum(map(is_inhibited, standing)) >= len(INHIBITED):
                break
            await asyncio.sleep(PAUSE)
        return standing, await asyncio.to_thread(read, f"{url}/groups")


def read(request: Request | str) -> Any:
    with urlopen(request, timeout=10) as response:
        body = response.read()
    return json.loads(body) if body else None


def find(alerts: Iterable[Alert], name: str, **labels: str) -> Alert:
    (alert,) = (each for each in alerts if {"alertname": name, **labels}.items() <= each["labels"].items())
    return alert


@pytest.mark.parametrize("label", ["cluster", "site"])
def test_inhibition_and_grouping_keep_environments_apart(label: str, tmp_path: Path) -> None:
    environments: list[Callable[[str, int], Alert]] = [
        lambda name, pair: make_alert(name, pair, **{label: "here"}),
        lambda name, pair: make_alert(name, pair, **{label: "there"}),
        make_alert,
    ]
    here, there, nowhere = environments
    pairs = list(enumerate(sorted(INHIBITED | FREE)))
    sent = [here(cause, pair) for pair, (cause, _) in pairs]
    sent += [each(target, pair) for pair, (_, target) in pairs for each in (here, there, nowhere)]
    alerts, groups = asyncio.run(ask_alertmanager(tmp_path, label, sent))

    for pair, (cause, target) in pairs:
        silenced = {
            place: is_inhibited(find(alerts, target, source=f"s{pair}", **({label: place})))
            for place in ("here", "there")
        }
        assert silenced == {"here": (cause, target) in INHIBITED, "there": False}, (cause, target)
        (elsewhere,) = (
            each for each in alerts if each["labels"]["source"] == f"s{pair}" and label not in each["labels"]
        )
        assert not is_inhibited(elsewhere), (cause, target)
    for group in groups:
        assert len({(each["labels"].get(label), each["labels"]["source"]) for each in group["alerts"]}) == 1


def test_where_no_label_tells_environments_apart_inhibition_works_all_the_same(tmp_path: Path) -> None:
    pairs = list(enumerate(sorted(INHIBITED | FREE)))
    sent = [make_alert(name, pair) for pair, names in pairs for name in names]
    alerts, _ = asyncio.run(ask_alertmanager(tmp_path, "cluster", sent))
    found_inhibited = {
        (cause, target) for pair, (cause, target) in pairs if is_inhibited(find(alerts, target, source=f"s{pair}"))
    }
    assert found_inhibited == INHIBITED
