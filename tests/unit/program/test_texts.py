"""The program's files as they stand are kept, and laid out again they are the same program."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_sync.errors import PermanentError
from crm_sync.program import Program, load_program
from crm_sync.program.texts import lay_out, texts_of

ROOT = Path(__file__).parents[3]


def test_what_is_kept_is_the_same_program_again(program: Program, tmp_path: Path) -> None:
    texts = texts_of(ROOT / "rules", ROOT / "mappings")
    assert {"rules/consent.yaml", "rules/templates/check_in.1.yaml", "mappings/account.yaml"} <= set(texts)
    assert not any("cases" in name for name in texts)
    assert load_program(*lay_out(texts, tmp_path)).version == program.version


def test_nothing_is_laid_out_beside_its_folder(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="outside its folder"):
        lay_out({"../rules/consent.yaml": "x"}, tmp_path / "here")
    assert list(tmp_path.iterdir()) == []
