"""A real browser that has no network, and the page of a run in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from orchestrace.cli.page.page import page as page_of
from orchestrace.records import SpanRecord

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
ARGUMENTS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


# For a module and no longer: while it runs, so does an event loop, and tests of others could start none.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the browser of this machine."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no browser on this machine: `make browser` installs one where it can")
    # Its own sandbox does not work for the superuser, as whom CI runs.
    own = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=ARGUMENTS + own)
        yield running
        running.close()


@dataclass
class Shown:
    """A page in a browser, what it asked for, what it complained of, and the dialogs that it opened."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note whatever happens from now on."""
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dismiss)

    def _dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Shown]]:
    """Return what shows the page of some spans, as a file on this machine."""
    contexts = []

    def open_page(spans: list[SpanRecord], **settings: Any) -> Shown:
        file = tmp_path / "run.html"
        file.write_bytes(page_of(spans).encode("utf-8", "replace"))
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        shown = Shown(context.new_page())
        shown.watch()
        shown.page.goto(file.as_uri())
        return shown

    yield open_page
    for context in contexts:
        context.close()


SECOND = 1_000_000_000


@pytest.fixture
def span() -> Callable[..., SpanRecord]:
    """Return what makes spans, of which each starts a second after the one before."""
    numbers = iter(range(1, 10_000))

    def make(name: str, attributes: dict[str, Any], above: SpanRecord | None = None, **fields: Any) -> SpanRecord:
        number = next(numbers)
        known: dict[str, Any] = {
            "trace_id": "a" * 32,
            "span_id": f"{number:016x}",
            "parent_id": above.span_id if above else None,
            "name": name,
            "kind": 0,
            "start": number * SECOND,
            "end": (number + 1) * SECOND,
            "attributes": attributes,
        }
        return SpanRecord(**known | fields)

    return make
