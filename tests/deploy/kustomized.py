"""Renders a kustomization: by kustomize where it is found, else as it does.

No package index has kustomize, so the tests cannot count on it. What stands in for it knows only what ours use, and
raises an error for everything else. `testdata/kustomize` holds what the real one (5.5.0, in kubectl 1.32) makes of a
kustomization that uses each of these features.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
CLUSTER_WIDE = {"Namespace"}


def build_overlay(folder: Path) -> list[Object]:
    """Return the objects that a kustomization stands for."""
    return emulate(folder) if shutil.which("kustomize") is None else run(folder)


def run(folder: Path) -> list[Object]:
    """Return what the real kustomize makes of a folder; ValueError with its words if it refuses."""
    done = subprocess.run(["kustomize", "build", folder], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    return list(_load_all(done.stdout))


def emulate(folder: Path) -> list[Object]:
    """Return what kustomize would make of a folder."""
    return _by_name(_accumulate(folder))


def _accumulate(folder: Path) -> list[Object]:
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    if (kustomization.pop("apiVersion"), kustomization.pop("kind")) != (
        "kustomize.config.k8s.io/v1beta1",
        "Kustomization",
    ):
        raise ValueError(f"{folder} has no kustomization")
    objects = [found for name in kustomization.pop("resources", []) for found in _resource(folder, name)]
    for step, apply in STEPS.items():
        apply(objects, kustomization.pop(step, None), folder)
    if kustomization:
        raise ValueError(f"cannot render {', '.join(kustomization)}")
    return objects


def _resource(folder: Path, name: str) -> Iterator[Object]:
    path = folder / name
    if path.is_dir():
        yield from _accumulate(path)
        return
    _inside(folder, path)
    yield from _load_all(path.read_text(encoding="utf-8"))


def _load_all(text: str) -> Iterator[Object]:
    yield from yaml.load_all(text, yaml.CSafeLoader)


def _inside(folder: Path, path: Path) -> None:
    """Refuse a file outside of the kustomization's folder, as kustomize does."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{path} is outside of {folder}")


def _generate(objects: list[Object], generators: Any, folder: Path) -> None:
    for generator in generators or ():
        data = {}
        for name in generator["files"]:
            _inside(folder, folder / name)
            data[Path(name).name] = (folder / name).read_text(encoding="utf-8")
        options = generator.get("options", {})
        metadata = {"name": generator["name"]}
        metadata |= {key: dict(options[key]) for key in ("labels", "annotations") if key in options}
        config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        if generator.get("behavior") == "replace":
            _replace(objects, config_map)
            continue
        objects.append(config_map)
        if not options.get("disableNameSuffixHash"):
            metadata[HASHED] = ""


HASHED = "(its name ends with a hash)"


def _replace(objects: list[Object], config_map: Object) -> None:
    (before,) = _select(objects, {"kind": "ConfigMap", "name": config_map["metadata"]["name"]})
    before["data"] = config_map["data"]


def _patch(objects: list[Object], patches: Any, folder: Path) -> None:
    for patch in patches or ():
        _inside(folder, folder / patch["path"])
        for found in _select(objects, patch["target"]):
            for session in yaml.safe_load((folder / patch["path"]).read_text(encoding="utf-8")):
                _operate(found, **session)


def _operate(root: Object, op: str, path: str, value: Any = None) -> None:
    """Carry out one operation of a JSON patch (RFC 6902)."""
    *way, last = path.removeprefix("/").split("/")
    place: Any = root
    for step in way:
        place = place[_key(place, step)]
    key = _key(place, last)
    if op == "remove":
        del place[key]
    elif op == "replace":
        place[key] = value
    elif op == "test":
        if place[key] != value:
            raise ValueError(f"{path} is {place[key]!r}, not {value!r}")
    else:
        raise ValueError(f"cannot {op}")


def _key(place: Any, step: str) -> Any:
    return int(step) if isinstance(place, list) else step


def _in_namespace(objects: list[Object], namespace: Any, _: Path) -> None:
    for found in objects:
        if namespace and found["kind"] not in CLUSTER_WIDE:
            found["metadata"]["namespace"] = namespace


def _scale(objects: list[Object], replicas: Any, _: Path) -> None:
    for scale in replicas or ():
        (found,) = _select(objects, {"name": scale["name"], "kind": "StatefulSet"})
        found["spec"]["replicas"] = scale["count"]


def _tag(objects: list[Object], images: Any, _: Path) -> None:
    for image in images or ():
        for found in objects:
            for container in found.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ()):
                name, _, tag = container["image"].partition(":")
                if name == image["name"]:
                    tag = str(image.get("newTag", tag))
                    container["image"] = ":".join(filter(None, (image.get("newName", name), tag)))


def _carry(objects: list[Object], replacements: Any, _: Path) -> None:
    for replacement in replacements or ():
        source = dict(replacement["source"])
        field = source.pop("fieldPath")
        (found,) = _select(objects, source)
        value = _place(found, field)[0]()
        for target in replacement["targets"]:
            for changed in _select(objects, target["select"]):
                for path in target["fieldPaths"]:
                    read, write = _place(changed, path)
                    write(type(read())(value))


def _place(root: Any, path: str) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    """Return how to read and to write the field at `a.[name=b].c`."""
    *way, last = path.split(".")
    place = root
    for step in way:
        if step.startswith("["):
            key, _, wanted = step.strip("[]").partition("=")
            (place,) = (each for each in place if each[key] == wanted)
        else:
            place = place[step]
    return lambda: place[last], lambda value: place.__setitem__(last, value)


def _select(objects: list[Object], select: Object) -> list[Object]:
    if not select.keys() <= {"kind", "name"}:
        raise ValueError(f"cannot select by {select}")
    return [
        found
        for found in objects
        if found["kind"] == select.get("kind", found["kind"]) and found["metadata"]["name"] == select["name"]
    ]


STEPS: dict[str, Callable[[list[Object], Any, Path], None]] = {
    "configMapGenerator": _generate,
    "patches": _patch,
    "namespace": _in_namespace,
    "replicas": _scale,
    "images": _tag,
    "replacements": _carry,
}
"""In kustomize's order, whatever the order in the file."""


def _by_name(objects: list[Object]) -> list[Object]:
    """Give those their last names that end with a hash of what they hold, and correct what refers to them."""
    names = {}
    for found in objects:
        if found["metadata"].pop(HASHED, None) is not None:
            before = found["metadata"]["name"]
            names[before] = found["metadata"]["name"] = f"{before}-{_hash(found)}"
    for found in objects:
        for volume in found.get("spec", {}).get("template", {}).get("spec", {}).get("volumes", ()):
            if "configMap" in volume:
                before = volume["configMap"]["name"]
                volume["configMap"]["name"] = names.get(before, before)
    return objects


def _hash(config_map: Object) -> str:
    """Return kustomize's hash of a ConfigMap, whose name has no part in it; no word can come of its letters."""
    parts = {"data": config_map["data"], "kind": config_map["kind"], "name": ""}
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for sign in "<>&":  # as Go writes them
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return sha256(text.encode()).hexdigest()[:10].translate(str.maketrans("013ae", "ghkmt"))
