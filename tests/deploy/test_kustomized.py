"""Holds our rendering of kustomizations to what kustomize itself makes of the same ones."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.kustomized import emulate, run
from tests.deploy.manifests import KUBERNETES
from tests.paths import TESTDATA as ALL_TESTDATA

TESTDATA = ALL_TESTDATA / "kustomize"
NEEDS_KUSTOMIZE = pytest.mark.skipif(
    shutil.which("kustomize") is None, reason="kustomize is not here: `make gotools` builds it where Go is found"
)


def by_name(objects: Any) -> dict[tuple[str, str], Any]:
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}


@pytest.mark.parametrize("name", ["base", "overlay"])
def test_rendering_is_that_of_kustomize(name: str) -> None:
    theirs = yaml.safe_load_all((TESTDATA / f"{name}.yaml").read_text(encoding="utf-8"))

    assert by_name(emulate(TESTDATA / name)) == by_name(theirs)


@NEEDS_KUSTOMIZE
@pytest.mark.parametrize(
    "folder", [KUBERNETES / "base", KUBERNETES / "overlays" / "single", TESTDATA / "base", TESTDATA / "overlay"]
)
def test_the_real_kustomize_renders_the_same(folder: Path) -> None:
    ours, theirs = emulate(folder), run(folder)

    assert by_name(ours) == by_name(theirs)
    assert len(ours) == len(theirs)


HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


@pytest.mark.parametrize(
    ("written", "refused"),
    [
        ("vars: []", "vars"),
        ("resources: [../outside.yaml]", "outside"),
        ("configMapGenerator: [{name: one, files: [../outside.yaml]}]", "outside"),
    ],
)
def test_what_it_cannot_render_is_an_error(written: str, refused: str, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("kind: Namespace")
    folder = tmp_path / "inside"
    folder.mkdir()
    (folder / "kustomization.yaml").write_text(HEAD + written)

    with pytest.raises(ValueError, match=refused):
        emulate(folder)


def test_a_patch_whose_test_fails_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "object.yaml").write_text("kind: Service\nmetadata: {name: one}\nspec: {ports: [1]}")
    (tmp_path / "patch.yaml").write_text("- {op: test, path: /spec/ports/0, value: 2}")
    patch = "resources: [object.yaml]\npatches: [{path: patch.yaml, target: {kind: Service, name: one}}]"
    (tmp_path / "kustomization.yaml").write_text(HEAD + patch)

    with pytest.raises(ValueError, match="/spec/ports/0 is 1, not 2"):
        emulate(tmp_path)
