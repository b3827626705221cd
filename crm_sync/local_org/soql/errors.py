"""Refusals of a query, in Salesforce's codes and words.

Raised by every module of this package; the rest part turns them into `[{"message", "errorCode"}]`.
Not here: which query deserves which refusal.
"""

from __future__ import annotations

_BEFORE, _AFTER = 32, 32


class SoqlError(Exception):
    """A query Salesforce would refuse. `code` is the errorCode, `status` the HTTP status."""

    status = 400

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class SoqlUnsupported(SoqlError):  # noqa: N818 - it says what it is
    """A query Salesforce would answer and this engine does not: said aloud, never answered wrongly."""

    status = 501

    def __init__(self, what: str) -> None:
        super().__init__("NOT_IMPLEMENTED", f"The local org does not support {what}.")


def located(code: str, text: str, position: int, reason: str) -> SoqlError:
    r"""Return the error for a place in the query: `\n<snippet>\n   ^\nERROR at Row:r:Column:c\n<reason>`.

    `position` counts characters from 0. Row and column count from 1. The snippet is the line around the place,
    cut at blanks about thirty characters before and after it, as recorded error bodies show it.
    """
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line = text[start:] if end < 0 else text[start:end]
    row, column = text.count("\n", 0, position) + 1, position - start
    left, right = _cut(line, column)
    caret = " " * (column - left) + "^"
    return SoqlError(code, f"\n{line[left:right]}\n{caret}\nERROR at Row:{row}:Column:{column + 1}\n{reason}")


def _cut(line: str, column: int) -> tuple[int, int]:
    """Return where the snippet starts and ends within its line."""
    left, right = max(0, column - _BEFORE), min(len(line), column + _AFTER)
    if left > 0:
        blank = line.find(" ", left - 1, column)
        left = blank + 1 if blank >= 0 else left
    if right < len(line):
        blank = line.rfind(" ", column, right + 1)
        right = blank if blank > column else right
    return left, right
