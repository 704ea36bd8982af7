"""What `try --record` writes is a test that the declaration passes, whatever the vendor and its pages are like."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from exporter.client.client import Request, Response
from exporter.config import document
from exporter.config.location import Report
from exporter.declared.grammar import Declaration
from exporter.declared.parsing import read_declaration
from exporter.declared.provider import make_provider
from exporter.declared.step_requests import RequestBuilder
from exporter.declared.vendors import list_catalog, read_catalog
from exporter.provider import RateLimit
from exporter.secret import Secret
from exporter.settings import Source
from exporter.trial.checks import check_declaration
from exporter.trial.fixture import write_fixture
from exporter.trial.live import try_once
from exporter.trial.offline import OfflineTransport, _make_options, _parse_answer
from exporter.trial.virtual_time import run_at_once
from tests.paths import ROOT

CATALOG = ROOT / "exporter" / "declared" / "catalog"
PLENTY = RateLimit(requests=10_000, per=1.0)
MANY = """
declaration: 1
name: acme
options: {token: {secret: true}}
base_url: https://api.acme.example
auth: {type: bearer, token: token}
resources: {path: /v1/kinds, records: kinds, id: id, paginator: PAGINATOR}
backups:
  path: "/v1/kinds/{resource.id}/backups"
  records: items
  id: id
  started: at
  status: {expr: state, map: {completed: ok, failed: bad}}
"""


def declared(text: str) -> Declaration:
    report = Report()
    found = read_declaration(document.read(text, None, report), report)
    assert found is not None, report.problems
    return found


class Exchanging:
    """Answers as a declaration's test says, and gives a token to who asks for one."""

    def __init__(self, offline: OfflineTransport) -> None:
        self.offline = offline

    async def send(self, request: Request) -> Response:
        if request.method == "POST":
            return Response(status=200, headers={}, body=b'{"access_token": "planted", "token": "planted"}')
        return await self.offline.send(request)

    async def aclose(self) -> None:
        await self.offline.aclose()


@pytest.mark.parametrize("name", list_catalog())
def test_what_is_recorded_of_a_vendor_of_the_catalog_passes(name: str) -> None:
    """Also where two steps read the same answer."""
    declaration = read_catalog(name)
    test, provider = declaration.tests[0], make_provider(declaration)
    options = provider.options(**_make_options(declaration, test))
    source = Source(name="s", provider=provider, provider_name=name, options=options, rate_limit=PLENTY)
    builder = RequestBuilder(declaration=declaration, options=options)
    bases = [(host, builder.base(host)) for host, _ in declaration.hosts]
    offline = OfflineTransport(bases=bases, answers=[_parse_answer(answer) for answer in test.answers])

    recorded = write_fixture(run_at_once(try_once(source, Exchanging(offline), "*")))

    head = (CATALOG / f"{name}.yaml").read_text(encoding="utf-8").split("\ntests:")[0]
    assert list(check_declaration(declared(f"{head}\n{recorded}")).problems) == []


class Paging:
    """Lists six resources by pages of two, in whatever way it is asked for them."""

    def __init__(self, totals: Mapping[str, int], size: int) -> None:
        self.totals, self.size = totals, size

    async def send(self, request: Request) -> Response:
        path, _, query = request.url.partition("?")
        body: dict[str, Any] = {"items": [{"id": 1, "at": "2026-11-20T01:00:00Z", "state": "ok", "kind": "k"}]}
        if not path.endswith("/backups"):
            asked = dict(pair.split("=") for pair in query.split("&"))
            start = int(asked["offset"]) if "offset" in asked else (int(asked["page"]) - 1) * self.size
            body = {"kinds": [{"id": f"kind-{n}"} for n in range(6)][start : start + self.size], **self.totals}
        return Response(status=200, headers={}, body=json.dumps(body).encode())

    async def aclose(self) -> None:
        return


@pytest.mark.parametrize("size", [2, 6])
@pytest.mark.parametrize(
    ("paginator", "totals"),
    [
        ("{type: page_number, total_records_path: total}", {"total": 6}),
        ("{type: page_number, total_pages_path: pages}", {"pages": 0}),
        ("{type: page_number}", {}),
        ("{type: offset, limit: SIZE, total_records_path: total}", {"total": 6}),
        ("{type: offset, limit: SIZE}", {}),
    ],
)
@pytest.mark.parametrize("pattern", ["*", "kind-4"])
def test_what_is_recorded_of_some_resources_passes_however_the_list_is_paged(
    paginator: str, totals: Mapping[str, int], size: int, pattern: str
) -> None:
    text = MANY.replace("PAGINATOR", paginator.replace("SIZE", str(size)))
    declaration = declared(text)
    totals = {**totals, **({"pages": 6 // size} if "pages" in totals else {})}
    provider = make_provider(declaration)
    options = provider.options(token=Secret("k"))
    source = Source(name="s", provider=provider, provider_name="acme", options=options, rate_limit=PLENTY)

    recorded = write_fixture(run_at_once(try_once(source, Paging(totals, size), pattern)))

    (test,) = yaml.safe_load(recorded)["tests"]
    assert len(test["expect"]["resources"]) == (3 if pattern == "*" else 1)
    assert list(check_declaration(declared(text + recorded)).problems) == []
