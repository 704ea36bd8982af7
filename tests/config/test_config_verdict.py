"""The configuration of the verdict: thresholds, ignored words, metrics left out, the default state file."""

from dataclasses import replace

import pytest

from exporter.config.loader import ConfigError
from exporter.model import Details, Restore, Status
from exporter.settings import Thresholds
from exporter.state.observations import Observations
from exporter.state.resource import ResourceStatus
from tests.config.test_config import load_text, parse_yaml, source
from tests.state.cases import DAY, ago, find_problems, status

A_DURATION = "a duration above 0 with its unit, such as 90s, 5m, 26h, 7d or 1h30m"
SOURCE = "sources: [{name: one, provider: acme, token: planted}]"


def problems(*lines: str, top: str = "") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_text(*lines, top=top)
    return list(caught.value.problems)


def test_the_nearest_threshold_wins_key_by_key() -> None:
    found = source(
        "thresholds: {failures: 5, stalled: 2h}",
        "resources:",
        "  'a*': {thresholds: {stalled: 3h}}",
        "  'ab*': {thresholds: {slow: 4, failures: 1}}",
        top="thresholds: {failures: 4, size_drop: 0.25, restore_failed: 1d}",
    )
    base = Thresholds(failures=5, stalled=7200.0, size_drop=0.25, restore_failed=86400.0)

    assert found.policy("x", "x").thresholds == base
    assert found.policy("a", "a").thresholds == replace(base, stalled=10800.0)
    assert found.policy("ab", "ab").thresholds == replace(base, stalled=10800.0, slow=4.0, failures=1)


JUDGED: dict[str, tuple[ResourceStatus, ResourceStatus, set[str]]] = {
    "too_old_critical: 1.5": (
        status(last_success=1.5 * DAY), status(last_success=1.5 * DAY + 1), {"too_old critical"}
    ),
    "failures: 5": (status(failures=4), status(failures=5), {"failing_repeatedly"}),
    "stuck: 2": (
        status(running_since=7200, typical_duration={"": 3600.0}),
        status(running_since=7201, typical_duration={"": 3600.0}),
        {"stuck"},
    ),
    "stalled: 1h30m": (
        status(running_since=60, progress=1.0, observed=Observations(progress_since=ago(5399))),
        status(running_since=60, progress=1.0, observed=Observations(progress_since=ago(5400))),
        {"progress_stalled"},
    ),
    "slow: 2": (
        status(last_duration={"": 7200.0}, typical_duration={"": 3600.0}),
        status(last_duration={"": 7201.0}, typical_duration={"": 3600.0}),
        {"slow info"},
    ),
    "size_drop: 0.25": (
        status(last_size={"": 2e9}, typical_size={"": 8e9}),
        status(last_size={"": 2e9 - 1}, typical_size={"": 8e9}),
        {"size_dropped"},
    ),
    "size_growth: 1.25": (
        status(last_size={"": 1e10}, typical_size={"": 8e9}),
        status(last_size={"": 1e10 + 1}, typical_size={"": 8e9}),
        {"size_grew info"},
    ),
    "restore_failed: 12h": (
        status(details=Details(restore=Restore(started=ago(43200), status=Status.FAILED))),
        status(details=Details(restore=Restore(started=ago(43199), status=Status.FAILED))),
        {"restore_failed"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", ["top", "source", "override"])
@pytest.mark.parametrize("given", JUDGED)
def test_a_threshold_is_judged_by_wherever_it_stands(given: str, place: str) -> None:
    thresholds = f"thresholds: {{{given}}}"
    found = {
        "top": lambda: source("max_age: 1d", top=thresholds),
        "source": lambda: source("max_age: 1d", thresholds),
        "override": lambda: source("max_age: 1d", f"resources: {{'r*': {{{thresholds}}}}}"),
    }[place]()
    within, beyond, expected = JUDGED[given]

    assert find_problems(within, found.policy("r", "R")) <= {"too_old"}
    assert find_problems(beyond, found.policy("r", "R")) == expected


def test_without_thresholds_the_defaults_hold() -> None:
    assert source().policy("x", "x").thresholds == Thresholds(
        too_old_critical=2, failures=3, stuck=3, stalled=3600, slow=3, size_drop=0.5, size_growth=3,
        restore_failed=7 * 86400,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("failure: 3", "failure: unknown key; the nearest is failures"),
        ("failures: 0", "failures: must be a whole number from 1 up"),
        ("failures: 2.5", "failures: must be a whole number from 1 up"),
        ("failures: 3h", "failures: must be a whole number from 1 up"),
        ("too_old_critical: 1", "too_old_critical: must be a number above 1, such as 2.5: so many times"),
        ("too_old_critical: 26h", "too_old_critical: must be a number above 1, such as 2.5: so many times"),
        ("too_old_critical: .inf", "too_old_critical: must be a number above 1, such as 2.5: so many times"),
        ("stuck: -3", "stuck: must be a number above 0, such as 1.5: so many times"),
        ("stuck: true", "stuck: must be a number above 0, such as 1.5: so many times"),
        ("slow: 0", "slow: must be a number above 0, such as 1.5: so many times"),
        ("size_growth: 300%", "size_growth: must be a number above 0, such as 1.5: so many times"),
        ("size_drop: 50", "size_drop: must be a number above 0 and up to 1, such as 0.5"),
        ("size_drop: 0", "size_drop: must be a number above 0 and up to 1, such as 0.5"),
        ("stalled: 3600", f"stalled: must be {A_DURATION}"),
        ("stalled: -1h", f"stalled: must be {A_DURATION}"),
        ("restore_failed: 7", f"restore_failed: must be {A_DURATION}"),
    ],
)  # fmt: skip
def test_a_threshold_that_is_none_is_refused_wherever_it_stands(given: str, problem: str) -> None:
    assert problems(top=f"thresholds: {{{given}}}") == [f"thresholds.{problem}"]
    assert problems(f"thresholds: {{{given}}}") == [f"sources[0].thresholds.{problem}"]
    assert problems(f"resources: {{x: {{thresholds: {{{given}}}}}}}") == [
        f"sources[0].resources.x.thresholds.{problem}"
    ]


def test_thresholds_that_are_no_mapping_are_refused() -> None:
    assert problems(top="thresholds: 3") == ["thresholds: must be a mapping (lines of `key: value`)"]


def test_ignored_words_add_up() -> None:
    found = source(
        "ignore: [slow, data_stale]", "resources:", "  'a*': {ignore: [empty]}", "  'ab*': {ignore: [stuck]}"
    )

    assert found.policy("x", "x").ignore == {"slow", "data_stale"}
    assert found.policy("ab", "ab").ignore == {"slow", "data_stale", "empty", "stuck"}
    assert found.ignore == {"slow", "data_stale"}


@pytest.mark.parametrize(
    "word", ["too_old", "never_succeeded", "nothing_to_restore", "emptied", "credentials_rejected"]
)
def test_ignoring_what_may_be_critical_is_a_warning(word: str) -> None:
    assert (
        f"sources[0].ignore[0]: {word} can be critical; while it is ignored, no alert reports it"
        in load_text(f"ignore: [{word}]").warnings
    )
    assert not any("critical" in one for one in load_text("ignore: [slow, down, too_old_by_kind]").warnings)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("ignore: [too_olf]", "ignore[0]: unknown problem; the nearest is too_old"),
        ("ignore: [slow, BackupTooOld]", "ignore[1]: unknown problem; the nearest is"),
        ("ignore: too_old", "ignore: must be a list (lines that begin with `- `, or [one, two])"),
        ("resources: {x: {ignore: [down]}}", "resources.x.ignore[0]: unknown problem; the nearest is"),
    ],
)
def test_an_unknown_word_is_refused(lines: str, problem: str) -> None:
    (found,) = problems(lines)

    assert found.startswith(f"sources[0].{problem}")


@pytest.mark.parametrize("name", ["problem", "severity", "alertname", "alertstate"])
def test_labels_of_the_verdict_are_refused(name: str) -> None:
    assert problems(f"labels: {{{name}: x}}") == [
        f"sources[0].labels.{name}: is a label that the exporter or Prometheus sets itself; choose another name"
    ]


@pytest.mark.parametrize("name", ["pod", "node", "container", "endpoint"])
def test_labels_that_the_rules_take_away_are_a_warning(name: str) -> None:
    (warning,) = load_text(f"labels: {{{name}: x}}").warnings

    assert warning.startswith(f"sources[0].labels.{name}: the shipped rules aggregate this label away")


def test_excluded_families_by_their_globs() -> None:
    found = parse_yaml(f"metrics: {{exclude: [backup_typical_*, backup_age_seconds, process_*]}}\n{SOURCE}")

    assert {name for name in found.settings.excluded_families if not name.startswith("process_")} == {
        "backup_typical_size_bytes", "backup_typical_duration_seconds", "backup_age_seconds",
    }  # fmt: skip
    assert "process_open_fds" in found.settings.excluded_families
    assert found.warnings == ()
    assert parse_yaml(SOURCE).settings.excluded_families == frozenset()


@pytest.mark.parametrize(
    ("given", "warning"),
    [
        ("exclude: [backup_agee]", "metrics.exclude[0]: no metric has this name; the nearest is backup_age_seconds"),
        ("exclude: [backup_source_up]", "metrics.exclude[0]: excludes backup_source_up, which the alerts need"),
        (
            "exclude: [up, 'backup_resource_u?']",
            "metrics.exclude[1]: excludes backup_resource_up, which the alerts need",
        ),
        (
            "exclude: [backup_poll_*]",
            "metrics.exclude[0]: excludes backup_poll_configured_interval_seconds, which the alerts need",
        ),
    ],
)
def test_exclusions_that_are_probably_not_meant_are_warnings(given: str, warning: str) -> None:
    assert warning in parse_yaml(f"metrics: {{{given}}}\n{SOURCE}").warnings


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("exclude: ['backup_*']", "metrics.exclude[0]: it would exclude backup_exporter_build_info"),
        ("exclude: [backup_resource_problem]", "metrics.exclude[0]: it would exclude backup_resource_problem"),
        ("exclude: [backup_a*, '*_problem']", "metrics.exclude[1]: it would exclude backup_resource_problem"),
        ("exclude: [backup_source_p*]", "metrics.exclude[0]: it would exclude backup_source_problem"),
        (
            "exclude: [backup_exporter_time_seconds]",
            "metrics.exclude[0]: it would exclude backup_exporter_time_seconds",
        ),
        ("exclude: backup_age_seconds", "metrics.exclude: must be a list"),
        ("exclude: [1.5]", "metrics.exclude[0]: must be a text"),
        ("exlude: []", "metrics.exlude: unknown key; the nearest is exclude"),
    ],
)
def test_exclusions_that_are_refused(given: str, problem: str) -> None:
    (found,) = problems(top=f"metrics: {{{given}}}")

    assert found.startswith(problem)


def test_metrics_that_are_no_mapping_are_refused() -> None:
    assert problems(top="metrics: [backup_age_seconds]") == ["metrics: must be a mapping (lines of `key: value`)"]


@pytest.mark.parametrize(
    ("given", "path", "said"),
    [("", None, False), ("state_file: none", None, True), ("state_file: /var/state.json", "/var/state.json", True)],
)
def test_the_state_file_is_given_switched_off_or_left_to_its_default(given: str, path: str | None, said: bool) -> None:
    settings = parse_yaml(f"{given}\n{SOURCE}").settings

    assert (settings.state_file and str(settings.state_file), settings.state_file_given) == (path, said)
