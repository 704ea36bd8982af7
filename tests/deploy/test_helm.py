"""Holds the Helm chart to Kubernetes' schemas, to its own schema of values, and to the kustomize base."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.deploy.manifests import SINGLE, one
from tests.paths import ROOT
from tests.samples import CREDENTIAL, PROVIDER

CHART = ROOT / "deploy" / "helm" / "backup-exporter"
HELM = shutil.which("helm")
KUBE = "--kube-version=1.28.0"  # a helm that is built without its release flags assumes 1.20
CUSTOM = {"ServiceMonitor", "PrometheusRule"}
pytestmark = pytest.mark.slow
NEEDS_HELM = pytest.mark.skipif(HELM is None, reason="helm is not here: `make gotools` builds it where Go is found")

SOURCE = {"name": "campus", "provider": PROVIDER, f"{CREDENTIAL}_file": "/run/secrets/backup-exporter/campus-token"}
EVERYTHING: dict[str, Any] = {
    "existingSecret": "vendors",
    "config": {"sources": [SOURCE]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True},
    "dashboards": {"enabled": True},
    "networkPolicy": {"enabled": True, "extraEgress": [{"ports": [{"port": 3128, "protocol": "TCP"}]}]},
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}],
    "extraArgs": ["--web.telemetry-path=/m"],
    "podLabels": {"squad": "data"},
    "podAnnotations": {"a": "b"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "serviceAccount": {"annotations": {"a": "b"}},
    "image": {"repository": "registry.example/backup-exporter", "tag": "0.1.0", "pullSecrets": [{"name": "registry"}]},
    "priorityClassName": "high",
}
SCRAPED_BY: dict[str, Any] = {
    "tlsConfig": {"ca": {"secret": {"name": "web-ca", "key": "ca.crt"}}, "serverName": "backup-exporter.example"},
    "basicAuth": {"username": {"name": "web", "key": "username"}, "password": {"name": "web", "key": "password"}},
    "authorization": {"credentials": {"name": "web", "key": "token"}},
}
GOOD: dict[str, dict[str, Any]] = {
    "defaults": {},
    "everything": EVERYTHING,
    "shards": {**EVERYTHING, "shards": 3},
    "deployment": {"workload": "Deployment", "config": {"sources": [SOURCE]}},
    "without state": {"state": {"enabled": False}},
    "TLS": {"existingWebConfigSecret": "web", "existingConfigMap": "mine"},
    "names": {"fullnameOverride": "backups", "serviceAccount": {"create": False, "name": "mine"}},
    "a password": {
        "existingWebConfigSecret": "web",
        "serviceMonitor": {"enabled": True, "scheme": "https", **SCRAPED_BY},
    },
    "another name": {"nameOverride": "backups", "serviceMonitor": {"enabled": True}},
    "storage": {"state": {"size": "500Mi", "storageClassName": "fast"}},
}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": ({"shard": 3}, "shard"),
    "no shard": ({"shards": 0}, "shards"),
    "a shard that is no number": ({"shards": "three"}, "shards"),
    "a Deployment with shards": ({"workload": "Deployment", "shards": 3}, "shards"),
    "another workload": ({"workload": "DaemonSet"}, "workload"),
    "a log level": ({"log": {"level": "loud"}}, "level"),
    "a duration": ({"serviceMonitor": {"interval": "1 minute"}}, "interval"),
    "a scheme": ({"serviceMonitor": {"scheme": "ftp"}}, "scheme"),
    "a source without a provider": ({"config": {"sources": [{"name": "a"}]}}, "provider"),
    "a name": ({"existingSecret": "My Secret"}, "existingSecret"),
    "a port": ({"service": {"port": 123456}}, "port"),
    "a size": ({"state": {"size": "1 GB"}}, "size"),
    "a flag without dashes": ({"extraArgs": ["shard"]}, "extraArgs"),
}


def run_helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(HELM), *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def render(values: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Return what the chart makes of the values."""
    (folder / "values.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    done = run_helm("template", "backup-exporter", CHART, "-n", "backup-exporter", KUBE, "-f", folder / "values.yaml")
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def pod_of(objects: list[dict[str, Any]]) -> dict[str, Any]:
    workload = next(each for each in objects if each["kind"] in {"StatefulSet", "Deployment"})
    pod: dict[str, Any] = workload["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("name", GOOD)
def test_the_schema_accepts_the_values(name: str) -> None:
    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))

    jsonschema.Draft7Validator(schema).validate({**defaults, **GOOD[name]})


@pytest.mark.parametrize("name", BAD)
def test_the_schema_refuses_the_values(name: str) -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))

    assert list(jsonschema.Draft7Validator(schema).iter_errors(BAD[name][0]))


@NEEDS_HELM
def test_helm_finds_nothing_to_say(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(EVERYTHING), encoding="utf-8")
    linted = run_helm("lint", "--strict", CHART, KUBE, "-f", tmp_path / "values.yaml")
    assert linted.returncode == 0, linted.stdout + linted.stderr
    packed = run_helm("package", CHART, "--destination", tmp_path)
    assert packed.returncode == 0, packed.stderr
    assert list(tmp_path.glob("backup-exporter-*.tgz"))


@NEEDS_HELM
@pytest.mark.parametrize("name", GOOD)
def test_kubernetes_knows_every_field(name: str, tmp_path: Path) -> None:
    for each in render(GOOD[name], tmp_path):
        if each["kind"] not in CUSTOM:
            for version in ("1.28", kubernetes_validate.latest_version()):
                kubernetes_validate.validate(each, version, strict=True)


@NEEDS_HELM
@pytest.mark.parametrize("name", BAD)
def test_helm_refuses_the_values_and_names_the_key(name: str, tmp_path: Path) -> None:
    values, word = BAD[name]
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")

    done = run_helm("template", "x", CHART, KUBE, "-f", tmp_path / "values.yaml")

    assert done.returncode != 0
    assert word in done.stderr


@NEEDS_HELM
def test_the_pod_is_that_of_the_kustomize_base(tmp_path: Path) -> None:
    objects = render(
        {**EVERYTHING, "nodeSelector": {}, "tolerations": [], "existingSecret": "backup-exporter"}, tmp_path
    )
    ours, base = pod_of(objects), pod_of(SINGLE)
    for key in (
        "securityContext",
        "automountServiceAccountToken",
        "enableServiceLinks",
        "terminationGracePeriodSeconds",
    ):
        assert ours[key] == base[key]
    (container,), (theirs,) = ours["containers"], base["containers"]
    for key in ("ports", "resources", "securityContext", "volumeMounts", "livenessProbe", "readinessProbe"):
        assert container[key] == theirs[key]
    assert container["args"][: len(theirs["args"])] == theirs["args"]


@NEEDS_HELM
def test_what_else_overlaps_is_that_of_the_base(tmp_path: Path) -> None:
    objects = render({**EVERYTHING, "networkPolicy": {"enabled": True}}, tmp_path)
    for kind in ("NetworkPolicy", "PodDisruptionBudget", "PrometheusRule", "ServiceMonitor", "Service"):
        ours, base = one(objects, kind)["spec"], one(SINGLE, kind)["spec"]
        for key in ("selector", "podSelector"):
            ours.pop(key, None)
            base = {name: value for name, value in base.items() if name != key}
        assert ours == base, kind
    boards = [each for each in objects if each["kind"] == "ConfigMap" and "-dashboard-" in each["metadata"]["name"]]
    assert {name for each in boards for name in each["data"]} == {"overview.json", "resource.json", "exporter.json"}


@NEEDS_HELM
def test_the_job_has_the_name_that_the_rules_select(tmp_path: Path) -> None:
    """Whatever `nameOverride` makes of the label that the job's name is taken from."""
    objects = render(GOOD["another name"], tmp_path)
    monitor, service = one(objects, "ServiceMonitor")["spec"], one(objects, "Service")
    (endpoint,) = monitor["endpoints"]

    assert service["metadata"]["labels"][monitor["jobLabel"]] == "backups"
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": "backup-exporter"}]


@NEEDS_HELM
def test_prometheus_is_given_what_the_web_configuration_asks_for(tmp_path: Path) -> None:
    (endpoint,) = one(render(GOOD["a password"], tmp_path), "ServiceMonitor")["spec"]["endpoints"]
    (plain,) = one(render(EVERYTHING, tmp_path), "ServiceMonitor")["spec"]["endpoints"]

    assert {key: endpoint[key] for key in SCRAPED_BY} == SCRAPED_BY
    assert endpoint["scheme"] == "https"
    assert not {"scheme", "relabelings", *SCRAPED_BY} & plain.keys()


def test_the_readmes_values_are_accepted() -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", (CHART / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))

    assert len(blocks) == 2
    for block in blocks:
        jsonschema.Draft7Validator(schema).validate(yaml.safe_load(block))


@NEEDS_HELM
def test_shards_are_counted_from_the_value(tmp_path: Path) -> None:
    (container,) = pod_of(render({"shards": 5}, tmp_path))["containers"]
    assert "--shard=$(SHARD)/5" in container["args"]
    (container,) = pod_of(render({}, tmp_path))["containers"]
    assert not any(flag.startswith("--shard") for flag in container["args"])


@NEEDS_HELM
def test_the_state_file_lies_on_the_volume_or_nowhere(tmp_path: Path) -> None:
    for values, path in (({}, "/var/lib/backup-exporter/state.json"), ({"workload": "Deployment"}, "none")):
        config = next(each for each in render(values, tmp_path) if each["kind"] == "ConfigMap")
        assert yaml.safe_load(config["data"]["config.yaml"])["state_file"] == path
