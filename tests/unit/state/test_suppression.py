"""The suppression list knows people again, says nothing of them, and is refused when it is an old one or another's."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_sync.errors import PermanentError
from crm_sync.state.suppression import Suppression

ANN, BOB, KEY = "003Lo0000000AbCIAU", "003000000000002AAA", "f" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "forgotten.keys"


def listed(path: Path, *identifiers: str, secret: bytes = b"s" * 32) -> Suppression:
    made = Suppression(path, secret)
    made.add(identifiers)
    return made


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (ANN, True),
        (ANN[:15], True),
        (f"profile {ANN}", True),
        (f"could not save {ANN[:15]}: locked", True),
        (f'{{"message": "refused\\n{ANN}"}}', True),
        (KEY, True),
        (f"match {KEY}", True),
        (BOB, False),
        (ANN[:14], False),
        (ANN.lower(), False),
        ("", False),
        (None, False),
    ],
)
def test_every_form_of_an_id_or_key_is_known_and_no_other(path: Path, text: str | None, named: bool) -> None:
    assert listed(path, ANN, KEY).names(text) is named
    assert Suppression(path, b"s" * 32).names(text) is named


def test_the_file_says_nothing_of_them_and_is_private(path: Path) -> None:
    listed(path, ANN, KEY)
    text = path.read_text()
    assert ANN[:15] not in text
    assert KEY not in text
    assert path.stat().st_mode & 0o077 == 0


def test_nobody_is_known_with_another_secret(path: Path) -> None:
    listed(path, ANN)
    with pytest.raises(PermanentError, match="another journal's secret"):
        Suppression(path, b"t" * 32)


def test_a_store_is_covered_until_the_list_grows(path: Path) -> None:
    made = listed(path)
    assert made.covers(None)
    made.add([ANN])
    before = made.version
    assert not made.covers(None)
    assert made.covers(before)
    made.add([ANN])
    assert made.version == before
    made.add([BOB])
    assert not made.covers(before)


def test_a_list_that_has_seen_less_than_a_store_is_refused(path: Path, tmp_path: Path) -> None:
    old = listed(path, ANN)
    newest = listed(tmp_path / "newest", ANN, BOB)
    other = listed(tmp_path / "other", BOB)
    for screened in (newest.version, other.version):
        with pytest.raises(PermanentError, match="is older than the files beside it"):
            old.covers(screened)


@pytest.mark.parametrize("damage", ["", "crm_sync", "half a line\n", "\xff"])
def test_a_damaged_file_is_refused(path: Path, damage: str) -> None:
    listed(path, ANN)
    path.write_text(damage if damage == "" else path.read_text() + damage, encoding="latin-1")
    with pytest.raises(PermanentError, match="nothing is done without it"):
        Suppression(path, b"s" * 32)


def test_half_a_file_of_a_crash_is_no_list(path: Path) -> None:
    listed(path, ANN)
    path.with_name("forgotten.keys.half").write_text("crm_sync suppression")
    assert listed(path, BOB).names(ANN)
