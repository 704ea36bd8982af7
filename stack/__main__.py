"""Starts all of it natively on loopback, prints where each is, and stops all of it on a signal."""

import argparse
import asyncio
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from exporter.commands.demo import write_guide
from stack.files import NORMAL, SHORT, Timing
from stack.programs import StackError
from stack.servers import Pair, Server, demo, programs, servers
from stack.webhook import Notice, Webhook


def main() -> int:
    """Run until a signal stops it; return 0, or 1 if something cannot run or ended by itself."""
    flags = _flags()
    try:
        programs()
        with TemporaryDirectory(prefix="backup-stack-") as folder:
            return asyncio.run(_until_stopped(Path(folder), SHORT if flags.short else NORMAL, flags.speed))
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1


async def _until_stopped(folder: Path, timing: Timing, speed: float) -> int:
    standing = asyncio.create_task(_stand(folder, timing, speed))
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: None)  # once is enough: the ending must not be cut short
        standing.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await standing
    return 0


async def _stand(folder: Path, timing: Timing, speed: float) -> None:
    async with (
        Webhook(_tell) as webhook,
        demo(folder, speed=speed) as exporter,
        servers(folder, exporter=exporter.url, webhook=webhook.url, timing=timing) as pair,
    ):
        _say(_guide(exporter, pair, folder, timing))
        ends = [
            asyncio.ensure_future(each.program.wait_for_end())
            for each in (exporter, pair.prometheus, pair.alertmanager)
        ]
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        raise done.pop().result()


def _tell(notice: Notice) -> None:
    if notice.receiver == "heartbeat":  # always firing: it would only fill the terminal
        return
    _say(notice.line(time.strftime("%H:%M:%S")))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _guide(exporter: Server, pair: Pair, folder: Path, timing: Timing) -> str:
    waits = (
        "The rules wait as shipped: the first alert comes after ten minutes. With --short they wait seconds."
        if timing == NORMAL
        else "The rules wait seconds where the shipped ones wait minutes."
    )
    return write_guide(exporter.url, "/metrics") + STANDS.format(
        prometheus=pair.prometheus.url, alertmanager=pair.alertmanager.url, folder=folder, waits=waits
    )


STANDS = """
  Beside it stand a real Prometheus and a real Alertmanager, with the rules and routes of alerts/:

    Prometheus     {prometheus}/alerts
    Alertmanager   {alertmanager}   (in a terminal: amtool alert --alertmanager.url={alertmanager})
    their files    {folder}   (rules, routes, logs and data; removed at the end)

  {waits}
  Whatever Alertmanager would send to a pager, a chat or a mailbox is shown below.
"""


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    parser.add_argument("--short", action="store_true", help="let rules and routes wait seconds in place of minutes")
    parser.add_argument(
        "--speed", type=float, default=1.0, metavar="FACTOR", help="how many times faster the demo's story goes"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
