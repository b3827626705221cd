"""A real Chromium, and pages opened in it with everything they say and ask for noted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import chromium


@dataclass
class Opened:
    """One page that was opened: the page, what stood in its console, what it asked for beside itself."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all tests; a missing one is an error."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Open]:
    """Open a file: opened(path, width=1100)."""
    pages = []

    def open_file(path: Path, *, width: int = 1100, scripts: bool = True) -> Opened:
        page = browser.new_page(viewport={"width": width, "height": 900}, java_script_enabled=scripts, bypass_csp=True)
        pages.append(page)
        found = Opened(page)
        page.on("console", lambda message: found.said.append(message.text))
        page.on("pageerror", lambda error: found.said.append(str(error)))
        page.on("request", lambda request: found.asked.append(request.url))
        page.goto(path.as_uri())
        found.asked.remove(path.as_uri())
        return found

    yield open_file
    for page in pages:
        page.close()
