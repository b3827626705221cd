"""Content is kept once, whole or not at all, and damage is found out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm_sync.errors import PermanentError
from crm_sync.keeping import NotKeptError, name_of
from crm_sync.state.archive import FileArchive
from tests.small_stores import Clock

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def archive(tmp_path: Path, clock: Clock) -> FileArchive:
    return FileArchive.open(tmp_path / "archive", clock)


@pytest.mark.parametrize("content", [b"", b"a", b"words " * 10_000, bytes(range(256)) * 99])
def test_what_is_put_comes_back(archive: FileArchive, content: bytes) -> None:
    name = archive.put(content)
    assert name == name_of(content)
    assert archive.get(name) == content


def test_the_same_content_is_kept_once_and_small(archive: FileArchive, tmp_path: Path) -> None:
    first, second = archive.put(b"words " * 10_000), archive.put(b"words " * 10_000)
    assert first == second
    assert list(archive.names()) == [first]
    assert sum(path.stat().st_size for path in (tmp_path / "archive").rglob("*") if path.is_file()) < 200


def test_only_this_user_may_look(archive: FileArchive, tmp_path: Path) -> None:
    archive.put(b"a")
    for path in (tmp_path / "archive").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_what_is_not_there_is_said_to_be_so(archive: FileArchive) -> None:
    with pytest.raises(NotKeptError):
        archive.get(name_of(b"never"))


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 64, "a" * 63])
def test_nothing_outside_the_archive_can_be_named(archive: FileArchive, name: str) -> None:
    with pytest.raises(PermanentError):
        archive.get(name)


@pytest.mark.parametrize("damage", [b"", b"short", b"\xff" * 400])
def test_damage_is_found(archive: FileArchive, tmp_path: Path, damage: bytes) -> None:
    name = archive.put(b"words " * 1000)
    (tmp_path / "archive" / name[:2] / name).write_bytes(damage)
    with pytest.raises(PermanentError, match="damaged"):
        archive.get(name)


def test_other_content_under_a_name_is_found(archive: FileArchive, tmp_path: Path) -> None:
    name, other = archive.put(b"one"), archive.put(b"two")
    folder = tmp_path / "archive"
    (folder / name[:2] / name).write_bytes((folder / other[:2] / other).read_bytes())
    with pytest.raises(PermanentError, match="damaged"):
        archive.get(name)


def test_what_was_not_kept_for_long_goes_and_what_was_kept_again_stays(archive: FileArchive, clock: Clock) -> None:
    old, renewed = archive.put(b"old"), archive.put(b"renewed")
    clock.now += timedelta(days=10)
    archive.put(b"renewed")
    assert archive.prune(NOW + timedelta(days=5)) == 1
    assert list(archive.names()) == [renewed]
    with pytest.raises(NotKeptError):
        archive.get(old)


def test_half_a_file_of_a_crash_is_no_content_and_is_pruned(archive: FileArchive, tmp_path: Path) -> None:
    name = archive.put(b"whole")
    half = tmp_path / "archive" / name[:2] / f"{name_of(b'x')}.123.half"
    half.write_bytes(b"ha")
    assert list(archive.names()) == [name]
    archive.prune(datetime.now(UTC) + timedelta(days=1))
    assert not half.exists()


def test_what_somebody_was_taken_out_of_stays_under_its_name(
    archive: FileArchive, clock: Clock, tmp_path: Path
) -> None:
    name, other = archive.put(b"Ann and Bob"), archive.put(b"Bob")
    clock.now += timedelta(days=10)
    archive.redact(name, b"Bob alone")
    assert (archive.get(name), archive.is_redacted(name), archive.is_redacted(other)) == (b"Bob alone", True, False)
    assert sorted(archive.names()) == sorted([name, other])
    assert not (tmp_path / "archive" / name[:2] / name).exists()
    archive.redact(name, b"nobody")
    assert archive.get(name) == b"nobody"
    assert archive.older(NOW + timedelta(days=5)) == archive.prune(NOW + timedelta(days=5)) == 2


def test_damage_of_such_a_file_is_found(archive: FileArchive, tmp_path: Path) -> None:
    name = archive.put(b"words " * 1000)
    archive.redact(name, b"fewer words " * 1000)
    path = tmp_path / "archive" / name[:2] / f"{name}.redacted"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(PermanentError, match="damaged"):
        archive.get(name)


def test_an_archive_says_what_it_was_screened_with(archive: FileArchive, tmp_path: Path) -> None:
    assert archive.screened is None
    name = archive.put(b"whole")
    half = tmp_path / "archive" / name[:2] / f"{name_of(b'x')}.123.half"
    half.write_bytes(b"what a crash left of somebody")
    archive.note_screened("3 abc")
    assert FileArchive.open(tmp_path / "archive").screened == "3 abc"
    assert list(archive.names()) == [name]
    assert not half.exists()
    archive.discard(name)
    assert list(archive.names()) == []
