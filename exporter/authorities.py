"""Makes the TLS context that trusts the system's certificate authorities, and those of a `ca_file`."""

import ssl
from functools import lru_cache

from exporter.files import UnreadableError

MAX_BYTES = 4 * 2**20


@lru_cache(maxsize=32)
def make_context(pem: str | None) -> ssl.SSLContext:
    """Return the context that verifies servers as Python 3.13 does by default, on every Python.

    ssl.SSLError or ValueError if `pem` holds no certificate.
    """
    context = ssl.create_default_context()
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    if pem is not None:
        context.load_verify_locations(cadata=pem)
    return context


def parse(content: bytes) -> ssl.SSLContext:
    """Return the context of a file's content, or raise UnreadableError."""
    try:
        return make_context(content.decode("ascii", "replace").replace("\ufffd", "?"))
    except (ssl.SSLError, ValueError):
        raise UnreadableError("the file holds no certificate in PEM form") from None
