"""Scholarly: the seed's OpenAPI document; links, meta, institutions and the limit by the reference."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.demo.schema import Documented, Endpoint, Reply, flag, ids, instant, like, refusals, text, uuid, whole, word

JSON_API = "application/vnd.api+json"
LINK = like(r"(https?://[^/]+)?/api/v1/.+")
PAGE_OF = {"links": {"self": LINK, "first": LINK, "last": LINK, "next": (LINK, None), "prev": (LINK, None)},
           "meta": {"page": {"size": whole}, "total": whole}}  # fmt: skip
ATTRIBUTES = {
    "created_at": instant,
    "updated_at": instant,
    "progress": ({"percentage": whole, "completed_tables": whole, "total_tables": whole, "message": text}, None),
}
OF_COMPLETED = {
    "status": "completed",
    "file_size": (whole, None),
    "download_url": (like("https?://.+"), None),
    "download_checksum_md5": (like("[0-9a-f]{32}"), None),
}
OF_OTHERS = {
    "status": word("pending", "processing", "failed"),
    **dict.fromkeys(("file_size", "download_url", "download_checksum_md5")),
}
BACKUP = {
    "id": uuid,
    "type": "backup",
    "attributes": ({**ATTRIBUTES, **OF_COMPLETED}, {**ATTRIBUTES, **OF_OTHERS}),
    "relationships?": {},
    "meta?": {"requester_name?": (text, None)},
}
INSTITUTION = {
    "id": uuid,
    "type": "institution",
    "attributes": {"name": text, "demo": flag, "created_at": instant, "updated_at": instant},
    "relationships": {},
    "links": {"self": LINK},
    "meta": {"profiles_count": whole, "departments_count": whole, "ranks_count": whole},
}


def _next_link(body: Any, _headers: Mapping[str, str]) -> Mapping[str, str] | None:
    target = body.get("links", {}).get("next")
    return dict(parse_qsl(urlsplit(target).query)) if target else None


DOCUMENTED = Documented(
    endpoints=(
        Endpoint(path="/api/v1/institutions", reply=Reply(body={"data": [INSTITUTION], **PAGE_OF}, media=JSON_API)),
        Endpoint(
            path="/api/v1/backups",
            query={"sort": "-created_at", "page[size]": "50"},
            reply=Reply(body={"data": [BACKUP], **PAGE_OF}, media=JSON_API),
            gives={"backup": ids("data")},
        ),
        Endpoint(path="/api/v1/backups/{backup}", reply=Reply(body={"data": BACKUP}, media=JSON_API)),
    ),
    refusals=refusals(
        lambda status: {"errors": [{"status": str(status), "title": text, "detail?": text}]},
        *(400, 401, 403, 404, 405, 429),
        media=JSON_API,
    ),
    onward=_next_link,
    staged=frozenset({("/api/v1/institutions", 403)}),
)
