"""
Copy a value into JSON at this moment: what the program passed, whatever it does to it afterwards.

Only shapes of data are walked: scalars, mappings, sequences, sets, and the declared fields of pydantic models,
dataclasses, attrs classes and named tuples. Anything else is `{"type": "module.Class"}`, because the attributes of a
client hold its key. Iterators are never advanced.

Bounds: a text over 256 Ki characters, or over what is left of the whole, is its start and `… [n characters, sha256 …]`;
a collection shows 1,000 items and then `{"type", "left_out"}`; so does one that is nested deeper than 32; a cycle is
`{"type", "cycle": true}`; the whole is at most 1 MiB of JSON. Bytes are `{"type", "size", "sha256"}`. NaN, infinities
and numbers beyond 64 bits are texts; a lone surrogate is U+FFFD. Values under secret names are masked, unless None, a
bool or empty; every text is searched for known keys.

Never raises an `Exception`, whatever a stranger's methods do. A KeyboardInterrupt or SystemExit passes: it is the
user's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, Final

from orchestrace.recording.fields import NOTHING, fields_of, type_name
from orchestrace.recording.masking import SECRET, is_secret_name, mask_text
from orchestrace.recording.scalar import number, scalar, sha256
from orchestrace.typing import JSON

__all__ = ["encode", "snapshot"]

LIMIT: Final = 1 << 20
DEPTH: Final = 32
ITEMS: Final = 1000
TEXT: Final = 256 << 10
_KEY: Final = 256
_SHORT: Final = 1024
_MARGIN: Final = 8192
"""Read beyond a cut before masking, so that no key is cut in two and missed."""
_NODE: Final = 16
"""What even an empty value takes of the whole."""
_TRIES: Final = 3
_hides: Final = lru_cache(maxsize=2048)(is_secret_name)
"""Asked for every name, and the names of a program are few."""
_NAMED: Final = (type, FunctionType, BuiltinFunctionType, MethodType)


def snapshot(value: object) -> JSON:
    """Return `value` as JSON values, detached from it. Never raises."""
    return _take(value)[0]


def encode(value: object) -> str:
    """Return the snapshot of `value` as JSON text, UTF-8 without escapes. Never raises."""
    return _take(value)[1]


def _take(value: object) -> tuple[JSON, str]:
    try:
        budget = LIMIT
        while budget:
            taken, document = _dumped(_Walk(budget).take(value, 0))
            if len(document) <= LIMIT:
                return _masked(taken, document.decode())
            budget //= 2  # long characters, escapes, notes of what was left out
    except Exception:  # noqa: BLE001, S110 - memory or stack ran out, or a stranger found a way
        pass
    lost: JSON = {"type": type_name(type(value)).encode("ascii", "replace").decode()}
    return lost, _dump(lost).decode()


def _dumped(taken: JSON) -> tuple[JSON, bytes]:
    try:
        return taken, _dump(taken)
    except TypeError:  # a lone surrogate
        import json  # noqa: PLC0415 - rarely wanted

        text = json.dumps(taken, ensure_ascii=False).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        whole = _load(text)
        return whole, _dump(whole)


def _masked(taken: JSON, text: str) -> tuple[JSON, str]:
    # Nearly every value holds no key, so they are looked for in the whole, once.
    masked = mask_text(text)
    if masked is text:
        return taken, text
    taken = _load(masked)
    return taken, _dump(taken).decode()  # again: two names can have become one


def _dump(value: JSON) -> bytes:
    import orjson  # noqa: PLC0415 - 3 ms at import, wanted at the first call

    return orjson.dumps(value)


def _load(text: str | bytes) -> JSON:
    import orjson  # noqa: PLC0415 - as above

    value: JSON = orjson.loads(text)
    return value


class _Walk:
    """One walk over one value: what may still be written, and which collections are open above."""

    __slots__ = ("left", "open")

    def __init__(self, budget: int) -> None:
        self.left = budget
        self.open: set[int] = set()

    def take(self, value: Any, depth: int) -> Any:  # noqa: ANN401 - from anything at all to JSON
        kind = type(value)
        self.left -= _NODE
        if kind is str:
            size = len(value)
            if size > self.left or size > TEXT:
                return self.start(value, TEXT)
            self.left -= size
            return value
        if value is None or kind is bool:
            return value
        try:
            return self.other(value, kind, depth)
        except Exception:  # noqa: BLE001 - a stranger's method raised
            return {"type": type_name(kind)}

    def start(self, text: str, limit: int) -> str:
        """Cut a text, and say of what it is the start."""
        keep = max(min(limit, self.left), 0)
        self.left -= keep
        seen = text[: keep + _MARGIN]
        masked = mask_text(seen)
        digest = sha256(text.encode("utf-8", "surrogatepass"))
        note = ", ".join([f"{len(text)} characters", *(f"{name} {value}" for name, value in digest.items())])
        return f"{masked[: max(len(masked) - len(seen) + keep, 0)]}… [{note}]"

    def other(self, value: Any, kind: type, depth: int) -> Any:  # noqa: ANN401 - as `take`
        if kind is int or kind is float:
            single: object = number(value)
            return self.take(single, depth) if type(single) is str else single
        if kind is not dict and kind is not list:
            single = scalar(value)
            if single is not NOTHING:  # an enumeration's member can be anything
                return single if type(single) is dict else self.take(single, depth + 1) if depth < DEPTH else None
            if issubclass(kind, _NAMED):
                return {"type": type_name(kind), "name": self.take(_name_of(value), depth)}
        if id(value) in self.open:
            return {"type": type_name(kind), "cycle": True}
        self.open.add(id(value))
        try:
            return self.collection(value, kind, depth)
        finally:
            self.open.discard(id(value))

    def collection(self, value: object, kind: type, depth: int) -> Any:  # noqa: ANN401 - as `take`
        found = _contents(value, kind)
        if found is NOTHING:
            return {"type": type_name(kind)}
        if isinstance(found, tuple):  # a root model is its root
            return self.take(found[0], depth + 1) if depth < DEPTH else None
        taken: Any = {} if isinstance(found, dict) else []
        if depth < DEPTH:
            taken = self.pairs(found, depth + 1) if isinstance(found, dict) else self.items(found, kind, depth + 1)
        if len(taken) < len(found):
            note = {"type": type_name(kind), "left_out": _total(value, found) - len(taken)}
            if not taken:
                return note
            taken.update({"…": note}) if isinstance(taken, dict) else taken.append(note)
        return taken

    def pairs(self, found: dict[Any, Any], depth: int) -> dict[str, Any]:
        taken: dict[str, Any] = {}
        # {"name": "API_KEY", "value": …} is how environments and headers are listed.
        telling = "value" in found and (_says_secret(found.get("name")) or _says_secret(found.get("key")))
        left = self.left
        for key, item in islice(found.items(), ITEMS):
            name = key if type(key) is str and len(key) <= _KEY else self.name(key, found, taken)
            if _hides(name) or (telling and name == "value"):
                item = _hidden(item)  # noqa: PLW2901 - nothing below is to see the secret
            left -= len(name)
            if left <= 0:
                break
            if type(item) is str and len(item) <= _SHORT:  # nearly every one: not worth a call
                left -= len(item) + _NODE
                taken[name] = item
            else:
                self.left = left
                taken[name] = self.take(item, depth)
                left = self.left
        self.left = left
        return taken

    def items(self, found: list[Any], kind: type, depth: int) -> list[Any]:
        if len(found) == 2 and kind is tuple and _says_secret(found[0]):  # noqa: PLR2004 - headers often stand in pairs
            found = [found[0], _hidden(found[1])]
        taken: list[Any] = []
        for item in found:
            if self.left <= 0 or len(taken) == ITEMS:
                break
            taken.append(self.take(item, depth))
        if issubclass(kind, (set, frozenset)):
            taken.sort(key=repr)  # the order of a set differs from run to run
        return taken

    def name(self, key: object, found: dict[Any, Any], taken: dict[str, Any]) -> str:
        """Write a key that is no short text, or whose name is taken, as a name of its own."""
        said = key.decode("utf-8", "backslashreplace") if type(key) is bytes else key
        if type(said) is not str:
            said = _Walk(TEXT).take(said, DEPTH - 1)
        text = said if type(said) is str else _dumped(said)[1].decode()
        name, count = self.start(text, _KEY) if len(text) > _KEY else text, 2
        unique = name
        while unique in taken or unique in found:
            unique, count = f"{name} ({count})", count + 1
        return unique


def _contents(value: Any, kind: type) -> Any:  # noqa: ANN401 - from anything at all
    """Return what is inside a collection or a model, copied: at most one item more than is shown."""
    if kind is dict and len(value) <= ITEMS:
        return value.copy()
    if issubclass(kind, dict):
        return dict(_first(lambda: dict.items(value)))
    if issubclass(kind, list):
        return list.__getitem__(value, slice(ITEMS + 1))
    declared = fields_of(value)
    if declared is not NOTHING:
        return declared
    if issubclass(kind, Mapping):
        return dict(_first(value.items))
    return _first(lambda: value) if issubclass(kind, (Sequence, AbstractSet, ValuesView)) else NOTHING


def _first(items: Callable[[], Iterable[Any]]) -> list[Any]:
    for _ in range(_TRIES):
        try:
            return list(islice(items(), ITEMS + 1))
        except RuntimeError:  # another thread is changing it
            continue
    return list(islice(items(), ITEMS + 1))


def _total(value: Any, found: Any) -> int:  # noqa: ANN401 - anything that has contents
    try:
        return max(len(value), len(found))
    except Exception:  # noqa: BLE001 - a stranger's `__len__`, or none
        return len(found)


def _name_of(value: Any) -> object:  # noqa: ANN401 - a class, function or method
    return type_name(value) if isinstance(value, type) else f"{value.__module__}.{value.__qualname__}"


def _says_secret(name: object) -> bool:
    return type(name) is str and is_secret_name(name)


def _hidden(item: Any) -> object:  # noqa: ANN401 - anything at all
    kind = type(item)
    if item is None or kind is bool or (kind in {str, bytes, list, tuple, dict} and not item):
        return item
    return SECRET
