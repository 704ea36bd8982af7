"""Finds the proxy on the way to a vendor where the environment names one, and the configuration does not."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.request import getproxies_environment

from yarl import URL

from exporter.errors import ConnectionFailedError


def proxy_of_environment(url: URL) -> str | None:
    """Return the proxy that `HTTPS_PROXY` or `HTTP_PROXY` names for an address, unless `NO_PROXY` names its host.

    As with Prometheus and whatever else is written in Go, this machine itself is never asked through a proxy.
    """
    host = url.host or ""
    proxies = getproxies_environment()
    named = proxies.get(url.scheme)
    if not named or _is_this_machine(host) or is_exempt(proxies.get("no", ""), host, url.port):
        return None
    named = named if "://" in named else f"http://{named}"
    if not named.lower().startswith(("http://", "https://")):
        raise ConnectionFailedError("the environment's proxy is neither http:// nor https://")
    return named


def is_exempt(no_proxy: str, host: str, port: int | None) -> bool:
    """Return whether `NO_PROXY` names a host, as Go (golang.org/x/net/http/httpproxy) and curl read it.

    Entries are names with all their subdomains, `.name`, `*.name`, addresses, networks (`10.0.0.0/8`), each of them
    but a network maybe with a port, or `*` for all; case and spaces do not matter.
    """
    host = host.lower().rstrip(".")
    address = _address(host)
    entries = no_proxy.lower().replace(",", " ").split()
    return any(entry == "*" or _names(entry, host, address, port) for entry in entries)


def _names(entry: str, host: str, address: IPv4Address | IPv6Address | None, port: int | None) -> bool:
    if "/" in entry:
        return address is not None and _holds(entry, address)
    found = re.fullmatch(r"\[([0-9a-f:.%]+)\](?::([0-9]+))?|([^:]+)(?::([0-9]+))?|([0-9a-f:.]+)", entry)
    if found is None:
        return False
    name, wanted = found[1] or found[3] or found[5], found[2] or found[4]
    if wanted is not None and int(wanted) != port:
        return False
    if address is not None or _address(name) is not None:
        return address == _address(name)
    name = name.rstrip(".")
    if name.startswith("*."):
        return host.endswith(name[1:])
    name = name.lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _holds(entry: str, address: IPv4Address | IPv6Address) -> bool:
    try:
        return address in ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _is_this_machine(host: str) -> bool:
    address = _address(host)
    return host.lower().rstrip(".") == "localhost" if address is None else address.is_loopback
