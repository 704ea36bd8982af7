"""Providers for backup-exporter: Acme's databases by declaration, Acme's vault in Python."""

from pathlib import Path

DECLARATION = Path(__file__).parent / "acme_db.yaml"
"""A declaration may be a mapping or, as here, the path of a file."""
