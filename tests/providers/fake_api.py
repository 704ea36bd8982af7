"""An `Api` without a socket, as packages' tests have it too."""

from exporter.testing.fake_api import FakeApi, Reply, route_of

__all__ = ["FakeApi", "Reply", "route_of"]
