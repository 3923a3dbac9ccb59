"""Show Markdown as it was meant, without anything that acts: no HTML, no link, no image."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

from orchestrace.cli.page.value import LONG, inline

__all__ = ["markdown"]

_NESTED: Final = 100
"""Levels of lists and quotes; what is deeper is left out by the parser."""


def markdown(text: str) -> Markup | None:
    """Return a text as HTML; None where that would say no more than the text itself, or would take too long."""
    if len(text) > LONG:
        return None
    tokens = _parser().parse(text)
    for token in tokens:
        token.attrs.pop("style", None)  # how a column is aligned; the page's policy allows no such thing
    if all(token.type in _PLAIN for token in tokens) and not any(_is_marked(token) for token in tokens):
        return None
    return Markup(_parser().renderer.render(tokens, _parser().options, {}))  # noqa: S704 - each rule escapes


_PLAIN: Final = ("paragraph_open", "paragraph_close", "inline")


def _is_marked(token: Token) -> bool:
    return any(child.type not in ("text", "softbreak", "hardbreak") for child in token.children or ())


class _Renderer(RendererHTML):
    """Render what acts as what it says: a link as its words and where it would lead, an image as its description."""

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:  # noqa: ANN401, ARG002 - the library's
        return str(inline(tokens[idx].content))

    def code_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:  # noqa: ANN401, ARG002 - the library's
        return str(Markup("<code>{}</code>").format(inline(tokens[idx].content)))

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:  # noqa: ANN401, ARG002 - the library's
        return str(Markup('<div class="code">{}</div>').format(inline(tokens[idx].content)))

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:  # noqa: ANN401, ARG002 - the library's
        language = (
            Markup('<span class="language">{}</span>').format(inline(tokens[idx].info)) if tokens[idx].info else ""
        )
        return str(Markup('<div class="code">{}{}</div>').format(language, inline(tokens[idx].content)))

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:  # noqa: ANN401, ARG002 - the library's
        return '<span class="link">'

    def link_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:  # noqa: ANN401, ARG002 - the library's
        depth, start = 1, idx
        while depth and start:
            start -= 1
            depth += {"link_close": 1, "link_open": -1}.get(tokens[start].type, 0)
        target = str(tokens[start].attrGet("href") or "")
        said = tokens[start + 1].content if idx == start + 2 else None
        shown = Markup(' <span class="target">{}</span>').format(inline(target)) if target != said else ""
        return f"</span>{shown}"

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:  # noqa: ANN401, ARG002 - the library's
        said, source = tokens[idx].content, str(tokens[idx].attrGet("src") or "")
        return str(
            Markup('<span class="link">[{}]</span> <span class="target">{}</span>').format(inline(said), inline(source))
        )


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    # Definitions of links would vanish from what is read. Addresses are only shown, so none is refused or encoded.
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _NESTED}, renderer_cls=_Renderer)
    parser.enable(["table", "strikethrough"]).disable("reference")
    parser.validateLink = lambda url: True  # type: ignore[method-assign] # noqa: ARG005 - so the library documents it
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign] # as above
    return parser
