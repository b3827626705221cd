"""The YAML reader takes what a person means, and refuses everything ambiguous."""

from __future__ import annotations

import pytest

from crm_sync.errors import ConfigurationError
from crm_sync.program.nodes import ListNode, MapNode, Position, Scalar, follow
from crm_sync.program.reader import MAX_BYTES, MAX_DEPTH, read


def plain(text: str) -> object:
    return read(text.encode(), "rules/x.yaml").plain


def mistakes(content: bytes | str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(content.encode() if isinstance(content, str) else content, "rules/x.yaml")
    return [str(mistake) for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NO", "NO"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("True", "True"),
        ("TRUE", "TRUE"),
        ("Null", "Null"),
        ("~", "~"),
        ("12:30", "12:30"),
        ("22:30:15", "22:30:15"),
        ("0123", "0123"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("+5", "+5"),
        (".5", ".5"),
        ("5.", "5."),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("2026-11-02", "2026-11-02"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("''", ""),
        ('"\\u00e9"', "é"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-0", 0),
        ("5", 5),
        ("-17", -17),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("-2.5E-1", -0.25),
        ("1000000000000000", 10**15),
        ("[a, 1, [b]]", ("a", 1, ("b",))),
        ("{b: 1, a: {c: null}}", {"b": 1, "a": {"c": None}}),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        (">\n  folded\n  text\n", "folded text\n"),
        ("|\n  5\n", "5\n"),
    ],
)
def test_values_mean_what_they_say(written: str, meant: object) -> None:
    found = plain(f"value: {written}\n")
    assert found == {"value": meant}
    assert type(found["value"]) is type(meant)  # type: ignore[index]


def test_names_are_text_whatever_they_look_like() -> None:
    assert plain("12: a\ntrue: b\nnull: c\n1.5: d\n") == {"12": "a", "true": "b", "null": "c", "1.5": "d"}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("a: &x 1\nb: *x\n", "rules/x.yaml:1: found an anchor (`&x`)"),
        ("a: &x 1\nb: *x\n", "rules/x.yaml:2: found an alias (`*x`)"),
        ("*x : 1\n", "rules/x.yaml:1: found a list, a map or an alias as a name"),
        ("a: !!python/object:os.system {}\n", "rules/x.yaml:1: found a tag"),
        ("a: !!str 5\n", "rules/x.yaml:1: found a tag"),
        ("a: ! 5\n", "rules/x.yaml:1: found a tag"),
        ("a: [!x 5]\n", "rules/x.yaml:1: found a tag"),
        ("!x a: 5\n", "rules/x.yaml:1: found a tag"),
        ("<<: {a: 1}\n", "rules/x.yaml:1: found a merge key"),
        ("a: 1\nb: 2\na: 3\n", "rules/x.yaml:3: found 'a' a second time (first on line 1)"),
        ("{a: 1, 'a': 2}\n", "rules/x.yaml:1: found 'a' a second time"),
        ("1: a\n'1': b\n", "rules/x.yaml:2: found '1' a second time"),
        (": 5\n", "rules/x.yaml:1: found a value without a name"),
        ("? [a]\n: 5\n", "rules/x.yaml:1: found a list, a map or an alias as a name"),
        ("---\na: 1\n---\nb: 2\n", "rules/x.yaml:3: found a second document"),
        ("%YAML 1.1\n---\na: 1\n", "rules/x.yaml:2: found a % directive"),
        ("%TAG ! x\n---\na: 1\n", "rules/x.yaml:2: found a % directive"),
        ("", "rules/x.yaml:1: found an empty file"),
        ("# nothing\n", "rules/x.yaml:1: found an empty file"),
        ("a: 1e999\n", "rules/x.yaml:1: found a number out of all proportion"),
        ("a: 9999999999999999\n", "rules/x.yaml:1: found a number out of all proportion"),
        (f"a: {'9' * 5000}\n", "rules/x.yaml:1: found a number out of all proportion"),
        ('a: "\\ud800"\n', "rules/x.yaml:1: found half of a character"),
        ("a: \x01\n", "rules/x.yaml:1: found the character U+0001"),
        ("b: 1\na: \x01\n", "rules/x.yaml:2: found the character U+0001"),
        ('a: "\\Uffffffff"\n', "rules/x.yaml:1: found text that cannot be read"),
        (b"a: 1\nb: \xff\n", "rules/x.yaml:2: found bytes that are not UTF-8"),
        ("a: 1\n".encode("utf-16"), "rules/x.yaml:1: found bytes that are not UTF-8"),
        (b"#" * (MAX_BYTES + 1), f"rules/x.yaml:1: found a file of {MAX_BYTES + 1} bytes"),
        ("[" * (MAX_DEPTH + 2), f"rules/x.yaml:1: found values nested too deeply; expected at most {MAX_DEPTH} levels"),
        ("a: [1\n", "rules/x.yaml:1: found text that is not YAML"),
        ("a: b: c\n", "rules/x.yaml:1: found text that is not YAML"),
        ("a:\n\tb: 1\n", "rules/x.yaml:2: found text that is not YAML"),
        ("a: 1\n  b: 2\n", "rules/x.yaml:2: found text that is not YAML"),
        ('a: "open\n', "rules/x.yaml:1: found text that is not YAML"),
        ("a: b\n  - c\n", "rules/x.yaml:1: found text over several lines without quotes"),
        ("a: @b\n", "rules/x.yaml:1: found text that is not YAML"),
        ("a: 1\nb\n", "rules/x.yaml:2: found text that is not YAML"),
        ("a: [1, ]]\n", "rules/x.yaml:1: found text that is not YAML"),
    ],
)
def test_what_is_ambiguous_is_refused(content: bytes | str, found: str) -> None:
    assert any(mistake.startswith(found) for mistake in mistakes(content)), mistakes(content)


def test_every_mistake_is_told_at_once() -> None:
    told = mistakes("a: &x 1\nb: !y 2\na: 3\nc: [1\n")
    assert [line.split(":")[1] for line in told] == ["1", "2", "3", "4"]


def test_a_bomb_of_aliases_is_refused_and_not_expanded() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30))
    assert len(mistakes(bomb)) == 30 + 58


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert read(b"\xef\xbb\xbfa: 1\n", "x").plain == {"a": 1}


def test_the_deepest_level_allowed_is_read() -> None:
    assert isinstance(plain("[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH), tuple)


def test_every_value_knows_its_place() -> None:
    root = read(b"a: 1\nlist:\n  - x\n  - {name: y}\n", "x")
    assert isinstance(root, MapNode)
    assert root.at == Position(1, 1)
    assert follow(root, ("a",)) == (Scalar(Position(1, 4), 1), Position(1, 1))
    found, at = follow(root, ("list", 1, "name"))
    assert (found.plain, at) == ("y", Position(4, 6))
    found, at = follow(root, ("list", 0))
    assert (found.plain, at) == ("x", Position(3, 5))


def test_steps_that_the_file_does_not_have_are_passed_over() -> None:
    root = read(b"a:\n  - {b: 1}\n", "x")
    found, at = follow(root, ("a", 0, "Test", "b"))
    assert (found.plain, at) == (1, Position(2, 6))
    found, at = follow(root, ("a", 7, "missing"))
    assert isinstance(found, ListNode)
    assert at == Position(1, 1)
