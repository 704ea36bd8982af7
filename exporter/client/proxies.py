"""Finds the proxy on the way to a vendor where the environment names one, and the configuration does not."""

from ipaddress import ip_address
from urllib.request import getproxies_environment, proxy_bypass

from yarl import URL

from exporter.errors import ConnectionFailedError


def proxy_of_environment(url: URL) -> str | None:
    """Return the proxy that `HTTPS_PROXY` or `HTTP_PROXY` names for an address, unless `NO_PROXY` names its host.

    As with Prometheus and whatever else is written in Go, this machine itself is never asked through a proxy.
    """
    host = url.host or ""
    named = getproxies_environment().get(url.scheme)
    if not named or _is_this_machine(host) or proxy_bypass(f"{host}:{url.port}"):
        return None
    named = named if "://" in named else f"http://{named}"
    if not named.lower().startswith(("http://", "https://")):
        raise ConnectionFailedError("the environment's proxy is neither http:// nor https://")
    return named


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
