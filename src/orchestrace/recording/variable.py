"""Variables of the environment that are asked in every call: unset, which they mostly are, they cost a look-up."""

from __future__ import annotations

import os
from typing import Any, Final

__all__ = ["Variable"]

_KIND: Final = type(os.environ)


class Variable:
    """One variable. Called, it says its value, without blanks around it and in lower case; empty if it is unset."""

    __slots__ = ("_key", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._key: Any = os.environ.encodekey(name)

    def __call__(self) -> str:  # noqa: D102 - see above
        environ = os.environ
        # Python's own answer, that there is none, comes through four calls and an exception: ten times the price.
        if type(environ) is _KIND and self._key not in environ._data:  # type: ignore[attr-defined] # noqa: SLF001
            return ""
        return environ.get(self._name, "").strip().lower()
