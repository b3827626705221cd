"""One local org a module, and a journal a test; faults are lifted behind each."""

from tests.org_and_worker import org, worker

__all__ = ["org", "worker"]
