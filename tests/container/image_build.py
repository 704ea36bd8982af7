"""Builds the image with Debian's buildah, without a registry: on a base made from scratch, and with packages at hand.

A base of Debian's own packages takes a minute, so it is kept in a folder of the user's cache. What the build installs
is downloaded beforehand, by the host's pip as the host has it configured, and handed in as a folder: so the build
itself needs no network, and the image never hears of the host's package index.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.paths import ROOT

SUITE = "bookworm"
PYTHON = "3.11"  # that suite's
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
BASE = f"localhost/backup-exporter-test-base:{SUITE}"
IMAGE = "localhost/backup-exporter-test:latest"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LONGEST = 240


@dataclass(frozen=True, slots=True)
class Store:
    """Where images are kept: a folder of our own, so that nothing of the machine's is touched."""

    folder: Path

    def buildah(self, *arguments: str) -> str:
        """Run buildah to its end; return what it printed."""
        places = ("--root", str(self.folder / "images"), "--runroot", str(self.folder / "running"))
        environment = {**os.environ, "BUILDAH_ISOLATION": "chroot"}
        return ran("buildah", "--storage-driver", "vfs", *places, *arguments, environ=environment)

    @contextmanager
    def container(self, image: str) -> Iterator[str]:
        """A working container of an image, gone at the end."""
        name = self.buildah("from", "--pull-never", image).strip()
        try:
            yield name
        finally:
            self.buildah("rm", name)

    @contextmanager
    def mount(self, image: str) -> Iterator[Path]:
        """The files of an image, in a folder."""
        with self.container(image) as name:
            yield Path(self.buildah("mount", name).strip())

    def configuration(self, image: str) -> dict[str, Any]:
        """Return what the image says about how it is to be run."""
        found: dict[str, Any] = json.loads(self.buildah("inspect", "--type", "image", image))["Docker"]["config"]
        return found

    def drop(self, image: str) -> None:
        """Remove an image, if it is there."""
        if image in self.buildah("images", "--format", "{{.Name}}:{{.Tag}}").splitlines():
            self.buildah("rmi", "--force", image)


def ran(*command: str, environ: dict[str, str] | None = None) -> str:
    """Run a program to its end; its output is in the error when it fails."""
    program = shutil.which(command[0])
    assert program, f"the Debian packages buildah and debootstrap are needed: no {command[0]} here"
    whole = [program, *command[1:]]
    done = subprocess.run(whole, capture_output=True, text=True, timeout=LONGEST, env=environ, check=False)
    assert done.returncode == 0, f"{command[0]}: exit {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}"
    return done.stdout


@contextmanager
def store() -> Iterator[Store]:
    """The store in the user's cache, which is for one at a time."""
    caches = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(caches) if caches else Path.home() / ".cache") / "backup-exporter-container-test"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Store(folder)


def make_base(store: Store, folder: Path) -> None:
    """Make a Debian with Python and nothing else, unless there is one from an earlier time."""
    if BASE in store.buildah("images", "--format", "{{.Name}}:{{.Tag}}").splitlines():
        return
    root = folder / "debian"
    mirror = mirrors()[:1]  # none: debootstrap knows Debian's own
    ran("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root), *mirror)
    shutil.rmtree(root / "var/cache/apt/archives")
    with store.container("scratch") as name:
        store.buildah("add", "--quiet", name, str(root), "/")
        store.buildah("config", "--env", f"PATH={PATH}", name)
        store.buildah("commit", "--quiet", name, BASE)
    shutil.rmtree(root)


def mirrors() -> list[str]:
    """Return from where this machine gets its own packages of the suite, if it is one of Debian's."""
    if shutil.which("apt-get") is None:
        return []
    targets = ran("apt-get", "indextargets", "--format", "$(CODENAME) $(SITE)", "Created-By: Packages")
    return [site for codename, _, site in (line.partition(" ") for line in targets.splitlines()) if codename == SUITE]


def build(store: Store, folder: Path) -> None:
    """Build the image by the repository's Dockerfile."""
    wheels, settings = folder / "wheels", folder / "pip.conf"
    lock = str(ROOT / "requirements-run.lock")
    choice = ("--only-binary=:all:", f"--python-version={PYTHON}", "--no-deps", "--require-hashes")
    ran(sys.executable, "-m", "pip", "download", "--quiet", *choice, "--requirement", lock, "--dest", str(wheels))
    settings.write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    volumes = (f"--volume={wheels}:/wheels:ro", f"--volume={settings}:/etc/pip.conf:ro")
    arguments = ("--format=docker", "--no-cache", f"--build-arg=BASE={BASE}", f"--tag={IMAGE}")
    store.drop(IMAGE)
    store.buildah("build", "--pull-never", *arguments, *volumes, str(ROOT))
