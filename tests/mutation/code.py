"""Mutates the code that judges, one operator, number or word at a time, in Python and in SQL, and tells which mutants nobody notices.

Run `python -m tests.mutation.code [module ...]` (`make mutate`). Each mutant is imported in a process of its own and first has to
answer all that `expected` expects; what still holds then runs the tests of crm_sync/evaluate until one fails. What passes
these, too, is printed with its line: it needs a test, or a line in `equivalent`. Not here: mutants of the rules (`rules`).
"""

from __future__ import annotations

import importlib.machinery
import io
import os
import re
import signal
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any, NamedTuple

from tests.mutation.equivalent import EQUIVALENT

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "crm_sync" / "evaluate"
MODULES = (
    "consent",
    "usage",
    "gates",
    "criteria",
    "masks",
    "state",
    "facts",
    "profiles",
    "people",
    "places",
    "calendar",
    "merged",
    "records",
    "held",
)
SECONDS, TESTS_SECONDS, PROCESSES = 60, 900, int(os.environ.get("PROCESSES", "2"))
FIRST: Mapping[str, tuple[str, ...]] = {
    "consent": ("consent",),
    "usage": ("tolerance", "program_rows"),
    "gates": ("tolerance",),
    "criteria": ("criteria", "unknown"),
    "masks": ("masks", "facts"),
    "state": ("people", "tolerance", "facts"),
    "facts": ("facts", "people", "unknown"),
    "profiles": ("people", "briefings"),
    "people": ("people",),
    "places": ("calendar",),
    "calendar": ("calendar",),
    "merged": ("people",),
    "records": ("unknown",),
    "held": ("tolerance",),
}
"""By module, what the tests that know it best are of."""

CHANGES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"<=", ("<",)), (r">=", (">",)), (r"(?<![<>=-])<(?![=>])", ("<=",)), (r"(?<![<>=-])>(?!=)", (">=",)),
    (r"\bAND\b", ("OR",)), (r"\bOR\b", ("AND",)), (r"\band\b", ("or",)), (r"\bor\b", ("and",)),
    (r"\bIS NOT NULL\b", ("IS NULL",)), (r"\bIS NULL\b", ("IS NOT NULL",)), (r"\bIS NOT TRUE\b", ("IS TRUE",)),
    (r"\bIS DISTINCT FROM\b", ("IS NOT DISTINCT FROM",)), (r"\bIS NOT DISTINCT FROM\b", ("IS DISTINCT FROM",)),
    (r"(?<!IS )\bNOT (?!TRUE|NULL|IN)", ("",)), (r"\bNOT IN\b", ("IN",)), (r"(?<!NOT )\bIN\b", ("NOT IN",)),
    (r"\bnot (?!in)", ("",)), (r"\btrue\b", ("false",)), (r"\bfalse\b", ("true",)), (r"\bTrue\b", ("False",)),
    (r"\bFalse\b", ("True",)), (r"\bmax\(", ("min(",)), (r"\bmin\(", ("max(",)), (r"\bany\(", ("all(",)), (r"\ball\(", ("any(",)),
    (r"\bany_true\(", ("str(",)), (r"\bbool_or\(", ("bool_and(",)), (r"\bbool_and\(", ("bool_or(",)), (r"\bLEFT JOIN\b", ("JOIN",)),
    (r"\bleast\(", ("greatest(",)), (r"\bgreatest\(", ("least(",)), (r"==", ("!=",)), (r"!=", ("==",)), (r" \+ ", (" - ",)),
    (r" - ", (" + ",)), (r"(?<![\w.:])\d+(?![\w.:])", ("{n+1}",)), (r"\bTHEN NULL\b", ("THEN true",)), (r" \| ", (" & ",)),
    (r" & ", (" | ",)), (r"\boperator\.and_\b", ("operator.or_",)), (r"\boperator\.or_\b", ("operator.and_",)), (r"~", ("",)),
)  # fmt: skip


class Mutant(NamedTuple):
    """One module's text with one place changed."""

    module: str
    line: int
    was: str
    becomes: str
    text: str

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Tell it from others, wherever its line moves to: the module, the line as it was, what was there, what is."""
        line = (FOLDER / f"{self.module}.py").read_text(encoding="utf-8").splitlines()[self.line - 1]
        return self.module, line.strip(), self.was, self.becomes

    def __str__(self) -> str:
        return f"crm_sync/evaluate/{self.module}.py:{self.line}: {self.was!r} -> {self.becomes!r}"


def mutants(module: str) -> Iterator[Mutant]:
    """Give every mutant of one module; comments, docstrings and annotations are left alone."""
    text = (FOLDER / f"{module}.py").read_text(encoding="utf-8")
    still = _left_alone(text)
    for pattern, others in CHANGES:
        for found in re.finditer(pattern, text):
            line = text.count("\n", 0, found.start()) + 1
            column = found.start() - text.rfind("\n", 0, found.start()) - 1
            if column >= still.get(line, column + 1):
                continue
            for other in others:
                becomes = str(int(found[0]) + 1) if other == "{n+1}" else other
                yield Mutant(module, line, found[0], becomes, text[: found.start()] + becomes + text[found.end() :])


def _left_alone(text: str) -> dict[int, int]:
    """Give from which column on a line is left alone: imports, docstrings and signatures whole, comments where they begin."""
    columns: dict[int, int] = {}
    previous = tokenize.INDENT
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        starts = previous in (tokenize.INDENT, tokenize.NEWLINE, tokenize.NL, tokenize.DEDENT)
        if token.type == tokenize.STRING and starts and token.string.startswith('"""'):
            columns |= dict.fromkeys(range(token.start[0], token.end[0] + 1), 0)
        if token.type == tokenize.NAME and starts and token.string in ("import", "from", "def", "class"):
            columns[token.start[0]] = 0
        if token.type == tokenize.COMMENT:
            columns.setdefault(token.start[0], token.start[1])
        else:
            previous = token.type
    return columns


def survives(mutant: Mutant, holds: Callable[[], bool], seconds: int) -> bool:
    """Whether something holds of a mutant, in a process of its own; what takes too long or fails does not."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(seconds)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            _install(mutant)
            code = 0 if holds() else 1
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return status == 0


def _install(mutant: Mutant) -> None:
    """Let the next import of the module read the mutant."""
    path = str(FOLDER / f"{mutant.module}.py")
    read = importlib.machinery.SourceFileLoader.get_data

    def get_data(loader: Any, name: Any) -> bytes:
        if str(name) == path:
            return mutant.text.encode()
        if str(name).endswith(".pyc") and f"evaluate/__pycache__/{mutant.module}." in str(name):
            raise OSError(name)
        return read(loader, name)

    sys.dont_write_bytecode = True
    importlib.machinery.SourceFileLoader.get_data = get_data  # type: ignore[method-assign]
    for name in [
        name for name in sys.modules if name.startswith(("crm_sync.evaluate", "tests.unit", "tests.mutation.expected"))
    ]:
        del sys.modules[name]


def answers_hold() -> bool:
    """Whether all that is expected holds."""
    import warnings

    warnings.simplefilter("ignore")
    from crm_sync.evaluate import evaluate
    from tests.mutation.expected import Answers

    snapshot, expectations, program = EVERYBODY[0]
    answers = Answers(evaluate(snapshot, program))
    return all(answers.hold(one, one.rule) for one in expectations)


def tests_hold(first: Iterable[str]) -> bool:
    """Whether the tests of crm_sync/evaluate pass; those of these subjects go first."""
    import pytest

    files = [f"tests/unit/evaluate/test_evaluate_{name}.py" for name in first]
    every = [*files, "tests/unit/evaluate", "tests/properties/test_judged_apart.py"]
    return int(pytest.main(["-x", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", *every])) == 0


EVERYBODY: list[Any] = []


def main(modules: tuple[str, ...]) -> int:
    """Try every mutant, module by module; print those that nobody notices as they are found, and give how many."""
    from crm_sync.program import load_program
    from tests.conftest import snapshot_of
    from tests.mutation.expected import population

    program = load_program(ROOT / "rules", ROOT / "mappings")
    EVERYBODY.append((*population(program, snapshot_of.__wrapped__(program)), program))  # type: ignore[attr-defined]
    with ThreadPool(PROCESSES) as pool:
        return sum(_try(module, pool) for module in modules)


def _try(module: str, pool: ThreadPool) -> int:
    every = list(mutants(module))
    tried = [one for one in every if one.place not in EQUIVALENT]
    answered = list(_left(tried, answers_hold, SECONDS, pool))
    counted = f"{module}: {len(every)} mutants, {len(every) - len(tried)} equivalent"
    print(f"{counted}, {len(answered)} answer all that is expected", flush=True)
    if os.environ.get("QUICK"):
        answered, noticed = [], answered
        print(*(f"  {one}" for one in noticed), sep="\n", flush=True)
    found = 0
    for one in _left(answered, partial(tests_hold, FIRST.get(module, ())), TESTS_SECONDS, pool):
        found += 1
        print(f"  {one}", flush=True)
    print(f"{counted}, {found} noticed by nobody", flush=True)
    return found


def _left(tried: Sequence[Mutant], holds: Callable[[], bool], seconds: int, pool: ThreadPool) -> Iterator[Mutant]:
    survived = pool.imap(lambda one: survives(one, holds, seconds), tried)
    return (one for one, still in zip(tried, survived, strict=True) if still)


if __name__ == "__main__":
    sys.exit(1 if main(tuple(sys.argv[1:]) or MODULES) else 0)
