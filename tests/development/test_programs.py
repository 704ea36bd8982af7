"""Holds the marker `programs` to what the tests really start."""

import re
import subprocess

import pytest

from tests import programs
from tests.paths import TESTS


@pytest.mark.parametrize(
    "test",
    [
        "alerts/test_rules.py",  # names promtool
        "endtoend/test_verdict.py",  # imports stack.servers, which names Prometheus
        "endtoend/test_stack.py",  # starts `python -m stack`
        "deploy/test_kubernetes.py",  # imports a module of the tests that runs kustomize
    ],
)
def test_a_test_that_uses_the_programs_is_found(test: str) -> None:
    assert programs.uses_programs(TESTS / test)


@pytest.mark.parametrize("test", ["core/test_wire.py", "polling/test_a_day.py", "packaging/test_wheel.py"])
def test_a_test_that_uses_none_is_not_found(test: str) -> None:
    assert not programs.uses_programs(TESTS / test)


@pytest.mark.parametrize("name", programs.NAMES)
def test_the_version_of_what_is_built_is_known(name: str) -> None:
    assert re.fullmatch(r"v\d+\.\d+\.\d+", programs.find_pinned_version(name))


def test_a_program_that_a_test_hides_from_the_search_is_refused() -> None:
    hidden = "".join(["pro", "metheus"])

    with pytest.raises(AssertionError, match=r"did not find this test"):
        subprocess.run([hidden, "--version"], check=False)


def test_a_quick_test_starts_no_program_that_make_unit_does_not_install() -> None:
    with pytest.raises(AssertionError, match=r"not marked slow"):
        subprocess.run(["amtool", "--version"], check=False)
