from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil import Document
from sybil.parsers.markdown import CodeBlockParser

from orchestrace.testing import ReplayServer, Request, anthropic_message, openai_chat

SKIP = re.compile(r"<!-- skip: *(?P<words>[^>]*?) *-->\s*(?:<!-- [^>]*-->\s*)?\Z")
FROM = re.compile(r"<!-- from: *(?P<words>\S*) *-->\s*(?:<!-- [^>]*-->\s*)?\Z")
LINK = re.compile(r"\[[^\]]*\]\((?!\w+:)(?P<target>[^)#\s]+)(?:#[^)\s]*)?\)")
TARGET = re.compile(r"(?<![\w-])make ((?:[a-z]+ ?)+)")

OTHERS = ("-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:langsmith_plugin")
"""Plugins that a document's tests do not need, and that take a second to start."""
PROGRAM = """
for line, text in {blocks!r}:
    exec(compile("\\n" * (line - 1) + text, {document!r}, "exec"), globals())
"""


class Block:
    """One fenced block: its text, the line it starts on, and what the comments above it say."""

    def __init__(self, document: Path, text: str, line: int) -> None:
        self.text = text
        self.line = line
        above = "\n".join(document.read_text(encoding="utf-8").splitlines()[: line - 2])
        self.skipped = _words(SKIP, above)
        self.quoted = _words(FROM, above)


def _words(comment: re.Pattern[str], above: str) -> str | None:
    found = comment.search(above)
    return found["words"] if found else None


def _flat(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def blocks(document: Path, language: str = "python") -> Iterator[Block]:
    """Return the blocks of one language, in the order in which they are read."""
    parser = CodeBlockParser(language=language, evaluator=lambda _: None)
    for example in Document.parse(str(document), parser).examples():
        yield Block(document, example.parsed, example.line + 1)


class TestDocuments:
    def test_python_blocks_run(self, document: Path, tmp_path: Path, offline: dict[str, str]) -> None:
        """The blocks of a document, one after the other, are a program that ends well; its tests pass."""
        run = [(block.line, block.text) for block in blocks(document) if block.skipped is None]
        program = tmp_path / f"{document.stem.lower()}.py"
        program.write_text(PROGRAM.format(blocks=run, document=str(document)), encoding="utf-8")
        runner = ["-m", "pytest", "-q", "--no-header", *OTHERS] if any("def test_" in text for _, text in run) else []
        command = [sys.executable, *runner, str(program)]
        done = subprocess.run(  # noqa: S603 - our own documents
            command, cwd=tmp_path, env=os.environ | offline, capture_output=True, text=True, timeout=60, check=False
        )

        assert 0 == done.returncode, f"{document}\n{done.stdout}\n{done.stderr}"

    def test_skipped_blocks_say_why(self, document: Path) -> None:
        """A block that is not run has a reason above it, for the next reader."""
        assert [] == [block.line for block in blocks(document) if block.skipped == ""]

    def test_quoted_code_is_what_the_file_says(self, document: Path, root: Path) -> None:
        """A block with `<!-- from: path -->` above stands in that file, word for word; a fragment may be moved left."""
        quoted = [(root / block.quoted, block.text) for block in blocks(document) if block.quoted is not None]

        assert [] == [path for path, text in quoted if _flat(text) not in _flat(path.read_text(encoding="utf-8"))]

    def test_make_targets_exist(self, document: Path, root: Path) -> None:
        """Every `make …` that a document names can be typed."""
        targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        typed = [block.text for language in ("bash", "sh", "console") for block in blocks(document, language)]
        typed += re.findall(r"`([^`\n]*make [^`\n]*)`", document.read_text(encoding="utf-8"))
        named = {name for text in typed for words in TARGET.findall(text) for name in words.split()}

        assert set() == named - targets

    def test_links_lead_somewhere(self, document: Path) -> None:
        """A link within the repository leads to a file or folder that exists."""
        targets = [match["target"] for match in LINK.finditer(document.read_text(encoding="utf-8"))]

        assert [] == [target for target in targets if not (document.parent / target).exists()]


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give an environment in which the providers are on this machine, and the journal is in a folder of its own."""
    with ReplayServer() as server:
        server.answer(lambda request: openai_chat(stream=_streams(request)), path="/v1/chat/completions", times=None)
        server.answer(lambda request: anthropic_message(stream=_streams(request)), path="/v1/messages", times=None)
        yield {
            "ORCHESTRACE_JOURNAL": str(tmp_path / "journal"),
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OPENAI_API_KEY": "of-no-use",
            "ANTHROPIC_BASE_URL": server.url,
            "ANTHROPIC_API_KEY": "of-no-use",
        }


def _streams(request: Request) -> bool:
    return bool(request.json().get("stream"))
