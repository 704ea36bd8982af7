"""Northflank's volumes: who asks for them, and what a refusal means."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.errors import ForbiddenError, MalformedError, NotFoundError, ServerError, UnauthorizedError
from exporter.model import Resource, Scope
from exporter.providers.northflank import resources, scopes
from tests.providers.fake_api import FakeApi, Reply
from tests.vendors.northflank.answers import OPTIONS, V1


async def test_volumes_are_asked_for_only_where_they_are_wanted() -> None:
    api = FakeApi({f"{V1}?per_page=100": Reply(body={"data": {"projects": [{"id": "p", "name": "P"}]}})})

    assert await scopes(api, OPTIONS) == [Scope(id="p", name="P")]
    assert await scopes(api, replace(OPTIONS, volumes=True)) == [
        Scope(id="p", name="P"),
        Scope(id="p/volumes", name="P/volumes", optional=True),
    ]


@pytest.mark.parametrize("data", [[{"id": "v"}], {"volumes": [{"id": "v"}]}])
async def test_volumes_are_read_in_every_form_that_is_about(data: Any) -> None:
    scope = Scope(id="p/volumes", optional=True)
    api = FakeApi({f"{V1}/p/volumes?per_page=100": Reply(body={"data": data})})

    assert await resources(api, OPTIONS, scope) == [
        Resource(id="p/volumes/v", name="v", kind="volume", path=("p", "v"))
    ]


async def test_a_project_that_is_gone_has_no_list_of_addons() -> None:
    with pytest.raises(NotFoundError):
        await resources(FakeApi({}), OPTIONS, Scope(id="p"))


@pytest.mark.parametrize("status", [404, 410])
async def test_a_project_without_a_list_of_volumes_has_none(status: int) -> None:
    api = FakeApi({f"{V1}/p/volumes?per_page=100": Reply(status=status)})

    assert await resources(api, OPTIONS, Scope(id="p/volumes", optional=True)) == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=401), UnauthorizedError),
        (Reply(status=403), ForbiddenError),
        (Reply(status=500), ServerError),
        (Reply(body="<html>"), MalformedError),
        (Reply(body={"data": {}}), MalformedError),
        (Reply(body={"data": [1]}), MalformedError),
    ],
)
async def test_volumes_that_cannot_be_read_are_left_to_the_core(reply: Reply, error: type[Exception]) -> None:
    with pytest.raises(error):
        await resources(FakeApi({f"{V1}/p/volumes?per_page=100": reply}), OPTIONS, Scope(id="p/volumes", optional=True))
