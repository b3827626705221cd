"""Errors named by what to do next; every part raises these and only these on purpose.

The command line turns each into its exit code (`exit_code`) and prints the message, so a message
is whole sentences: what was found, where, what was expected, what to do. Nothing here logs.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class CrmSyncError(Exception):
    """Anything crm_sync raises on purpose."""

    exit_code = 1


@dataclass(frozen=True, order=True)
class Mistake:
    """One thing to edit: where it is, what was found, what was expected, and the nearest right name.

    `where` is `file:line` for a file and a setting's or an org field's name otherwise.
    """

    where: str
    found: str
    expected: str
    nearest: str | None = None

    def __str__(self) -> str:
        hint = f" Did you mean {self.nearest!r}?" if self.nearest else ""
        return f"{self.where}: found {self.found}; expected {self.expected}.{hint}"


@dataclass(eq=False)
class ConfigurationError(CrmSyncError):
    """Edit something and run again. Carries every mistake found, not just the first."""

    mistakes: tuple[Mistake, ...]
    exit_code = 2

    def __str__(self) -> str:
        return "\n".join(str(mistake) for mistake in self.mistakes)


@dataclass(eq=False)
class HiddenFieldsError(ConfigurationError):
    """The org does not show the worker what protects customers, so it decides nothing. Each of
    `fields` is a mapping's name and the field as the org calls it.
    """

    fields: tuple[tuple[str, str], ...]


@dataclass(eq=False)
class UnsafePlanError(CrmSyncError):
    """A person has to agree first. `agree` is the exact command that does so."""

    problems: tuple[str, ...]
    agree: str
    exit_code = 3

    def __str__(self) -> str:
        return "\n".join((*self.problems, f"If this is intended, run: {self.agree}"))


@dataclass(eq=False)
class RecordRefusedError(CrmSyncError):
    """The org refused this record for good; skip it, go on, and end with exit code 4."""

    record: str
    code: str
    message: str
    fields: tuple[str, ...] = field(default=())
    exit_code = 4

    def __str__(self) -> str:
        named = f" (fields: {', '.join(self.fields)})" if self.fields else ""
        return f"{self.record}: the org answered {self.code}: {self.message}{named}"


class TemporaryError(CrmSyncError):
    """Try later. Retried where that is safe; when patience ends the run exits 75 and may be run again."""

    exit_code = 75


class PermanentError(CrmSyncError):
    """Retrying cannot help; stop the run."""

    exit_code = 1


class WrongOrgError(CrmSyncError):
    """The org reached is not the one pinned in the settings. Nothing was read or written."""

    exit_code = 78
