"""`backup-exporter schema`: prints the JSON Schema of the configuration, for editors."""

import argparse
import json

from exporter.config.schema import make_schema
from exporter.declared.schema import make_declaration_schema
from exporter.declared.vendors import Vendors


def add_flags(_: argparse.ArgumentParser) -> None:
    """Add nothing: the command has no flags."""


def run(_: argparse.Namespace) -> int:
    """Print the schema; it knows the vendors that are built in, in the catalog, or in an installed package."""
    print(json.dumps(make_schema(Vendors().providers, make_declaration_schema()), indent=2))
    return 0
