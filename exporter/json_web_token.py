"""Reads the lifetime of a JSON Web Token."""

import json
from base64 import urlsafe_b64decode

from exporter import wire


def lifetime(token: str) -> tuple[float | None, float | None]:
    """Return the lifetime of a JSON Web Token from its issue, and when it expires; None where it has no such claim.

    The claims are `iat` and `exp` (https://www.rfc-editor.org/rfc/rfc7519#section-4.1).
    """
    payload = token.partition(".")[2].partition(".")[0]
    try:
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return None, None
    issued, expires = (wire.number(claims.get(key)) if isinstance(claims, dict) else None for key in ("iat", "exp"))
    return expires - issued if issued is not None and expires is not None and expires > issued else None, expires
