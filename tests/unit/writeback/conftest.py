"""A local org, a worker, a journal, and plans to carry out; tests of what goes wrong use the same."""

from tests.org_and_worker import org, worker

__all__ = ["org", "worker"]
