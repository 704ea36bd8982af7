"""The words about sizes, each on both sides of its threshold to the byte."""

from dataclasses import replace

import pytest

from exporter.provider import DELTA_KINDS
from exporter.settings import Override, Thresholds
from exporter.state.resource import ResourceStatus
from exporter.state.resource_verdict import judge
from tests.polling.stub_provider import STUB, source
from tests.state.cases import NOW, OFF_LIMITS, UP, find_problems, status

MIB = 1048576
USUAL = 8 * MIB
MORE_DELTAS = replace(OFF_LIMITS, delta_kinds=DELTA_KINDS | {"incremental_external"})
"""A policy of a vendor that has another kind that holds differences."""


@pytest.mark.parametrize(
    ("kind", "size", "typical", "expected"),
    [
        pytest.param("dump", 4194303, USUAL, {"size_dropped dump"}, id="a byte below half"),
        pytest.param("dump", 4194304, USUAL, set(), id="exactly half"),
        pytest.param("dump", 100, 1000000, set(), id="under the floor of 1 MiB"),
        pytest.param("dump", 1, MIB + 1, set(), id="exactly 1 MiB less"),
        pytest.param("dump", 1, MIB + 2, {"size_dropped dump"}, id="a byte over 1 MiB less"),
        pytest.param("incremental", 1, 80 * MIB, set(), id="incremental"),
        pytest.param("incremental_external", 1, 80 * MIB, set(), id="incremental in the customer's bucket"),
        pytest.param("snapshot", 1, 80 * MIB, set(), id="snapshot"),
        pytest.param("full_external", 1, 80 * MIB, {"size_dropped full_external"}, id="full in the customer's bucket"),
        pytest.param("dump", 5, None, set(), id="nothing typical"),
        pytest.param("dump", 0, USUAL, {"empty dump"}, id="empty is another word"),
        pytest.param("dump", 0, None, {"empty dump"}, id="empty, and nothing typical"),
        pytest.param("dump", 1, 8, set(), id="a byte is not empty"),
        pytest.param("dump", 1, USUAL, {"size_dropped dump"}, id="a byte of 8 MiB is not empty either"),
        pytest.param("", 0, None, {"empty"}, id="empty, of a vendor without kinds"),
        pytest.param("", MIB, USUAL, {"size_dropped"}, id="of a vendor without kinds"),
        pytest.param("incremental", 0, 8, set(), id="an empty incremental"),
        pytest.param("incremental_external", 0, 8, set(), id="an empty incremental in the customer's bucket"),
        pytest.param("snapshot", 0, 8, set(), id="an empty snapshot"),
        pytest.param("dump", 25165825, USUAL, {"size_grew dump info"}, id="a byte over three times"),
        pytest.param("dump", 25165824, USUAL, set(), id="exactly three times"),
        pytest.param("dump", 10 * MIB, MIB, set(), id="under the floor of 10 MiB"),
        pytest.param("dump", 11 * MIB, MIB, set(), id="exactly 10 MiB more"),
        pytest.param("dump", 11 * MIB + 1, MIB, {"size_grew dump info"}, id="a byte over 10 MiB more"),
        pytest.param("incremental", 80 * MIB, 1, set(), id="an incremental that is large"),
        pytest.param("snapshot", 80 * MIB, 1, set(), id="a snapshot that is large"),
    ],
)
def test_sizes(kind: str, size: float, typical: float | None, expected: set[str]) -> None:
    usual = {} if typical is None else {kind: float(typical)}
    resource = status(last_success=60, last_size={kind: float(size)}, typical_size=usual)

    assert find_problems(resource, MORE_DELTAS) == expected
    assert find_problems(resource, replace(MORE_DELTAS, paused=True)) == set()
    assert find_problems(replace(resource, up=False), MORE_DELTAS) == expected  # as it was read last


def test_kinds_are_judged_apart() -> None:
    resource = status(
        last_success=60,
        last_size={"full": 1.0, "dump": 99.0 * MIB, "manual": 0.0},
        typical_size={"full": 8.0 * MIB, "dump": 8.0 * MIB, "manual": 8.0 * MIB},
    )

    assert find_problems(resource) == {"size_dropped full", "size_grew dump info", "empty manual"}


def test_a_vendor_says_which_kinds_hold_differences() -> None:
    provider = replace(STUB, delta_kinds=frozenset(("differential",)))
    policy = replace(source(overrides=(Override(pattern="*", max_age=1e9),)), provider=provider).policy("r", "r")

    def with_kind(kind: str) -> ResourceStatus:
        return status(last_success=60, last_size={kind: 1.0}, typical_size={kind: 8.0 * MIB})

    assert find_problems(with_kind("differential"), policy) == set()
    assert find_problems(with_kind("incremental"), policy) == {"size_dropped incremental"}
    assert find_problems(with_kind("differential"), OFF_LIMITS) == {"size_dropped differential"}


def test_thresholds_of_sizes() -> None:
    policy = replace(OFF_LIMITS, thresholds=Thresholds(size_drop=0.25, size_growth=10))

    def with_sizes(size: float) -> ResourceStatus:
        return status(last_success=60, last_size={"": size}, typical_size={"": 8.0 * MIB})

    assert find_problems(with_sizes(2.0 * MIB), policy) == set()
    assert find_problems(with_sizes(2.0 * MIB - 1), policy) == {"size_dropped"}
    assert find_problems(with_sizes(80.0 * MIB), policy) == set()
    assert find_problems(with_sizes(80.0 * MIB + 1), policy) == {"size_grew info"}


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param(7 * MIB, set(), id="exactly 1 MiB less"),
        pytest.param(7 * MIB - 1, {"size_dropped"}, id="a byte over 1 MiB less"),
        pytest.param(18 * MIB, set(), id="exactly 10 MiB more"),
        pytest.param(18 * MIB + 1, {"size_grew info"}, id="a byte over 10 MiB more"),
    ],
)
def test_the_floors_hold_whatever_the_thresholds(size: int, expected: set[str]) -> None:
    policy = replace(OFF_LIMITS, thresholds=Thresholds(size_drop=0.9, size_growth=1.5))

    assert find_problems(status(last_size={"": float(size)}, typical_size={"": float(USUAL)}), policy) == expected


def test_texts_of_sizes() -> None:
    resource = status(last_success=60, last_size={"dump": 1.2e9, "": 0.0}, typical_size={"dump": 5.6e9})

    assert [one.text for one in judge(resource, OFF_LIMITS, NOW, source=UP).problems] == [
        "The newest completed dump backup has 1.2 GB; usually 5.6 GB.",
        "The newest completed backup has 0 bytes.",
    ]
