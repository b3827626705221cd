"""Words that stand for a use found outside the program name a type that exists, each once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from crm_sync.errors import ConfigurationError
from crm_sync.program.load import program_of
from crm_sync.program.reader import read
from crm_sync.program.sources import Source
from tests.conftest import ROOT

TEXT = (ROOT / "rules" / "escalation.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("{reference call: call, Reference Call: call}", "'Reference Call' as well as 'reference call'"),
        ("{reference call: cal}", "the reference type 'cal'"),
    ],
)
def test_a_word_is_told(shipped: Mapping[str, Source], words: str, found: str) -> None:
    line = next(line for line in TEXT.splitlines() if line.strip().startswith("words:"))
    text = TEXT.replace(line, f"  words: {words}")
    name = "rules/escalation.yaml"
    with pytest.raises(ConfigurationError) as failed:
        program_of({**shipped, "rules/escalation": Source(name, read(text.encode(), name))}, [])
    assert [mistake.found for mistake in failed.value.mistakes if found in mistake.found]
