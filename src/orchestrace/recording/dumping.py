"""Write JSON values as bytes, whatever the texts among them hold."""

from __future__ import annotations

from orchestrace.typing import JSON

__all__ = ["dump", "dumped", "load"]


def dumped(taken: JSON) -> tuple[JSON, bytes]:
    """Return JSON values with every lone surrogate in them replaced, and the same as bytes."""
    try:
        return taken, dump(taken)
    except TypeError:  # a lone surrogate
        import json  # noqa: PLC0415 - rarely wanted

        text = json.dumps(taken, ensure_ascii=False).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        whole = load(text)
        return whole, dump(whole)


def dump(value: JSON, *, in_order: bool = False) -> bytes:
    """Return JSON values as UTF-8 without blanks and escapes, `in_order` with the names of objects sorted."""
    import orjson  # noqa: PLC0415 - 3 ms at import, wanted at the first call

    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if in_order else None)


def load(text: str | bytes) -> JSON:
    """Return the JSON values that a text is."""
    import orjson  # noqa: PLC0415 - as above

    value: JSON = orjson.loads(text)
    return value
