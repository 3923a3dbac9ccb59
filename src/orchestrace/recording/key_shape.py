"""What the keys of known issuers look like, and the label each gets where it is masked."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

__all__ = ["anywhere", "at_start", "inside", "label_of"]

_LABELS: Final = {
    "sk-ant-": "anthropic-key",
    "sk-or-": "openrouter-key",
    "sk-lf-": "langfuse-key",
    "sk-": "openai-key",
    "sk_": "stripe-key",
    "rk_": "stripe-key",
    "whsec_": "webhook-secret",
    "AKIA": "aws-key",
    "ASIA": "aws-key",
    "AIza": "google-key",
    "ya29.": "google-token",
    "GOCSPX-": "google-secret",
    "1//0": "google-token",
    "gh": "github-token",
    "github_pat_": "github-token",
    "gl": "gitlab-token",
    "xox": "slack-token",
    "xapp-": "slack-token",
    "hf_": "huggingface-token",
    "gsk_": "groq-key",
    "csk-": "cerebras-key",
    "xai-": "xai-key",
    "pplx-": "perplexity-key",
    "r8_": "replicate-key",
    "nvapi-": "nvidia-key",
    "tvly-": "tavily-key",
    "lsv2_": "langsmith-key",
    "npm_": "npm-token",
    "pypi-": "pypi-token",
    "dop_v1_": "digitalocean-token",
    "dckr_pat_": "docker-token",
    "shp": "shopify-token",
    "SG.": "sendgrid-key",
    "SK": "twilio-key",
    "hvs.": "vault-token",
    "AA": "telegram-token",
    "eyJ": "jwt",
}
"""By prefix, the longer one first where one begins with another."""

_REST: Final = r"[A-Za-z0-9_-]"
_TELLING: Final = (
    # No word and no data in base64 looks like these, whatever stands before them.
    rf"sk-(?={_REST}{{0,64}}[A-Z])(?={_REST}{{0,64}}[0-9]){_REST}{{32,}}",
    r"sk_(?:live|test|prod)_[A-Za-z0-9]{10,}",
    r"rk_(?:live|test|prod)_[A-Za-z0-9]{10,}",
    r"whsec_[A-Za-z0-9+/=]{16,}",
    r"gh[pousr]_[A-Za-z0-9]{24,}",
    r"github_pat_[A-Za-z0-9_]{20,}",
    rf"gl(?:pat|dt|rt|cbt|soat)-{_REST}{{16,}}",
    rf"xox[abeprs]-(?={_REST}{{0,64}}[0-9]){_REST}{{10,}}",
    rf"xapp-[0-9]-{_REST}{{10,}}",
    r"lsv2_(?:pt|sk)_[A-Za-z0-9_]{20,}",
    r"npm_[A-Za-z0-9]{30,}",
    r"dop_v1_[a-f0-9]{32,}",
    rf"dckr_pat_{_REST}{{20,}}",
    r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{24,}",
    rf"ya29\.{_REST}{{20,}}",
    rf"GOCSPX-{_REST}{{20,}}",
    rf"hvs\.{_REST}{{20,}}",
    rf"AA(?<=[0-9]{{4}}:AA){_REST}{{33}}",
    rf"SG\.{_REST}{{16,}}\.{_REST}{{16,}}",
)
_PAIR: Final = r"(?:(?:[\s:,;|/]|\\[nrt]){1,4}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=]))?"
"""The secret key that somebody wrote right behind an AWS key id."""

_NEEDING_A_BOUNDARY: Final = (
    ("sk-", rf"(?={_REST}{{0,64}}[A-Z0-9]){_REST}{{12,}}"),
    ("sk-", r"[a-z_-]{24,}"),
    ("AKIA", r"[A-Z0-9]{16}(?![A-Z0-9])" + _PAIR),
    ("ASIA", r"[A-Z0-9]{16}(?![A-Z0-9])" + _PAIR),
    ("AIza", rf"{_REST}{{32,}}"),
    ("hf_", r"[A-Za-z0-9]{20,}"),
    ("gsk_", r"[A-Za-z0-9]{20,}"),
    ("csk-", r"[A-Za-z0-9]{20,}"),
    ("xai-", r"[A-Za-z0-9]{20,}"),
    ("pplx-", r"[A-Za-z0-9]{20,}"),
    ("r8_", r"[A-Za-z0-9]{20,}"),
    ("nvapi-", rf"{_REST}{{20,}}"),
    ("tvly-", rf"(?={_REST}{{0,64}}[0-9]){_REST}{{16,}}"),
    ("pypi-", rf"(?={_REST}{{0,64}}[A-Z]){_REST}{{30,}}"),
    ("1//0", rf"{_REST}{{24,}}"),
    ("SK", r"[0-9a-f]{32}(?![0-9a-f])"),
    # Two segments suffice: a text that was cut still shows them. The bound keeps an endless `eyJeyJ…` linear.
    ("eyJ", rf"{_REST}{{10,512}}\.(?:eyJ{_REST}{{5,}}(?:\.{_REST}*)?|{_REST}*(?:\.{_REST}+){{1,3}})"),
)
"""Prefix, and what follows it. Data in base64, or a word like `task-…`, can look so in its middle."""


def _behind_boundary(prefix: str, rest: str) -> str:
    # The end of an escape (`\n` in a JSON document, `%20` in an address) is a boundary although it is a letter.
    ends = (
        rf"(?<![A-Za-z0-9]{prefix})",
        rf"(?<=\\[bfnrt]{prefix})",
        rf"(?<=\\u[0-9a-fA-F]{{4}}{prefix})",
        rf"(?<=%[0-9a-fA-F]{{2}}{prefix})",
    )
    return f"{prefix}(?:{'|'.join(ends)}){rest}"


_BARE: Final = "|".join((*_TELLING, *(prefix + rest for prefix, rest in _NEEDING_A_BOUNDARY)))


# Compiled when first used: together that takes 6 ms, which a program would pay at import.
@cache
def anywhere() -> re.Pattern[str]:
    """Return what to search for in a token of usual length."""
    return re.compile("|".join((*_TELLING, *(_behind_boundary(*one) for one in _NEEDING_A_BOUNDARY))))


@cache
def at_start() -> re.Pattern[str]:
    """Return what to match where a token starts."""
    return re.compile(_BARE)


@cache
def inside() -> re.Pattern[str]:
    """Return what to search for in a very long token: it skips from one separator to the next."""
    return re.compile(rf"[-_+/=.](?={_BARE})")


def label_of(key: str) -> str:
    """Return the label of a key by its prefix."""
    return next((label for prefix, label in _LABELS.items() if key.startswith(prefix)), "key")
