"""Writes what an environment of the exporter holds as a CycloneDX bill of materials: `make sbom`.

The environment is one of its own with the locked requirements, as the Dockerfile makes it. A base image's packages are
not in it; BuildKit lists those when the image is published.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from exporter import __version__

ROOT = Path(__file__).parent.parent


def make(python: Path) -> dict[str, Any]:
    """Return the bill of materials of the environment of a Python; its subject is this version of the exporter."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", str(python), "--output-reproducible"]
    subject = ["--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "application"]
    done = subprocess.run([*command, *subject], capture_output=True, text=True, check=True)  # noqa: S603  (our own)
    document: dict[str, Any] = json.loads(done.stdout)
    document["metadata"]["component"] |= {
        "version": __version__,  # pyproject.toml leaves it to the package
        "purl": f"pkg:pypi/backup-exporter@{__version__}",
    }
    return document


if __name__ == "__main__":
    sys.stdout.write(json.dumps(make(Path(sys.argv[1])), indent=2) + "\n")
