"""What a provider's own tests inherit: a contract as a class of tests, and an API of recorded answers.

    from exporter.testing import ProviderContract, Reply


    class TestAcme(ProviderContract):
        provider = PROVIDER
        options = Options(token=Secret("planted"))
        routes = {"GET api.acme.example/v1/databases": Reply(body={"databases": []})}
        ...

The tests are asynchronous: pytest needs pytest-asyncio, with `asyncio_mode = "auto"`.
"""

from exporter.testing.contract import ProviderContract, map_pages
from exporter.testing.fake_api import FakeApi, Reply, route_of

__all__ = ["FakeApi", "ProviderContract", "Reply", "map_pages", "route_of"]
