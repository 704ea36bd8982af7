"""The promises of sharding: everything watched exactly once, and little moved when instances come or go."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from exporter.provider import RateLimit
from exporter.secret import Secret
from exporter.settings import Settings, Source
from exporter.shard import Shard, owner
from tests.polling.stub_provider import Options
from tests.polling.stub_provider import source as a_source

KEYS = [f"analytics/service-{number}" for number in range(2000)]
COUNTS = (1, 2, 3, 4, 5, 7, 8, 12, 16, 31, 32)


@cache
def owners(count: int) -> Sequence[int]:
    return [owner(key, count) for key in KEYS]


@pytest.mark.parametrize("count", COUNTS)
def test_every_resource_is_watched_exactly_once(count: int) -> None:
    shards = [Shard(index, count) for index in range(count)]

    assert all(sum(shard.owns(key) for shard in shards) == 1 for key in KEYS[::10])


@pytest.mark.parametrize("count", COUNTS)
def test_shares_are_about_even(count: int) -> None:
    shares = [owners(count).count(index) for index in range(count)]

    assert max(shares) < 1.6 * len(KEYS) / count
    assert min(shares) > 0.5 * len(KEYS) / count


@pytest.mark.parametrize("count", COUNTS)
def test_one_more_instance_moves_only_what_it_takes(count: int) -> None:
    before, after = owners(count), owners(count + 1)
    moved = [new for old, new in zip(before, after, strict=True) if old != new]

    assert set(moved) <= {count}
    assert len(moved) < 1.5 * len(KEYS) / (count + 1)


def test_owners_are_the_same_for_ever() -> None:
    """Guards the hash: a release that changed it would move everything at once."""
    assert [owner(key, 8) for key in ("a", "b", "orders", "analytics/1")] == FOR_EVER


FOR_EVER = [1, 5, 1, 5]


def of_their_own(*names: str) -> tuple[Source, ...]:
    return tuple(a_source(name, options=Options(token=Secret(f"token of {name}"))) for name in names)


def test_a_source_belongs_whole_to_one_instance() -> None:
    settings = Settings(sources=of_their_own(*(f"source-{number}" for number in range(50))))
    parts = [settings.on(Shard(index, 4)).sources for index in range(4)]

    assert sorted(source.name for share_of in parts for source in share_of) == sorted(
        one.name for one in settings.sources
    )
    assert all(parts)
    assert all(source.rate_limit == settings.sources[0].rate_limit for share_of in parts for source in share_of)


def test_sources_that_share_a_credential_stay_together(tmp_path: Path) -> None:
    """For they share a budget, which no two instances can count together."""
    (tmp_path / "token").write_text("of the file\n")
    given = tuple(a_source(f"given-{n}", options=Options(token=Secret("shared"))) for n in range(20))
    read = tuple(a_source(f"read-{n}", options=Options(token=Secret(file=tmp_path / "token"))) for n in range(20))
    settings = Settings(sources=(*given, *read, *of_their_own("other")))
    parts = [{source.name for source in settings.on(Shard(index, 8)).sources} for index in range(8)]

    assert {one.name for one in given} <= next(share_of for share_of in parts if "given-0" in share_of)
    assert {one.name for one in read} <= next(share_of for share_of in parts if "read-0" in share_of)


def test_what_the_files_of_credentials_hold_moves_no_source(tmp_path: Path) -> None:
    """An instance that restarts between two rotations would drop a source that no other takes."""
    tokens = [tmp_path / f"token-{n}" for n in range(20)]

    def place(*contents: str) -> list[list[str]]:
        for file, content in zip(tokens, contents, strict=True):
            file.write_text(content)
        sources = tuple(a_source(file.name, options=Options(token=Secret(file=file))) for file in tokens)
        return [[one.name for one in Settings(sources=sources).on(Shard(i, 4)).sources] for i in range(4)]

    same = place(*["shared"] * 20)

    assert place(*["shared"] * 10, *["rotated"] * 10) == same
    assert all(same)


def test_a_source_whose_credential_is_away_just_now_belongs_to_one_instance_all_the_same(tmp_path: Path) -> None:
    away = a_source("away", options=Options(token=Secret(file=tmp_path / "token")))
    parts = [Settings(sources=(away,)).on(Shard(index, 4)).sources for index in range(4)]

    assert sum(len(part) for part in parts) == 1


def test_a_credential_whose_file_is_away_just_now_is_known_by_its_file(tmp_path: Path) -> None:
    here, there = (a_source("away", options=Options(token=Secret(file=tmp_path / file))) for file in ("a", "b"))
    again = a_source("again", options=Options(token=Secret(file=tmp_path / "a")))

    assert here.credential == again.credential
    assert here.credential != there.credential


def test_a_source_divided_by_resource_shares_resources_and_budget() -> None:
    source: Source = replace(a_source(), shard_by="resource", rate_limit=RateLimit(requests=10, per=10.0, share=0.5))
    parts = [Settings(sources=(source,)).on(Shard(index, 3)).sources[0] for index in range(3)]

    assert all(sum(share_of.watches(key, "") for share_of in parts) == 1 for key in KEYS)
    assert sum(share_of.rate_limit.share for share_of in parts) == pytest.approx(0.5)
