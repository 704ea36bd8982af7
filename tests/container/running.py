"""Runs an image the way a runtime does, with the tools of util-linux alone.

Under chroot isolation buildah itself knows no read-only root and no process namespace, and the runtimes that do (runc,
crun) need control groups, which a build machine may withhold. So the root is put together here: mounted read-only, with
a /proc and a small /dev of its own, in new namespaces of mounts, processes, IPC and the host's name, with the user, the
command and the environment that the image names, no capability, and no way to gain one. The network stays the host's,
so that vendors simulated on loopback can be reached; what limits memory and processes is left out.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMESPACES = ("--mount", "--pid", "--ipc", "--uts")
ENTER = r"""
set -e
root=$1 user=$2
shift 2
mount --bind "$root" "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o nosuid,mode=755 tmpfs "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/urandom" c 1 9
mount -o remount,ro "$root/dev"
while [ "$1" != -- ]; do
  mount --bind "$1" "$root$2"
  mount -o "remount,bind,nosuid,nodev,$3" "$root$2"
  shift 3
done
shift
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs --bounding-set="-all,+sys_chroot,+setuid,+setgid" --inh-caps=-all \
  chroot --userspec="$user" --groups= "$root" "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A folder of the host that stands in the container."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Container:
    """A container that runs."""

    process: subprocess.Popen[bytes]
    """What waits for it outside; its exit code is the container's."""
    first: int
    """The host's number for process 1."""
    image: Mapping[str, Any]

    def execute(self, *command: str, user: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command beside process 1, as the image's user or as another."""
        own = (user or self.image["User"]).partition(":")
        place = (f"--target={self.first}", *NAMESPACES, "--root", "--wd", f"--setuid={own[0]}", f"--setgid={own[2]}")
        whole = [program("nsenter"), *place, *command]
        known = environment(self.image)
        return subprocess.run(whole, capture_output=True, text=True, timeout=30, env=known, check=False)

    def health(self) -> subprocess.CompletedProcess[str]:
        """Check its health as the image says."""
        how, *command = self.image["Healthcheck"]["Test"]
        assert how == "CMD"
        return self.execute(*command)

    def status(self) -> dict[str, str]:
        """Return what the kernel says of process 1."""
        lines = Path(f"/proc/{self.first}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def stop(self) -> tuple[int, float]:
        """Send SIGTERM; return the exit code, and the seconds it took."""
        began = time.monotonic()
        os.kill(self.first, signal.SIGTERM)
        return self.process.wait(20), time.monotonic() - began


@contextmanager
def run(
    root: Path, image: Mapping[str, Any], log: Path, *arguments: str, volumes: Sequence[Volume] = ()
) -> Iterator[Container]:
    """Run an image on its files at `root`, with `arguments` in place of its own where there are any."""
    mounts = [word for one in volumes for word in (str(one.source), one.target, "rw" if one.writable else "ro")]
    for volume in volumes:
        (root / volume.target.lstrip("/")).mkdir(parents=True, exist_ok=True)
    command = [*image["Entrypoint"], *(arguments or image["Cmd"])]
    inside = ["/bin/sh", "-c", ENTER, "enter", str(root), image["User"], *mounts, "--", *command]
    outside = [program("unshare"), *NAMESPACES, "--fork", *inside]
    with log.open("wb") as written:
        process = subprocess.Popen(outside, stdin=subprocess.DEVNULL, stderr=written, env=environment(image))
    first = child_of(process)
    try:
        yield Container(process, first, image)
    finally:
        if process.poll() is None:
            os.kill(first, signal.SIGKILL)  # the rest of its namespace goes with it
        process.wait(10)


def environment(image: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment that the image gives, and nothing of the host's."""
    return dict(pair.split("=", 1) for pair in image["Env"])


def child_of(process: subprocess.Popen[bytes]) -> int:
    """Return the number of the one child of a process, as soon as it has it."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None:
        if found := children.read_text().split():
            return int(found[0])
        time.sleep(0.01)
    raise AssertionError(f"the container ended at once with {process.returncode}")


def program(name: str) -> str:
    """Return where a program of util-linux is."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found, f"no {name} here"
    return found
