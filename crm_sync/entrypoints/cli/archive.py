"""`crm-sync archive`: the archive pack of a closed engagement, and whether a pack fits its manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from crm_sync.audit.engagement import Engagement
    from crm_sync.lifecycle.world import World as Facts

CHANGED = 1
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The date of every file in a pack: equal content makes equal packs."""


def archive(
    records: Annotated[
        list[str] | None, typer.Argument(help="Requests, proposals or uses: number such as RR-00012, or id.")
    ] = None,
    closed: Annotated[
        bool, typer.Option("--closed", help="Every closed engagement that has no pack in --out yet.")
    ] = False,
    out: Annotated[Path, typer.Option(help="The folder that packs are written to.")] = Path("packs"),
    verify: Annotated[
        Path | None, typer.Option(help="Say whether every file of this pack fits its manifest; write nothing.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write one archive pack per closed engagement: records, decisions and reasons, consents relied on, rules, schedule."""
    from crm_sync.entrypoints.cli import output
    from crm_sync.errors import ConfigurationError, Mistake

    if verify is not None and not records and not closed:
        _verify(verify, as_json)
        return
    given = [name for name, is_given in (("records", records), ("--closed", closed), ("--verify", verify)) if is_given]
    if len(given) != 1:
        found = " and ".join(given) or "nothing"
        raise ConfigurationError((Mistake("archive", found, "numbers or ids of records, or --closed, or --verify"),))
    written = [str(path) for path in _write(records or [], out)]
    if as_json:
        output.emit_json({"written": written})
        return
    for path in written:
        output.line(path)
    output.line(
        f"{len(written)} pack{'' if len(written) == 1 else 's'} written. Forgetting somebody does not reach them: dispose of them with their records."
    )


def _write(records: list[str], out: Path) -> Iterator[Path]:
    """Write the packs of these engagements, or of every closed one that has none yet."""
    from crm_sync.audit.engagement import Packer
    from crm_sync.entrypoints.cli.retention import facts_of
    from crm_sync.entrypoints.cli.session import session
    from crm_sync.pipeline import look

    with session() as (world, as_of):
        facts = facts_of(look(world, as_of), world.program)
        wanted = [_closed(record, facts, out) for record in records] if records else _without_pack(facts, out)
        packer = Packer(world.journal.decisions, world.stores.archive)
        out.mkdir(parents=True, exist_ok=True)
        for path, found in {_path(out, found): found for found in wanted}.items():
            _zip(path, packer.pack(found))
            yield path


def _closed(record: str, facts: Facts, out: Path) -> Engagement:
    """Find one engagement; raises ConfigurationError when there is none, it is not closed, or it has a pack."""
    from crm_sync.audit.engagement import engagement_of
    from crm_sync.errors import ConfigurationError, Mistake

    found = engagement_of(facts, record)
    if found is None:
        raise ConfigurationError((Mistake("archive", repr(record), "a request, a proposal or a use in the org"),))
    if not found.is_closed:
        seen = f"{found.number}, which is {found.status}"
        expected = "a closed engagement; crm-sync explain shows what is open"
        raise ConfigurationError((Mistake("archive", seen, expected),))
    if _path(out, found).exists():
        raise ConfigurationError(
            (
                Mistake(
                    "archive",
                    f"{_path(out, found)}, which exists",
                    "a folder without it: move it, or choose another --out",
                ),
            )
        )
    return found


def _without_pack(facts: Facts, out: Path) -> list[Engagement]:
    from crm_sync.audit.engagement import engagements

    return [found for found in engagements(facts) if not _path(out, found).exists()]


def _path(out: Path, found: Engagement) -> Path:
    return out / f"{''.join(c for c in found.number if c.isalnum() or c == '-')}.zip"


def _zip(path: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write a pack beside its name and move it there when it is whole."""
    import zipfile

    half = path.with_name(f"{path.name}.half")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files:
            made.writestr(zipfile.ZipInfo(name, LONG_AGO), content, zipfile.ZIP_DEFLATED)
    half.replace(path)


def _verify(path: Path, as_json: bool) -> None:
    from crm_sync.audit.engagement import wrong_in
    from crm_sync.entrypoints.cli import output

    wrong = wrong_in(_read(path))
    if as_json:
        output.emit_json({"pack": str(path), "whole": not wrong, "wrong": wrong})
    elif wrong:
        output.line(f"{path} is not as it was made: {', '.join(wrong)}", style="bold red")
    else:
        output.line(f"{path} is as it was made.")
    if wrong:
        raise typer.Exit(CHANGED)


def _read(path: Path) -> dict[str, bytes]:
    import zipfile
    import zlib

    from crm_sync.errors import ConfigurationError, Mistake

    try:
        with zipfile.ZipFile(path) as pack:
            return {name: pack.read(name) for name in pack.namelist()}
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else "something that is not a whole pack"
        raise ConfigurationError((Mistake(str(path), found, "a pack made by crm-sync archive"),)) from error
