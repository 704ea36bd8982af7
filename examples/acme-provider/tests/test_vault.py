"""The contract of providers, kept by Acme Vault."""

from acme_provider.vault import PROVIDER, Options

from exporter.model import Backup, Details, Resource, Status
from exporter.secret import Secret
from exporter.state.listing import Page
from exporter.testing import ProviderContract, Reply

DONE = Backup(id="s1", status=Status.COMPLETED, started=1_795_136_400.0, size=1024.0, kind="daily")
FAILED = Backup(id="s2", status=Status.FAILED, started=1_795_222_800.0, kind="manual")


class TestVault(ProviderContract):
    provider = PROVIDER
    options = Options(token=Secret("planted"))
    routes = {
        "GET vault.acme.example/v1/vault": Reply(body={"id": "v", "name": "Main"}),
        "GET vault.acme.example/v1/vaults/v/snapshots/daily": Reply(
            body={"snapshots": [{"id": "s1", "state": "done", "at": "2026-11-20T01:00:00Z", "bytes": 1024}]}
        ),
        "GET vault.acme.example/v1/vaults/v/snapshots/manual": Reply(
            body={"snapshots": [{"id": "s2", "state": "error", "at": "2026-11-21T01:00:00Z"}]}
        ),
    }
    resources = (Resource(id="v", name="Main", kind="vault"),)
    details = {"v": Details()}
    pages = {"v": (Page(backups=(DONE,)), Page(backups=(FAILED,)))}
