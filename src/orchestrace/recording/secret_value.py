"""Mask what stands under a telling name in JSON that crossed the wire: an MCP server's `authorization_token`."""

from __future__ import annotations

from typing import Final

from orchestrace.recording.masking import SECRET
from orchestrace.recording.secret_name import is_secret_name
from orchestrace.typing import JSON

__all__ = ["without_secrets"]

_DEEPEST: Final = 100
"""No request is nested so deeply; what is, is not looked through and so not shown."""


def without_secrets(value: JSON, *, depth: int = 0) -> JSON:
    """
    Return a value in which no text stands under a name that says secret.

    Only texts are: in a schema, `"password": {"type": "string"}` describes a password and holds none.
    """
    if depth > _DEEPEST:
        return SECRET
    if isinstance(value, dict):
        return {key: _under(key, inner, depth) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_secrets(inner, depth=depth + 1) for inner in value]
    return value


def _under(name: str, value: JSON, depth: int) -> JSON:
    if isinstance(value, str):
        return SECRET if value and is_secret_name(name) else value
    return without_secrets(value, depth=depth + 1)
