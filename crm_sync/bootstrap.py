"""Settings -> the real org, mirror and journal, built here and nowhere else, and handed on as a World.

Called by the doors. A test builds another World the same way. Not here: what is done with it (pipeline).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from crm_sync.audit import Books
from crm_sync.erasure import Stores, screen_archive
from crm_sync.errors import TemporaryError
from crm_sync.pipeline import World
from crm_sync.program import load_program
from crm_sync.program.texts import texts_of
from crm_sync.salesforce.org import SalesforceOrg
from crm_sync.settings import Settings
from crm_sync.state.archive import FileArchive
from crm_sync.state.folder import private_folder
from crm_sync.state.jobs import PassingJobs
from crm_sync.state.journal import SqliteJournal
from crm_sync.state.mirror import DuckMirror
from crm_sync.state.papers import Papers

SHIPPED = Path(__file__).parent / "_data"
JOURNAL, MIRROR, ARCHIVE, SIMULATIONS = "journal.sqlite", "mirror.duckdb", "archive", "simulations"


def with_shipped_program(settings: Settings) -> Settings:
    """Use the rules and mappings that ship with the package where the working folder has none."""
    update = {
        name: SHIPPED / folder
        for name, folder in (("rules_dir", "rules"), ("mappings_dir", "mappings"))
        if name not in settings.model_fields_set
        and not getattr(settings, name).is_dir()
        and (SHIPPED / folder).is_dir()
    }
    return settings.model_copy(update=update)


def reach_org(settings: Settings, api_share_percent: float = 5) -> SalesforceOrg:
    """Reach the org for a question that needs no state; raises ConfigurationError when the settings name none."""
    return SalesforceOrg.connect(settings.connection(), PassingJobs(), api_share_percent=api_share_percent)


@contextmanager
def build_world(settings: Settings) -> Iterator[World]:
    """Open everything one run needs, and close it again whatever happens.

    Raises:
        ConfigurationError: settings, rules or mappings are wrong.
        TemporaryError: another crm-sync works in this state folder.
    """
    program = load_program(settings.rules_dir, settings.mappings_dir)
    connection = settings.connection()
    with _alone_in(settings.state_dir):
        journal = SqliteJournal.open(settings.state_dir / JOURNAL)
        try:
            mirror = DuckMirror.open(settings.state_dir / MIRROR, journal.salt(), journal.suppression)
            try:
                share = program.guards.api_share_percent
                org = SalesforceOrg.connect(connection, journal.jobs, api_share_percent=share)
                archive = open_archive(settings.state_dir)
                papers = Papers(settings.state_dir / SIMULATIONS, journal.suppression)
                stores = Stores(journal, mirror, archive, papers)
                stores.screen()
                books = Books(journal.decisions, archive, texts_of(settings.rules_dir, settings.mappings_dir))
                yield World(org, mirror, journal, program, books, stores)
            finally:
                mirror.close()
        finally:
            journal.close()


def open_archive(state_dir: Path) -> FileArchive:
    """Open what is kept of past runs."""
    return FileArchive.open(state_dir / ARCHIVE)


@contextmanager
def open_books(settings: Settings) -> Iterator[tuple[SqliteJournal, FileArchive]]:
    """Open the journal and the archive to look at what was done; a running worker is not disturbed.

    Files that came from a backup are screened first, which needs the folder for itself.
    """
    journal = SqliteJournal.open(settings.state_dir / JOURNAL)
    try:
        archive = open_archive(settings.state_dir)
        if not journal.is_screened or not journal.suppression.covers(archive.screened):
            with _alone_in(settings.state_dir):
                journal.screen()
                screen_archive(journal, archive)
        yield journal, archive
    finally:
        journal.close()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the state folder: one worker a folder on this machine; the lease in the org keeps other machines out."""
    private_folder(folder)
    lock = FileLock(folder / "worker.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise TemporaryError(
            f"Another crm-sync works in {folder}. Wait until it has finished, or stop it, and run this again."
        ) from error
    try:
        yield
    finally:
        with suppress(OSError):
            lock.release()
