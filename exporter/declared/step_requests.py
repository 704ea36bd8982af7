"""Makes requests of a step: its URL, headers and credential, and the walk over its pages."""

from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from exporter import wire
from exporter.declared.conversions import to_number, to_text
from exporter.declared.evaluation import evaluate
from exporter.declared.expressions import Expression, find_chain, is_true
from exporter.declared.grammar import (
    ApiKeyOf,
    AuthOf,
    BasicOf,
    BearerOf,
    ClientCredentials,
    Cursor,
    Declaration,
    HeaderLink,
    JsonLink,
    Offset,
    PageNumber,
    PathTemplate,
    Step,
    Templates,
    TokenExchangeOf,
)
from exporter.declared.templates import Template, Values, escape, resolve
from exporter.errors import MalformedError
from exporter.provider import Answer, Api, ApiKey, Auth, BasicAuth, BearerAuth, Parts, Token, TokenExchange
from exporter.schedule import HOUR
from exporter.secret import Secret

IN_HOST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.:[]_")
"""What a placeholder may put into the address of an API."""

Queries = dict[str, str]
"""Names and values, both encoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBuilder:
    """One declaration with one source's options."""

    declaration: Declaration
    options: Any

    def values(self, known: Mapping[str, str]) -> dict[str, str | Secret]:
        """Return every placeholder's value: the options, and what is `known` of scope and resource."""
        own = {f"options.{option.name}": getattr(self.options, option.name) for option in self.declaration.options}
        return {**own, **known}

    def base(self, host: str) -> str:
        """Return a base URL without a slash at its end."""
        key = f"{host}_url" if host else "base_url"
        if given := getattr(self.options, key):
            return str(given).rstrip("/")
        template = dict(self.declaration.hosts)[host]
        return _fill_host(template, self.values({})).rstrip("/")

    def url(self, path: PathTemplate, values: Values, params: Mapping[str, str] = {}) -> str:
        """Return a whole URL; `params` are encoded already and replace what the path says."""
        own = [(escape(name), value.in_query(values)) for name, value in path.query]
        query = [*((name, value) for name, value in own if name not in params), *params.items()]
        pairs = "&".join(f"{name}={value}" for name, value in query)
        return f"{self.base(path.host)}{path.path.in_path(values)}" + (f"?{pairs}" if pairs else "")

    def auth(self, auth: AuthOf | None, values: Values) -> Auth | None:
        """Return the credential that a declared `auth` means."""
        match auth:
            case BearerOf(token=name):
                return BearerAuth(self._secret(name))
            case BasicOf(username=user, password=name):
                return BasicAuth(user="" if user is None else getattr(self.options, user), password=self._secret(name))
            case ApiKeyOf(name=name, location=location, template=template):
                return ApiKey(name=name, location=location, parts=template.fill(values))
            case ClientCredentials():
                return self._client_credentials(auth, values)
            case TokenExchangeOf():
                return self._exchange(auth, values)
        return None

    def _secret(self, name: str) -> Secret:
        found: Secret = getattr(self.options, name)
        return found

    def _client_credentials(self, auth: ClientCredentials, values: Values) -> TokenExchange:
        client_id, secret = getattr(self.options, auth.client_id), self._secret(auth.client_secret)
        form: dict[str, Parts | Secret | str] = {"grant_type": "client_credentials"}
        if auth.scope:
            form["scope"] = auth.scope
        if auth.in_body:
            form |= {"client_id": client_id, "client_secret": secret}
        return TokenExchange(
            url=self.url(auth.url, values),
            read=_read_access_token,
            auth=None if auth.in_body else BasicAuth(user=client_id, password=secret),
            form=form,
            lifetime=HOUR,
            source_wide=_is_source_wide(auth),
        )

    def _exchange(self, auth: TokenExchangeOf, values: Values) -> TokenExchange:
        def fill(pairs: Templates | None) -> dict[str, Parts | Secret | str] | None:
            return None if pairs is None else {name: found.fill(values) for name, found in pairs}

        form = fill(auth.form)
        return TokenExchange(
            url=self.url(auth.url, values),
            read=lambda body: Token(wire.usable_token(auth.token.search(body)), None),
            auth=self.auth(auth.auth, values),
            form=form,
            json=(fill(auth.json) or {}) if form is None else None,
            lifetime=auth.lifetime,
            source_wide=_is_source_wide(auth),
            part=auth.token.text,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One walk over the pages of a step; it keeps nothing afterwards."""

    api: Api
    builder: RequestBuilder
    step: Step
    known: Mapping[str, str]
    """Values of scope and resource, by placeholder."""
    choice: int = 0
    """Which of the step's paths is asked for."""
    answered: dict[Hashable, Answer] = field(default_factory=dict)
    """Answers to `one`, of earlier steps too; the same is not requested twice."""
    values: Values = field(init=False)
    """Every placeholder's value."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", self.builder.values(self.known))

    async def one(self) -> Answer:
        """Ask for one page."""
        url = self._url({})
        answer = await self._get(url)
        self.answered[url, *self._headers().items()] = answer
        return answer

    async def pages(self, count: Callable[[Any], int]) -> AsyncIterator[tuple[Answer, bool]]:
        """Yield each answer, and whether it is known to be the last; `count` counts the records of a body."""
        match self.step.paginator:
            case HeaderLink():
                walk = self._links(lambda answer: answer.links.get("next"))
            case JsonLink(next_url=expression):
                walk = self._links(lambda answer: expression.search(answer.body))
            case Cursor():
                walk = self._cursors(self.step.paginator)
            case PageNumber():
                walk = self._numbers(self.step.paginator, count)
            case Offset():
                walk = self._offsets(self.step.paginator, count)
            case _:
                yield await self.one(), True
                return
        async for answer, last in walk:
            yield answer, last

    async def _get(self, url: str) -> Answer:
        headers = self._headers()
        if (answer := self.answered.get((url, *headers.items()))) is not None:
            return answer
        return await self.api.get(url, auth=self.builder.auth(self.step.auth, self.values), headers=headers)

    def _headers(self) -> dict[str, str]:
        return {name: _fill_header(found, self.values) for name, found in self.step.headers}

    def _url(self, own: Mapping[str, str]) -> str:
        if self.choice < 0:
            raise MalformedError(f"{self.step.name}.path: no `when` holds for this resource")
        params = {escape(name): found.in_query(self.values) for name, found in self.step.params}
        own = {escape(name): escape(value) for name, value in own.items()}
        return self.builder.url(self.step.paths[self.choice].template, self.values, {**params, **own})

    async def _links(self, find: Callable[[Answer], Any]) -> AsyncIterator[tuple[Answer, bool]]:
        url = self._url({})
        while True:
            answer = await self._get(url)
            target = await evaluate(answer, find, answer)
            following = self.api.link(answer, target)
            if following is None and target not in (None, "", False):
                raise MalformedError(f"{self.step.name}.paginator: the link to the next page is not a text")
            yield answer, following is None
            if following is None:
                return
            url = following

    async def _cursors(self, paginator: Cursor) -> AsyncIterator[tuple[Answer, bool]]:
        own, number = Queries(), 1
        while True:
            answer = await self._get(self._url(own))
            further = await evaluate(answer, self._next_cursor, paginator, answer.body, number + 1)
            yield answer, further is None
            if further is None:
                return
            own, number = further, number + 1

    def _next_cursor(self, paginator: Cursor, body: Any, number: int) -> Queries | None:
        """Return the parameters of the next request, or None at the end."""
        more = None if paginator.has_more is None else paginator.has_more.search(body)
        if more is not None and not is_true(more):
            return None
        found = paginator.cursor.search(body)
        if found not in (None, "", False):
            cursor = to_text(found)
            if cursor is None:
                raise MalformedError(f"{paginator.cursor.path}: the cursor is neither a text nor a number")
            return {paginator.cursor_param: cursor}
        if more is None:
            return None
        if paginator.page_param is None:
            raise MalformedError(f"{paginator.cursor.path}: there is more, but no cursor")
        return {paginator.page_param: str(number)}

    async def _numbers(self, paginator: PageNumber, count: Callable[[Any], int]) -> AsyncIterator[tuple[Answer, bool]]:
        number, seen = paginator.base_page, 0
        while True:
            answer = await self._get(self._url({paginator.page_param: str(number)}))
            found = await evaluate(answer, count, answer.body)
            seen += found
            number += 1
            pages = await evaluate(answer, _read_total, paginator.total_pages, answer.body)
            records = await evaluate(answer, _read_total, paginator.total_records, answer.body)
            last = self._is_last(found, seen, records) if pages is None else number - paginator.base_page >= pages
            yield answer, last
            if last:
                return

    async def _offsets(self, paginator: Offset, count: Callable[[Any], int]) -> AsyncIterator[tuple[Answer, bool]]:
        seen = 0
        while True:
            own = {paginator.offset_param: str(seen), paginator.limit_param: str(paginator.limit)}
            answer = await self._get(self._url(own))
            found = await evaluate(answer, count, answer.body)
            seen += found
            total = await evaluate(answer, _read_total, paginator.total_records, answer.body)
            last = self._is_last(found, seen, total)
            yield answer, last
            if last:
                return

    def _is_last(self, found: int, seen: int, total: float | None) -> bool:
        """Return whether all are read; an end before the total that the vendor names is malformed."""
        if total is None:
            return found == 0
        if found == 0 and seen < total:
            raise MalformedError(f"{self.step.name}.paginator: an empty page after {seen} records of {total:.0f}")
        return seen >= total


def make_counter(records: Expression | None) -> Callable[[Any], int]:
    """Return what counts the records of a page: in the list itself, before an expression filters it."""
    return _make_record_counter(records, "" if records is None else records.path)


@lru_cache(maxsize=1024)
def _make_record_counter(records: Expression | None, path: str) -> Callable[[Any], int]:
    del path  # equal expressions of different places name their own in what they raise
    node: Any = {"type": "current", "children": []} if records is None else records.tree
    while node["type"] in ("filter_projection", "projection", "pipe", "flatten", "index_expression"):
        node = node["children"][0]
    chain = find_chain(node)

    def count(body: Any) -> int:
        found = body
        if chain is not None:
            for name in chain:
                found = found.get(name) if isinstance(found, dict) else None
        else:
            found = None if records is None else records.search(body)
        return len(found) if isinstance(found, list) else 0

    return count


def _read_total(expression: Expression | None, body: Any) -> float | None:
    return None if expression is None else to_number(expression.search(body))


def _fill_header(template: Template, values: Values) -> str:
    found = template.plain(values)
    if not found.isprintable() or not found.isascii():
        raise MalformedError("a header would contain an invalid character")
    return found


def _fill_host(template: Template, values: Values) -> str:
    parts = []
    for part in template.parts:
        value = part if isinstance(part, str) else resolve(part, values)
        if not isinstance(part, str) and not IN_HOST.issuperset(value):
            raise MalformedError(f"{{{part}}} cannot be used in the URL of an API")
        parts.append(value)
    return "".join(parts)


def _is_source_wide(auth: AuthOf | None) -> bool:
    """Return whether a token serves the whole source: its requests use options only."""
    if not isinstance(auth, ClientCredentials | TokenExchangeOf):
        return True
    pairs = [*auth.url.query]
    if isinstance(auth, TokenExchangeOf):
        if not _is_source_wide(auth.auth):
            return False
        pairs += [*(auth.json or ()), *(auth.form or ())]
    templates = (auth.url.path, *(found for _, found in pairs))
    return all(reference.root == "options" for template in templates for reference in template.references)


def _read_access_token(body: Any) -> Token:
    """Take the token of an OAuth answer: https://www.rfc-editor.org/rfc/rfc6749#section-5.1."""
    found = body if isinstance(body, dict) else {}
    return Token(wire.usable_token(found.get("access_token")), to_number(found.get("expires_in")) or None)
