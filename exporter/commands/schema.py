"""`backup-exporter schema`: prints the JSON Schema of the configuration, for editors."""

import argparse
import json
import sys

from exporter.commands.providers import find_problem
from exporter.config.schema import make_schema
from exporter.declared.schema import make_declaration_schema
from exporter.declared.vendors import Vendors


def add_flags(_: argparse.ArgumentParser) -> None:
    """Add nothing: the command has no flags."""


def run(_: argparse.Namespace) -> int:
    """Print the schema; it knows the vendors that are built in, in the catalog, or in an installed package.

    Return 2 if a package cannot be used; its vendor is left out.
    """
    index = Vendors().providers
    problems = {name: problem for name in index if (problem := find_problem(index, name)) is not None}
    providers = {name: index[name] for name in index if name not in problems}
    print(json.dumps(make_schema(providers, make_declaration_schema()), indent=2))
    for problem in problems.values():
        print(problem, file=sys.stderr)
    return 2 if problems else 0
