"""Whatever happens to the files, loading gives a program or a ConfigurationError with file and line: nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.program.draft import RULE_FILES
from crm_sync.program.load import program_of
from crm_sync.program.mappings import MAPPING_NAMES
from crm_sync.program.reader import read
from crm_sync.program.sources import Source

ROOT = Path(__file__).parents[2]
NAMES = [*(f"rules/{name}" for name in RULE_FILES), *(f"mappings/{name}" for name in MAPPING_NAMES)]
NAMES += [f"rules/templates/{path.stem}" for path in sorted((ROOT / "rules/templates").glob("*.yaml"))]
TEXTS = {name: (ROOT / f"{name}.yaml").read_text(encoding="utf-8") for name in NAMES}
SHIPPED = {name: Source(f"{name}.yaml", read(text.encode(), name)) for name, text in TEXTS.items()}
PLACE = re.compile(r"(rules|mappings|rules/templates)/[a-z_]+(\.1)?\.yaml:[1-9][0-9]*")

PIECES = st.sampled_from(
    (
        *(
            "{",
            "}",
            "[",
            "]",
            ":",
            ": ",
            "- ",
            "\n",
            "  ",
            "&a",
            "*a",
            "!!int",
            "<<: ",
            "'",
            '"',
            "|",
            ">",
            "{{",
            "{{x}}",
            "#",
            "%",
            "@",
        ),
        *(
            "null",
            "true",
            "yes",
            "1",
            "-1",
            "1e9",
            "1e400",
            "0x1",
            ".nan",
            "2026-01-01",
            "\t",
            "\x00",
            "\ufeff",
            "\\u00",
        ),
        *("default", "is", "all: ", "any: []", "not: ", "fact: ", "call", "Id", "key", "id: ", "{default: {}}", "[[]]"),
    )
)


def told(name: str, content: bytes) -> tuple[Mistake, ...]:
    sources = dict(SHIPPED)
    found: list[Mistake] = []
    del sources[name]
    try:
        sources[name] = Source(f"{name}.yaml", read(content, f"{name}.yaml"))
    except ConfigurationError as error:
        found += error.mistakes
    try:
        program_of(sources, found)
    except ConfigurationError as error:
        return error.mistakes
    return ()


def load(name: str, content: bytes) -> None:
    for mistake in told(name, content):
        assert PLACE.fullmatch(mistake.where), mistake
        line = int(mistake.where.rpartition(":")[2])
        assert line <= content.count(b"\n") + 2 or name not in mistake.where, mistake
        assert str(mistake).endswith((".", "?"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_pieces_put_in_anywhere(data: st.DataObject, name: str) -> None:
    text = TEXTS[name]
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 12))
    load(name, (text[:start] + data.draw(PIECES) + text[start + length :]).encode("utf-8"))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_values_exchanged_for_others(data: st.DataObject, name: str) -> None:
    words = list(re.finditer(r"[^\s{}\[\],:#]+", TEXTS[name]))
    word = data.draw(st.sampled_from(words))
    other = data.draw(PIECES | st.sampled_from(words).map(lambda found: found[0]))
    load(name, f"{TEXTS[name][: word.start()]}{other}{TEXTS[name][word.end() :]}".encode())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_lines_dropped_doubled_or_shifted(data: st.DataObject, name: str) -> None:
    lines = TEXTS[name].splitlines(keepends=True)
    index = data.draw(st.integers(0, len(lines) - 1))
    line = lines[index]
    lines[index] = data.draw(st.sampled_from(["", line * 2, " " + line, line.lstrip(), line.rstrip("\n"), line[:-3]]))
    load(name, "".join(lines).encode())


@settings(max_examples=40, deadline=None)
@given(content=st.binary(max_size=200), name=st.sampled_from(NAMES))
def test_any_bytes_in_place_of_a_file(content: bytes, name: str) -> None:
    load(name, content)
