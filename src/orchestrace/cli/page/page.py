"""
Write a trace as one page, which needs nothing but a browser.

All that came from elsewhere is put in as text. The page's policy lets a browser run the one script and apply the one
style that are in it, by their hashes, and load nothing at all.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from orchestrace.cli.page.view import page_view
from orchestrace.recording.tracer import version
from orchestrace.records import SpanRecord

__all__ = ["page"]

_TEMPLATES: Final = files("orchestrace.cli.page") / "templates"


def page(spans: Iterable[SpanRecord]) -> str:
    """Return the page of a trace, as HTML. The spans may come in any order."""
    script, style = _source("page.js"), _source("page.css")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template("page.html")
        .render(
            view=page_view(spans),
            policy=policy,
            script=Markup(script),  # noqa: S704 - ours
            style=Markup(style),  # noqa: S704 - ours
            version=version(),
        )
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _source(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
