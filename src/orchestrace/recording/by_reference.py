"""
Values that are recorded by reference: `{"type", "id" or "uri", "sha256"}` in place of a snapshot.

The SHA-256 is that of the whole snapshot, before any bound on its size, as canonical JSON: UTF-8 without blanks and
escapes, names sorted. Secrets are masked in it, because the hash of a short one can be guessed. A model, a dataclass
and the dict of the same data have the same hash: whoever loads the data later can tell whether they are still the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final, NamedTuple

from orchestrace.exceptions import UsageError
from orchestrace.recording.dumping import dump, dumped
from orchestrace.recording.fields import NOTHING, fields_of, type_name
from orchestrace.recording.masking import mask_text
from orchestrace.recording.selectors import MISSING, select_from
from orchestrace.recording.walk import ITEMS, Walk
from orchestrace.typing import JSON, Selector

__all__ = ["ByReference", "Referred", "fingerprint", "is_referred", "refer", "referred", "register_reference"]

_WHOLE: Final = 16 << 20
"""Characters: walking over more takes longer than a program would like to wait."""
_LONGEST: Final = 2048
"""Characters of an id or URI."""
_URI: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|urn:)\S+")
_IDS: Final = ("id", "uri", "url")
"""Where data of a type that nobody has registered say which they are."""

_registered: Final[dict[type, Selector]] = {}


@dataclass(frozen=True, slots=True)
class ByReference:
    """
    Say in an annotation that an argument is recorded by reference: `Annotated[Candidate, ByReference("id")]`.

    `selector` finds the id or URI, as in `register_reference`; default: what is registered for the type, else the
    field `id`, `uri` or `url`.
    """

    selector: Selector | None = None


class Referred(NamedTuple):
    """A value on its way into a snapshot, in which a reference is to stand for it."""

    value: object
    selector: Selector | None = None


def register_reference(kind: type, selector: Selector) -> None:
    """
    Record values of a type, and of its subclasses, by reference, wherever they stand in inputs, outputs or variables.

    `selector` finds what identifies a value: a path over it, such as `"id"`, or a callable that gets it. What looks
    like a URI is recorded as `uri`, anything else as `id`. Of several registered types the nearest counts; a second
    registration of the same replaces the first. Raises UsageError for what is no class of the program's own.
    """
    if not isinstance(kind, type) or kind.__module__ == "builtins":
        shown = getattr(kind, "__name__", repr(kind))
        msg = f"register_reference({shown:.80}, …): give it a class of your own, such as CandidateProfile."
        raise UsageError(msg)
    if not (isinstance(selector, str) and selector) and not callable(selector):
        msg = (
            f"register_reference({kind.__name__}, {selector!r:.80}): "
            'the selector is a path over the value, such as "id", or a callable that gets it.'
        )
        raise UsageError(msg)
    _registered[kind] = selector
    _selector_of.cache_clear()


def fingerprint(value: object) -> str | None:
    """
    Return the SHA-256, in hex, that a reference to `value` carries; None where there is nothing to compare.

    The same data have the same one, whatever the order of their names, and whether they are a model or a dict. None is
    that of an object that is no data, or of data that are too large: over 16 Mi characters, or nested deeper than 100.
    Never raises.
    """
    return _whole(value).sha256


def referred(values: Mapping[str, object], references: Mapping[str, Selector | None]) -> dict[str, object]:
    """Return values by name, those that are named in `references` to be recorded as such."""
    return {name: Referred(value, references[name]) if name in references else value for name, value in values.items()}


def is_referred(value: object) -> bool:
    """Tell whether a reference is recorded in place of a value."""
    kind = type(value)
    return kind is Referred or (bool(_registered) and _selector_for(kind) is not None)


def refer(value: Any, kind: type) -> Any:  # noqa: ANN401 - from anything at all to JSON, or NOTHING
    """Return the reference that is recorded in place of a value, NOTHING if its snapshot is. May raise."""
    if kind is Referred:
        return _reference(value.value, value.selector)
    if _registered and (selector := _selector_for(kind)) is not None:
        return _reference(value, selector)
    return NOTHING


def _selector_for(kind: type) -> Selector | None:
    try:
        return _selector_of(kind)
    except Exception:  # noqa: BLE001 - a class is hashable, unless its metaclass says otherwise
        return None


@lru_cache(maxsize=512)
def _selector_of(kind: type) -> Selector | None:
    return next((_registered[base] for base in kind.__mro__ if base in _registered), None)


def _reference(value: Any, selector: Selector | None) -> JSON:  # noqa: ANN401 - anything at all
    if value is None:
        return None
    kind = type(value)
    if issubclass(kind, (list, tuple)) and _holds_entities(value):
        return [_reference(one, selector) for one in value]
    if selector is None:
        selector = _selector_for(kind)
    whole = _whole(value)
    said: dict[str, JSON] = {"type": type_name(kind)}
    known = _identifier(_found(value, selector, whole.taken))
    if known is not None:
        said["uri" if isinstance(known, str) and _URI.fullmatch(known) else "id"] = known
    if whole.sha256 is not None:
        said["sha256"] = whole.sha256
        if whole.partial:
            said["partial"] = True
    return said


def _holds_entities(values: Sequence[object]) -> bool:
    if fields_of(values) is not NOTHING or not 0 < len(values) <= ITEMS:
        return False
    return all(map(_is_entity, values))


def _is_entity(value: object) -> bool:
    kind = type(value)
    return issubclass(kind, Mapping) or fields_of(value) is not NOTHING or _selector_for(kind) is not None


def _found(value: object, selector: Selector | None, taken: JSON) -> object:
    if selector is not None:
        return select_from(value, selector)
    if not isinstance(taken, dict):
        return MISSING
    return next((taken[name] for name in _IDS if isinstance(taken.get(name), (str, int)) and taken[name]), MISSING)


def _identifier(found: object) -> JSON:
    if found is MISSING or found is None:
        return None
    taken: JSON = Walk(_LONGEST).take(found, 0)
    if isinstance(taken, (str, list)):
        return taken or None
    return taken if isinstance(taken, (int, float)) and not isinstance(taken, bool) else None


class _Snapshot(NamedTuple):
    """A whole snapshot, its hash, and whether something in it stands there by its type alone."""

    taken: JSON
    sha256: str | None
    partial: bool


def _whole(value: object) -> _Snapshot:
    walk = _Whole(_WHOLE)
    taken: JSON = None
    try:
        taken, _ = dumped(walk.take(value, 0))
        if walk.is_cut or walk.is_closed(taken):
            return _Snapshot(taken, None, walk.partial)
        document = mask_text(dump(taken, in_order=True).decode())
        import hashlib  # noqa: PLC0415 - 2 ms at import, wanted where something is referred to

        return _Snapshot(taken, hashlib.sha256(document.encode()).hexdigest(), walk.partial)
    except Exception:  # noqa: BLE001 - memory or stack ran out, or a stranger found a way
        return _Snapshot(taken, None, partial=True)


class _Whole(Walk):
    """A walk that shows everything, references too, and knows what it did not."""

    __slots__ = ("is_cut", "partial")

    longest: ClassVar[int] = _WHOLE
    most: ClassVar[int] = _WHOLE
    deepest: ClassVar[int] = 100

    def __init__(self, budget: int) -> None:
        super().__init__(budget)
        self.is_cut: bool = False
        self.partial: bool = False

    def is_closed(self, taken: JSON) -> bool:
        """Tell whether nothing at all is shown."""
        return self.partial and isinstance(taken, dict) and taken.keys() == {"type"}

    def start(self, text: str, limit: int) -> str:
        """Cut a text, unless it is the name of something, which may be cut anywhere."""
        self.is_cut = self.is_cut or limit == self.longest
        return super().start(text, limit)

    def closed(self, kind: type) -> Any:  # noqa: ANN401 - JSON
        """Take note that an object is no data."""
        self.partial = True
        return super().closed(kind)

    def left_out(self, kind: type, count: int) -> Any:  # noqa: ANN401 - JSON
        """Take note that not everything is there."""
        self.is_cut = True
        return super().left_out(kind, count)

    def too_deep(self) -> None:
        """Take note of it."""
        self.is_cut = True
