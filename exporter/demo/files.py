"""Serves simulated backups as a storage does: to whoever has the link, a part at a time, without credentials."""

from datetime import UTC, datetime

from exporter.demo.http import Request, Response

SIGNED = "%Y%m%dT%H%M%SZ"
MAX_WHOLE = 2**20
"""A larger file is served by its first byte alone."""


def signed_link(address: str, now: float) -> str:
    """Return a link to a file that lapses after an hour, and says so as Amazon's storage does."""
    return (
        f"{address}?X-Amz-Date={datetime.fromtimestamp(now, UTC):{SIGNED}}&X-Amz-Expires=3600&X-Amz-Signature=simulated"
    )


def is_signed(request: Request, now: float) -> bool:
    """Return whether a request is made by such a link that has not lapsed."""
    try:
        signed = datetime.strptime(request.query["X-Amz-Date"], SIGNED).replace(tzinfo=UTC)
    except (KeyError, ValueError):
        return False
    return now < signed.timestamp() + 3600 and request.query.get("X-Amz-Signature") == "simulated"


def file_response(request: Request, size: int) -> Response:
    """Answer a request for a file of so many bytes, all of them zero."""
    if "authorization" in request.headers or "cookie" in request.headers:
        return Response(status=400, complaint="credentials were sent to the storage")
    if request.method != "GET":
        return Response(status=403, complaint="the link is signed for GET")
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
    if request.headers.get("range") == "bytes=0-0" and size > 0:
        return Response(status=206, body=b"\0", headers={**headers, "Content-Range": f"bytes 0-0/{size}"})
    if size > MAX_WHOLE:
        return Response(status=503, complaint="a simulator does not serve a file of this size whole")
    return Response(body=bytes(size), headers=headers)


def no_file() -> Response:
    """Answer a request for a file that is not there."""
    return Response(status=404, body=b"<Error><Code>NoSuchKey</Code></Error>", headers={"Content-Type": "text/xml"})
