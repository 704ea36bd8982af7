"""Holds the exporter's pods in deploy/kubernetes to Kubernetes' schemas, to themselves, and to the exporter."""

import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from exporter import __version__
from exporter.commands.flags import DEFAULT_LISTEN
from exporter.config.loader import parse
from exporter.shard import Shard
from exporter.web.routes import make_application
from tests.deploy.kustomized import Object
from tests.deploy.manifests import (
    BASE,
    BOTH,
    KUBERNETES,
    SINGLE,
    args_of,
    arguments,
    configuration,
    container_of,
    mounts_of,
    one,
    pod_of,
    secret_files,
)
from tests.paths import ROOT

pytestmark = pytest.mark.integration

OLDEST, NEWEST = "1.28", kubernetes_validate.latest_version()
CUSTOM = {"ServiceMonitor", "PrometheusRule"}
PORT = int(DEFAULT_LISTEN.removeprefix(":"))


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@BOTH
def test_kubernetes_knows_every_field(objects: list[Object], version: str) -> None:
    example = yaml.safe_load((KUBERNETES / "secret.example.yaml").read_text())

    for each in [*objects, example]:
        if each["kind"] not in CUSTOM:
            kubernetes_validate.validate(each, version, strict=True)


def test_an_unknown_field_would_be_seen() -> None:
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**BASE[0], "sepc": {}}, NEWEST, strict=True)


@BOTH
def test_everything_promised_is_there(objects: list[Object]) -> None:
    assert sorted(each["kind"] for each in objects if each["kind"] != "ConfigMap") == [
        "Namespace",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "PrometheusRule",
        "Service",
        "ServiceAccount",
        "ServiceMonitor",
        "StatefulSet",
    ]
    assert {each["metadata"].get("namespace", each["metadata"]["name"]) for each in objects} == {"backup-exporter"}


def test_every_shard_is_run_once() -> None:
    count = one(BASE, "StatefulSet")["spec"]["replicas"]

    assert count > 1
    assert [arguments(BASE, ordinal).shard for ordinal in range(count)] == [Shard(n, count) for n in range(count)]
    assert container_of(BASE)["env"][0]["valueFrom"] == {
        "fieldRef": {"fieldPath": "metadata.labels['apps.kubernetes.io/pod-index']"}
    }


def test_a_single_replica_watches_everything() -> None:
    assert one(SINGLE, "StatefulSet")["spec"]["replicas"] == 1
    assert arguments(SINGLE, 0).shard is None
    assert "env" not in container_of(SINGLE)
    assert set(args_of(BASE)) - set(args_of(SINGLE)) == {"--shard=$(SHARD)/$(SHARDS)"}


def test_image_is_pinned_to_this_version() -> None:
    assert container_of(BASE)["image"] == f"backup-exporter:{__version__}"


@BOTH
def test_every_mount_is_used(objects: list[Object]) -> None:
    mounts, pod = mounts_of(objects), pod_of(objects)
    (claim,) = one(objects, "StatefulSet")["spec"]["volumeClaimTemplates"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    config = next(each["metadata"]["name"] for each in objects if "config.yaml" in each.get("data", {}))
    text = configuration(objects)
    settings = yaml.safe_load(text)
    secrets = {Path(value) for source in settings["sources"] for key, value in source.items() if key.endswith("_file")}

    assert set(mounts) == {*volumes, claim["metadata"]["name"]} == {"config", "secrets", "state"}
    assert volumes["config"]["configMap"]["name"] == config
    assert volumes["secrets"]["secret"]["secretName"] == "backup-exporter"
    assert arguments(objects, 0).config_file == Path(mounts["config"], "config.yaml")
    assert Path(settings["state_file"]).parent == Path(mounts["state"])
    assert {path.parent for path in secrets} == {Path(mounts["secrets"])}
    assert {path.name for path in secrets} == secret_files()


def test_the_exporter_accepts_the_configuration(tmp_path: Path) -> None:
    for name in secret_files():
        (tmp_path / name).write_text("secret\n")
    text = configuration(BASE).replace(mounts_of(BASE)["secrets"], str(tmp_path))
    text = text.replace(mounts_of(BASE)["state"], str(tmp_path))

    assert parse(text, {}, tmp_path).warnings == ()


@BOTH
def test_ports_are_the_same_everywhere(objects: list[Object]) -> None:
    (port,) = container_of(objects)["ports"]
    (served,) = one(objects, "Service")["spec"]["ports"]
    (let_in,) = one(objects, "NetworkPolicy")["spec"]["ingress"]
    (scraped,) = one(objects, "ServiceMonitor")["spec"]["endpoints"]
    probes = [container_of(objects)[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]

    assert port["containerPort"] == served["port"] == PORT
    assert {served["targetPort"], served["name"], scraped["port"]} == {port["name"]}
    assert {probe["port"] for probe in probes} == {port["name"]}
    assert let_in["ports"] == [{"protocol": "TCP", "port": port["name"]}]


def test_probes_ask_for_pages_that_there_are() -> None:
    served = {resource.canonical for resource in make_application(object(), "/metrics").router.resources()}  # type: ignore[arg-type]
    asked = [container_of(BASE)[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")]

    assert asked == ["/-/healthy", "/-/healthy", "/-/ready"]
    assert set(asked) <= served


@BOTH
def test_the_pod_has_no_rights(objects: list[Object]) -> None:
    pod, container, account = pod_of(objects), container_of(objects), one(objects, "ServiceAccount")
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert user is not None
    assert (
        pod["securityContext"].items()
        >= {
            "runAsNonRoot": True,
            "runAsUser": int(user[1]),
            "runAsGroup": int(user[2]),
            "fsGroup": int(user[2]),
            "seccompProfile": {"type": "RuntimeDefault"},
        }.items()
    )
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "privileged": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["serviceAccountName"] == account["metadata"]["name"]
    assert pod["automountServiceAccountToken"] is account["automountServiceAccountToken"] is False
    assert container["resources"].keys() == {"requests", "limits"}
    assert {mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")} == {"state"}


@BOTH
def test_selectors_find_the_pods(objects: list[Object]) -> None:
    workload, service = one(objects, "StatefulSet")["spec"], one(objects, "Service")
    labels = workload["template"]["metadata"]["labels"]
    (spread,) = pod_of(objects)["topologySpreadConstraints"]

    assert workload["selector"] == spread["labelSelector"] == {"matchLabels": labels}
    assert one(objects, "PodDisruptionBudget")["spec"]["selector"] == {"matchLabels": labels}
    assert one(objects, "NetworkPolicy")["spec"]["podSelector"] == {"matchLabels": labels}
    assert service["spec"]["selector"] == labels
    assert workload["serviceName"] == service["metadata"]["name"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True


def test_nothing_goes_out_but_names_and_https() -> None:
    policy = one(BASE, "NetworkPolicy")["spec"]

    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert [{port["port"] for port in rule["ports"]} for rule in policy["egress"]] == [{53}, {443}]
    assert all(rule["to"] for rule in policy["egress"])
    assert [sorted(peer) for rule in policy["ingress"] for peer in rule["from"]] == [
        ["namespaceSelector", "podSelector"]
    ]
