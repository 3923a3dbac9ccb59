"""
Take the picture of the README: the page of the demo's first run, in a browser.

`make picture` runs it. The demo's providers answer at once, so that its times are not those of real models.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from orchestrace.cli.page.page import page
from orchestrace.journal.reader import Reader

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
SIZE = {"width": 1180, "height": 980}
DEMO = Path(__file__).parents[1] / "examples" / "demo.py"


def write_page(folder: Path) -> Path:
    """Run the demo with a journal of its own, and write the page of its first run."""
    environment = os.environ | {"ORCHESTRACE_JOURNAL": str(folder / "journal")}
    subprocess.run([sys.executable, str(DEMO)], env=environment, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - ours
    file = folder / "run.html"
    file.write_text(page(Reader(folder / "journal").trace("key=job-417")), encoding="utf-8")
    return file


def take(browser: Any, file: Path, target: Path) -> None:  # noqa: ANN401 - what playwright gives
    """Take the picture of what is seen first."""
    shown = browser.new_page(viewport=SIZE, color_scheme="light", device_scale_factor=1)
    shown.goto(file.as_uri())
    shown.screenshot(path=target)


def main() -> int:
    """Write the picture to the file that is named."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        print("There is no browser here: make browser")
        return 1
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--disable-gpu", *arguments])
        take(browser, write_page(Path(folder)), Path(sys.argv[1]))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
