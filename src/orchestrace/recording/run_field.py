"""
Our field of a carrier: whose run it is, and which prompt and level of content are in force.

It is JSON, in which whatever a header cannot hold is percent-encoded. It may come from anybody: it is bounded, and of
what it says only identities are taken, under the names that `conventions` has for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

import orjson

from orchestrace import conventions as names
from orchestrace.recording.prompt_use import PromptUse
from orchestrace.recording.text import label
from orchestrace.typing import AttributeValue

__all__ = ["LIMIT", "decoded", "encoded", "identity_of", "prompt_of"]

LIMIT: Final = 8192
"""Bytes: what common servers take of a header."""

_PLAIN: Final = " !#$&'()*+,-./:;<=>?@[]^_`{|}~\""
"""Beside letters and digits, what a header's value may hold."""

_TEXTS: Final = (
    names.AGENT_NAME,
    names.KEY,
    names.CONVERSATION_ID,
    names.SESSION_ID,
    names.USER_ID,
    names.TENANT,
)
_KINDS: Final[dict[str, type]] = {
    names.ITERATION_INDEX: int,
    names.ITERATION_INFERRED: bool,
    **dict.fromkeys(_TEXTS, str),
}
"""What identifies a run, and what kind of value it has; last what is dropped first where not all has room."""

_PREFIXES: Final[dict[str, type]] = {names.EXPERIMENT_PREFIX: str, names.TAG_PREFIX: bool}
_PROMPT: Final = (names.PROMPT_NAME, names.PROMPT_VERSION, names.PROMPT_HASH, names.FEW_SHOT_HASH)
_LARGEST: Final = 2**31


def encoded(run: dict[str, Any]) -> str:
    """Write what is known of a run; of an identity that is too long, as much as there is room for."""
    text = quote(orjson.dumps(run), safe=_PLAIN)
    identity = dict(run.get("identity", ()))
    while len(text) > LIMIT and identity:
        identity.popitem()
        text = quote(orjson.dumps(run | {"identity": identity}), safe=_PLAIN)
    return text


def decoded(text: str) -> dict[str, Any]:
    """Read it back; nothing, where somebody else wrote it, or it was cut."""
    if not text or len(text) > LIMIT:
        return {}
    try:
        run = orjson.loads(unquote(text, errors="strict"))
    except ValueError:
        return {}
    return run if isinstance(run, dict) else {}


def identity_of(found: object) -> dict[str, AttributeValue]:
    """Return of what is passed on, or came, what may travel: known names with values of their kind."""
    if not isinstance(found, Mapping):
        return {}
    wanted = [(name, kind) for name, kind in _KINDS.items() if name in found]
    for prefix, kind in _PREFIXES.items():
        wanted += [(name, kind) for name in found if _extends(name, prefix)]
    checked = ((name, _checked(found[name], kind)) for name, kind in wanted)
    return {name: value for name, value in checked if value is not None}


def prompt_of(found: object) -> PromptUse | None:
    """Return the identity of a prompt, as the prompt whose words stayed where it was rendered."""
    if not isinstance(found, Mapping):
        return None
    name, version, digest, few_shot = (_checked(found.get(one), str) for one in _PROMPT)
    if not (name and version and digest):
        return None
    return PromptUse(str(name), str(version), str(digest), "", {}, few_shot_hash=str(few_shot) if few_shot else None)


def _extends(name: object, prefix: str) -> bool:
    if not isinstance(name, str) or not name.startswith(prefix):
        return False
    rest = name[len(prefix) :]
    return bool(rest) and rest == label(rest)


def _checked(value: object, kind: type) -> AttributeValue | None:
    if type(value) is not kind:
        return None
    if isinstance(value, str):
        return label(value) or None
    return value if isinstance(value, int) and 0 < value < _LARGEST else None
