"""The state file as a file: its format, its damage, and replacing it."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from exporter.model import KindGroup
from exporter.persistence.file import MAX_ASIDE, StateFile, StoredState, UnusableStateError, decode, encode
from exporter.persistence.schema import StoredDetails, StoredResource, store_archived, store_live
from exporter.state.download_check import DownloadCheck
from exporter.state.recent_backups import CompletedBackup
from tests.paths import TESTDATA as ALL_TESTDATA

TESTDATA = ALL_TESTDATA / "state"

NIGHTLY = StoredResource(
    source="shop",
    provider="acme",
    id="ad-1",
    name="storefront",
    kind="postgresql",
    scope="app-1",
    place=("storefront", "ad-1"),
    first_seen=1.5,
    created=1.0,
    paused=True,
    facts=StoredDetails(scheduled=True, interval=86400.0, intervals={"periodic": 86400.0}),
    successes={
        "periodic": (
            CompletedBackup(id="b2", started=9.0, size=7.0, duration=3.0),
            CompletedBackup(id="b1", started=8.0),
        )
    },
)
GONE = StoredResource(source="shop", id="ad-2", first_seen=2.0, gone_since=5.0)

FORMAT_1 = """{"version": 1, "written_by": "0.1.0", "resources": [
 {"source": "shop", "provider": "acme", "id": "ad-1", "name": "storefront", "kind": "postgresql", "scope": "app-1",
  "place": ["storefront", "ad-1"], "first_seen": 1.5, "created": 1, "gone_since": null, "paused": true,
  "facts": {"scheduled": true, "interval": 86400, "intervals": {"periodic": 86400}, "paused": false},
  "successes": {"periodic": [{"id": "b2", "started": 9, "size": 7, "duration": 3},
                             {"id": "b1", "started": 8, "size": null, "duration": null}]}},
 {"source": "shop", "provider": "", "id": "ad-2", "name": "", "kind": "", "scope": "", "place": [], "first_seen": 2,
  "created": null, "gone_since": 5, "paused": false, "facts": null, "successes": {}}]}"""


ADDED: dict[str, object] = {"download_check": None, "observed": None, "problems": [], "uid": ""}
"""What the format has had since of a resource."""
ADDED_DETAILS: dict[str, object] = {"groups": [], "recovers": None, "retention": None}


def test_format_1_goes_on_being_read_and_written() -> None:
    assert decode(FORMAT_1.encode()) == StoredState(resources=(NIGHTLY, GONE))
    written = json.loads(encode((NIGHTLY, GONE)))
    added = [{key: one.pop(key) for key in ADDED} for one in written["resources"]]
    assert written.pop("sources") == []
    details = written["resources"][0]["facts"]
    assert {key: details.pop(key) for key in ADDED_DETAILS} == ADDED_DETAILS
    assert written == json.loads(FORMAT_1)
    assert added == [ADDED, ADDED]


def test_a_file_that_version_0_1_0_wrote_is_read_key_by_key() -> None:
    content = (TESTDATA / "written-by-0.1.0.json").read_bytes()
    written, read = json.loads(content)["resources"], decode(content).resources

    assert len(written) == len(read) == 6
    for old, new in zip(written, read, strict=True):
        successes = {
            kind: [(one.id, one.started, one.size, one.duration) for one in known]
            for kind, known in new.successes.items()
        }
        assert successes == {kind: [tuple(one.values()) for one in known] for kind, known in old["successes"].items()}
        details = new.facts and (new.facts.scheduled, new.facts.interval, new.facts.intervals, new.facts.paused)
        assert details == (old["facts"] and tuple(old["facts"].values()))
        plain = old.keys() - {"successes", "facts", "place"}
        assert {key: getattr(new, key) for key in plain} == {key: old[key] for key in plain}
        assert new.place == tuple(old["place"])
        again = json.loads(encode((new,)))["resources"][0]
        if again["facts"] is not None:
            assert {key: again["facts"].pop(key) for key in ADDED_DETAILS} == ADDED_DETAILS
        assert {key: again[key] for key in old} == old


def test_what_was_added_to_format_1_is_read_as_it_was_written() -> None:
    groups = (KindGroup(kinds=("full", "incremental"), interval=86400.0),)
    details = StoredDetails(interval=3600.0, groups=groups, recovers=True, retention=604800.0)
    known = replace(NIGHTLY, uid="6b1f", facts=details)

    assert decode(encode((known,))).resources == (known,)
    resource_status = known.to_status(sizes=True)
    assert resource_status.details is not None
    assert (resource_status.details.groups, resource_status.details.retention, resource_status.resource.uid) == (
        groups,
        604800.0,
        "6b1f",
    )
    again = store_live("shop", "acme", resource_status)
    assert (again.uid, again.facts) == (known.uid, known.facts)
    gone = known.to_archived(7.0)
    assert store_archived("shop", "ad-1", gone).to_archived(9.0).uid == "6b1f"


def test_a_later_exporter_of_the_same_format_may_add_keys() -> None:
    document = json.loads(FORMAT_1)
    document["more"] = document["resources"][0]["more"] = 1
    assert decode(json.dumps(document).encode()).resources == (NIGHTLY, GONE)


def test_every_truncation_is_noticed() -> None:
    content = encode((NIGHTLY, GONE))
    for length in range(len(content)):
        with pytest.raises(UnusableStateError):
            decode(content[:length])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "truncated"),
        (b"null", "Expected `object`"),
        (b"{}", "missing required field `version`"),
        (b'{"version": 1}', "missing required field `resources`"),
        (b'{"version": "1", "resources": []}', "Expected `int`"),
        (b'{"version": 0, "resources": []}', "no format 0"),
        (b'{"version": 2, "anything": "else"}', "a newer exporter wrote it (format 2; this one reads up to 1)"),
        (b'{"version": 1, "resources": [{"source": "s", "id": "i", "first_seen": NaN}]}', "malformed"),
        (b'{"version": 1, "resources": [{"source": "s", "id": "i", "first_seen": 1e999}]}', "out of range"),
        (b'{"version": 1, "resources": [{"source": "s", "id": "i"}]}', "first_seen"),
        (b"\x7fELF\x00\x01", "malformed"),
        (b'{"version": 1, "written_by": "\xff", "resources": []}', "no JSON"),
    ],
)
def test_what_is_no_state_is_refused_in_one_line(content: bytes, said: str) -> None:
    with pytest.raises(UnusableStateError) as refused:
        decode(content)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_nesting_without_an_end_is_refused_in_one_line() -> None:
    """Python 3.14 bounds nesting by the size of the stack, and may read to the end what older ones give up."""
    with pytest.raises(UnusableStateError, match=r"^it is damaged or not a state file: [^\n]*(no JSON|truncated)$"):
        decode(b'{"version": 1, "resources": [], "x": ' + b"[" * 100_000)


def test_whatever_the_order_in_the_file_the_newest_eleven_count() -> None:
    many = tuple(CompletedBackup(id=str(number), started=float(number)) for number in range(20))
    history = StoredResource(source="s", id="i", first_seen=0.0, successes={"full": many, "none": ()}).history()
    assert [one.started for one in history.successes["full"]] == [float(number) for number in range(19, 8, -1)]
    assert list(history.successes) == ["full"]


def test_only_the_owner_can_read_it_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    file.write([NIGHTLY])
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["state.json"]
    assert StateFile(tmp_path / "state.json").read().resources == (NIGHTLY,)


def test_the_same_content_is_not_written_twice(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    file.write([NIGHTLY])
    before = file.path.stat()
    file.write([NIGHTLY])
    assert file.path.stat() == before
    file.write([NIGHTLY, GONE])
    assert file.path.stat().st_ino != before.st_ino
    file.path.unlink()
    file.write([NIGHTLY, GONE])
    assert file.path.exists()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_the_old_file_and_no_half_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = StateFile(tmp_path / "state.json")
    file.write([NIGHTLY])
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="No space left"):
            file.write([GONE])
    assert file.read().resources == (NIGHTLY,)
    assert names(tmp_path) == ["state.json"]
    file.write([GONE])
    assert file.read().resources == (GONE,)


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    for name in ("state.json.tmp-7", "state.json.bad-1", "other.json.tmp-7"):
        (tmp_path / name).write_text("half")
    StateFile(tmp_path / "state.json").sweep()
    assert names(tmp_path) == ["other.json.tmp-7", "state.json.bad-1"]


def test_unusable_files_are_kept_aside_the_newest_five(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    for number in range(MAX_ASIDE + 2):
        file.path.write_text(f"damage {number}")
        with pytest.raises(UnusableStateError):
            file.read()
        assert file.set_aside() == tmp_path / "state.json.bad-1"
    left = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert left == {f"state.json.bad-{number}": f"damage {7 - number}" for number in range(1, MAX_ASIDE + 1)}


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "state.json").symlink_to(tmp_path / "there" / "real.json")
    StateFile(tmp_path / "state.json").write([NIGHTLY])
    assert (tmp_path / "state.json").is_symlink()
    assert StateFile(tmp_path / "there" / "real.json").read().resources == (NIGHTLY,)


def test_what_is_no_regular_file_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/null")):
        file = StateFile(path)
        with pytest.raises(UnusableStateError, match="not a regular file"):
            file.read()
        assert not file.suspect
        with pytest.raises(OSError, match="not a regular file"):
            file.write([NIGHTLY])
    assert Path("/dev/null").is_char_device()


def test_the_last_download_check_is_kept() -> None:
    for check in (DownloadCheck().fail(90.0, 2.5, "missing"), DownloadCheck().succeed(80.0, 0.5)):
        live = replace(NIGHTLY.to_status(sizes=True), download_check=check)
        (read,) = decode(encode((store_live("shop", "acme", live),))).resources
        assert read.to_status(sizes=True).download_check == replace(check, failures=MappingProxyType({}))
    waiting = replace(NIGHTLY.to_status(sizes=True), download_check=DownloadCheck())
    assert store_live("shop", "acme", waiting).download_check is None
