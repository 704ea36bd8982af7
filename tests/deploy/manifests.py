"""Reads deploy/kubernetes as its tests need it."""

import re
from typing import Any

import pytest
import yaml

from exporter.cli import command_parsers
from tests.deploy.kustomized import Object, build_overlay
from tests.paths import ROOT

KUBERNETES = ROOT / "deploy" / "kubernetes"
BASE = build_overlay(KUBERNETES / "base")
SINGLE = build_overlay(KUBERNETES / "overlays" / "single")
BOTH = pytest.mark.parametrize("objects", [BASE, SINGLE], ids=["base", "single"])


def one(objects: list[Object], kind: str) -> Object:
    (found,) = (each for each in objects if each["kind"] == kind)
    return found


def pod_of(objects: list[Object]) -> Object:
    pod: Object = one(objects, "StatefulSet")["spec"]["template"]["spec"]
    return pod


def container_of(objects: list[Object]) -> Object:
    (container,) = pod_of(objects)["containers"]
    found: Object = container
    return found


def mounts_of(objects: list[Object]) -> dict[str, str]:
    return {mount["name"]: mount["mountPath"] for mount in container_of(objects)["volumeMounts"]}


def arguments(objects: list[Object], ordinal: int) -> Any:
    """Return the flags of a pod as the exporter reads them, `$(NAME)` filled in as Kubernetes does."""
    variables = {each["name"]: each.get("value", str(ordinal)) for each in container_of(objects).get("env", ())}
    command, *flags = (re.sub(r"\$\((\w+)\)", lambda found: variables[found[1]], arg) for arg in args_of(objects))
    return command_parsers()[command].parse_args(flags)


def args_of(objects: list[Object]) -> list[str]:
    return list(container_of(objects)["args"])


def configuration(objects: list[Object]) -> str:
    (found,) = (each for each in objects if each["metadata"]["name"].startswith("backup-exporter-config-"))
    text: str = found["data"]["config.yaml"]
    return text


def secret_files() -> set[str]:
    return set(yaml.safe_load((KUBERNETES / "secret.example.yaml").read_text())["stringData"])
