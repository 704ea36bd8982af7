"""Joins the pages of a recorded list of which records were left out, so that it is read to its end as before."""

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from exporter.declared.expressions import Expression, find_chain
from exporter.declared.grammar import Offset, PageNumber, Paginator

Chain = tuple[str, ...]


def replace_at(value: Any, chain: Chain, change: Callable[[Any], Any]) -> Any:
    """Return a value in which what a chain of keys leads to is changed; what has no such keys stays."""
    if not chain:
        return change(value)
    if not isinstance(value, dict) or chain[0] not in value:
        return value
    return {**value, chain[0]: replace_at(value[chain[0]], chain[1:], change)}


def join_pages(answers: dict[str, Any], urls: Sequence[str], chain: Chain, paginator: Paginator) -> dict[str, Any]:
    """Return the answers with all records of a list on its first page, where pages are counted by records.

    The totals are set to what is there. Without totals the list ends at an empty page, which stays.
    """
    if not isinstance(paginator, PageNumber | Offset):
        return answers
    counted = {paginator.page_param} if isinstance(paginator, PageNumber) else {paginator.offset_param}
    pages = paginator.total_pages if isinstance(paginator, PageNumber) else None
    lists: dict[Any, list[str]] = {}
    for url in dict.fromkeys(urls):
        parts = urlsplit(url)
        query = frozenset(pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in counted)
        lists.setdefault((parts.path, query), []).append(url)
    ends_at_empty = pages is None and paginator.total_records is None
    for first, *others in lists.values():
        records = [record for url in (first, *others) for record in _find(answers[url], chain)]
        body = _put(_set(answers[first], pages, 1), chain, records)
        answers[first] = _set(body, paginator.total_records, len(records))
        following = [answers.pop(url) for url in others]
        if ends_at_empty and records and following:
            answers[_at(others[0], paginator, len(records))] = _put(following[0], chain, [])
    return answers


def _put(body: Any, chain: Chain, records: list[Any]) -> Any:
    return replace_at(body, chain, lambda _: records)


def _at(url: str, paginator: PageNumber | Offset, seen: int) -> str:
    """Return the address of the page that follows the first: by its number, or after so many records."""
    if isinstance(paginator, PageNumber):
        return url
    name = re.escape(quote(paginator.offset_param, safe=""))
    return re.sub(rf"([?&]{name}=)[0-9]+", rf"\g<1>{seen}", url)


def _find(value: Any, chain: Chain) -> list[Any]:
    for key in chain:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def _set(body: Any, expression: Expression | None, number: int) -> Any:
    chain = None if expression is None else find_chain(expression.tree)
    return replace_at(body, tuple(chain), lambda _: number) if chain else body
