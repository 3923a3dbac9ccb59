"""Walk over the shapes of data, and over nothing else: `snapshot` says which, and what the bounds are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, ClassVar, Final

from orchestrace.recording.dumping import dumped
from orchestrace.recording.fields import NOTHING, fields_of, type_name
from orchestrace.recording.masking import SECRET, is_secret_name, mask_text
from orchestrace.recording.scalar import number, scalar, sha256

__all__ = ["DEPTH", "ITEMS", "TEXT", "Walk"]

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


class Walk:
    """
    One walk over one value: what may still be written, and which collections are open above.

    A subclass has other bounds, or hears of what the walk does not show.
    """

    __slots__ = ("left", "open")

    longest: ClassVar[int] = TEXT
    most: ClassVar[int] = ITEMS
    deepest: ClassVar[int] = DEPTH

    def __init__(self, budget: int) -> None:
        self.left: int = budget
        self.open: set[int] = set()

    def take(self, value: Any, depth: int) -> Any:  # noqa: ANN401 - from anything at all to JSON
        """Return a value that stands `depth` collections deep as JSON values."""
        kind = type(value)
        self.left -= _NODE
        if kind is str:
            size = len(value)
            if size > self.left or size > self.longest:
                return self.start(value, self.longest)
            self.left -= size
            return value
        if value is None or kind is bool:
            return value
        try:
            return self._other(value, kind, depth)
        except Exception:  # noqa: BLE001 - a stranger's method raised
            return self.closed(kind)

    def refer(self, value: object, kind: type) -> Any:  # noqa: ANN401, ARG002 - JSON
        """Return what stands for a value that is not to be shown; NOTHING for one that is."""
        return NOTHING

    def closed(self, kind: type) -> Any:  # noqa: ANN401 - JSON
        """Return what stands for an object that is no data."""
        return {"type": type_name(kind)}

    def left_out(self, kind: type, count: int) -> Any:  # noqa: ANN401 - JSON
        """Return what stands for the contents of a collection that are not shown."""
        return {"type": type_name(kind), "left_out": count}

    def too_deep(self) -> None:
        """Return what stands for a single value that is nested too deeply."""

    def start(self, text: str, limit: int) -> str:
        """Cut a text, and say of what it is the start."""
        keep = max(min(limit, self.left), 0)
        self.left -= keep
        seen = text[: keep + _MARGIN]
        masked = mask_text(seen)
        digest = sha256(text.encode("utf-8", "surrogatepass"))
        note = ", ".join([f"{len(text)} characters", *(f"{name} {value}" for name, value in digest.items())])
        return f"{masked[: max(len(masked) - len(seen) + keep, 0)]}… [{note}]"

    def _other(self, value: Any, kind: type, depth: int) -> Any:  # noqa: ANN401 - as `take`
        if kind is int or kind is float:
            single: object = number(value)
            return self.take(single, depth) if type(single) is str else single
        if kind is not dict and kind is not list:
            single = self._single(value, kind, depth)
            if single is not NOTHING:
                return single
        if id(value) in self.open:
            return {"type": type_name(kind), "cycle": True}
        self.open.add(id(value))
        try:
            return self._collection(value, kind, depth)
        finally:
            self.open.discard(id(value))

    def _single(self, value: Any, kind: type, depth: int) -> Any:  # noqa: ANN401 - as `take`, or NOTHING
        single = scalar(value)
        if single is not NOTHING:  # an enumeration's member can be anything
            if type(single) is dict:
                return single
            return self.take(single, depth + 1) if depth < self.deepest else self.too_deep()
        if issubclass(kind, _NAMED):
            return {"type": type_name(kind), "name": self.take(_name_of(value), depth)}
        return self.refer(value, kind)

    def _collection(self, value: object, kind: type, depth: int) -> Any:  # noqa: ANN401 - as `take`
        found = _contents(value, kind, self.most)
        if found is NOTHING:
            return self.closed(kind)
        if isinstance(found, tuple):  # a root model is its root
            return self.take(found[0], depth + 1) if depth < self.deepest else self.too_deep()
        taken: Any = {} if isinstance(found, dict) else []
        if depth < self.deepest:
            taken = self._pairs(found, depth + 1) if isinstance(found, dict) else self._items(found, kind, depth + 1)
        if len(taken) < len(found):
            note = self.left_out(kind, _total(value, found) - len(taken))
            if not taken:
                return note
            taken.update({"…": note}) if isinstance(taken, dict) else taken.append(note)
        return taken

    def _pairs(self, found: dict[Any, Any], depth: int) -> dict[str, Any]:
        taken: dict[str, Any] = {}
        # {"name": "API_KEY", "value": …} is how environments and headers are listed.
        telling = "value" in found and (_says_secret(found.get("name")) or _says_secret(found.get("key")))
        left = self.left
        for key, item in islice(found.items(), self.most):
            name = key if type(key) is str and len(key) <= _KEY else self._name(key, found, taken)
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

    def _items(self, found: list[Any], kind: type, depth: int) -> list[Any]:
        if len(found) == 2 and kind is tuple and _says_secret(found[0]):  # noqa: PLR2004 - headers often stand in pairs
            found = [found[0], _hidden(found[1])]
        taken: list[Any] = []
        for item in found:
            if self.left <= 0 or len(taken) == self.most:
                break
            taken.append(self.take(item, depth))
        if issubclass(kind, (set, frozenset)):
            taken.sort(key=repr)  # the order of a set differs from run to run
        return taken

    def _name(self, key: object, found: dict[Any, Any], taken: dict[str, Any]) -> str:
        """Write a key that is no short text, or whose name is taken, as a name of its own."""
        said = key.decode("utf-8", "backslashreplace") if type(key) is bytes else key
        if type(said) is not str:
            said = Walk(TEXT).take(said, DEPTH - 1)
        text = said if type(said) is str else dumped(said)[1].decode()
        name, count = self.start(text, _KEY) if len(text) > _KEY else text, 2
        unique = name
        while unique in taken or unique in found:
            unique, count = f"{name} ({count})", count + 1
        return unique


def _contents(value: Any, kind: type, most: int) -> Any:  # noqa: ANN401 - from anything at all
    """Return what is inside a collection or a model, copied: at most one item more than is shown."""
    if kind is dict and len(value) <= most:
        return value.copy()
    if issubclass(kind, dict):
        return dict(_first(lambda: dict.items(value), most))
    if issubclass(kind, list):
        return list.__getitem__(value, slice(most + 1))
    declared = fields_of(value)
    if declared is not NOTHING:
        return declared
    if issubclass(kind, Mapping):
        return dict(_first(value.items, most))
    return _first(lambda: value, most) if issubclass(kind, (Sequence, AbstractSet, ValuesView)) else NOTHING


def _first(items: Callable[[], Iterable[Any]], most: int) -> list[Any]:
    for _ in range(_TRIES):
        try:
            return list(islice(items(), most + 1))
        except RuntimeError:  # another thread is changing it
            continue
    return list(islice(items(), most + 1))


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
