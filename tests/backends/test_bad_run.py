"""What an SRE does to find a bad run, as a program: examples/bad_run.py, in front of the real Jaeger."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.backends.conftest import Jaeger, ToldStory

pytestmark = pytest.mark.backends

SEEN = {
    "search": ["job-418", "3", "limit", "begging does not help", "job-419", "error openai.BadRequestError"],
    "timeline": [
        "invoke_workflow sourcing",
        "iteration 3",
        "evaluate tone",
        "abandoned",
        "SELECT profiles",
        "cancelled",
    ],
    "drafts": [
        "Dear Ms. Ångström",
        "no human says hereby",
        "Zoë. Job. Call.",
        "length: failed",
        "tone: 0.1 failed begging",
    ],
    "prompt": [
        "用候选人的语言写。",
        "Your last draft was judged: friendlier, but curt",
        "sourcing/draft",
        "abandoned",
        "gpt-4o",
    ],
    "error": ["context_length_exceeded", "400", "This model's maximum context length is 128000 tokens."],
}
"""What is to be seen in each picture."""


@pytest.fixture(scope="module")
def pictures(
    tell: Callable[..., ToldStory],
    jaeger: Jaeger,
    root: Path,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Path:
    """Tell the stories, look for what went bad, and return the folder of what was seen: with `--tables`, docs/."""
    for story in ("accepted", "rejected", "refused"):
        tell(story, "http/protobuf")
    folder = root / "docs" if request.config.getoption("--tables") else tmp_path_factory.mktemp("pictures")
    command = [sys.executable, str(root / "examples" / "bad_run.py"), "--jaeger", jaeger.url]
    told = [*command, "--service", "sourcing", str(folder)]
    done = subprocess.run(told, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours

    assert (0, "") == (done.returncode, done.stderr)
    return folder


def text(picture: Path) -> str:
    """Return what can be read in a picture, as one line."""
    drawn = picture.read_text(encoding="utf-8").partition("</defs>")[2]
    words = [html.unescape(line) for line in re.findall(r"<text[^>]*>([^<]*)</text>", drawn)]
    return " ".join(" ".join(words).split())


@pytest.mark.parametrize("picture", SEEN)
class TestPictures:
    def test_show_what_went_bad(self, picture: str, pictures: Path) -> None:
        """Each step shows what the next one needs."""
        seen = text(pictures / f"bad-run-{picture}.svg")

        assert [] == [words for words in SEEN[picture] if words not in seen]

    def test_are_those_of_the_page(self, picture: str, root: Path) -> None:
        """The page shows the picture of this step, and it is up to date: `make tables` renews it."""
        page = (root / "docs" / "bad-runs.md").read_text(encoding="utf-8")
        shown = text(root / "docs" / f"bad-run-{picture}.svg")

        assert f"(bad-run-{picture}.svg)" in page
        assert [] == [words for words in SEEN[picture] if words not in shown]
