"""Bars as an SVG that can be read on light and on dark ground."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

__all__ = ["Bar", "bars"]

_WIDTH, _LABELS, _BARS = 860, 300, 440
_ROW, _HEAD, _TITLE = 20, 44, 34
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.panel { font-size: 13px; font-weight: 600 }
.marked { font-weight: 600 }
rect { fill: #9aa4b2 }
rect.marked { fill: #2f7ed8 }
line { stroke: #57606a }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  rect { fill: #6e7885 }
  rect.marked { fill: #58a6ff }
  line { stroke: #c9d1d9 }
}
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure and its spread."""

    label: str
    value: float
    spread: float
    marked: bool = False


def bars(title: str, panels: Mapping[str, Sequence[Bar]]) -> str:
    """Return one picture with a panel below the other, each with a scale of its own; a thin line is the spread."""
    parts, top = [f'<text class="title" x="12" y="22">{escape(title)}</text>'], _TITLE
    for name, panel in panels.items():
        parts.append(f'<text class="panel" x="12" y="{top + 26}">{escape(name)}</text>')
        parts += _panel(panel, top + _HEAD)
        top += _HEAD + _ROW * len(panel)
    size = f'width="{_WIDTH}" height="{top + 12}" viewBox="0 0 {_WIDTH} {top + 12}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">'
    return "\n".join([head, f"<style>{_STYLE}</style>", *parts, "</svg>", ""])


def _panel(panel: Sequence[Bar], top: int) -> list[str]:
    most = max((bar.value + bar.spread / 2 for bar in panel), default=0.0) or 1.0
    parts = []
    for place, bar in enumerate(panel):
        y, length = top + place * _ROW, max(bar.value, 0.0) / most * _BARS
        mark = ' class="marked"' if bar.marked else ""
        low, high = (max(bar.value + half, 0.0) / most * _BARS + _LABELS for half in (-bar.spread / 2, bar.spread / 2))
        digits = 0 if most >= 100 else 1  # noqa: PLR2004 - three figures are enough
        parts += [
            f'<text{mark} x="{_LABELS - 8}" y="{y + 11}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect{mark} x="{_LABELS}" y="{y}" width="{length:.1f}" height="14"/>',
            f'<line x1="{low:.1f}" y1="{y + 7}" x2="{high:.1f}" y2="{y + 7}"/>',
            f'<text{mark} x="{max(_LABELS + length, high) + 6:.1f}" y="{y + 11}">{bar.value:,.{digits}f}</text>',
        ]
    return parts
