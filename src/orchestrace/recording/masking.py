"""
Replace secrets inside texts by markers like `[masked:openai-key]`.

A key is a long word, and long words are rare. So a text is first looked through for one at C speed (2 ns a
character), and only what is found is compared with the shapes of known keys and with the name in front of it. Nothing
here depends on where a text was cut or escaped: the text of a JSON document can be masked as it stands and stays valid.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64
from functools import cache, lru_cache
from typing import Final

from orchestrace.recording.key_shape import anywhere, at_start, inside, label_of
from orchestrace.recording.secret_name import is_secret_name

__all__ = ["SECRET", "is_secret_name", "mask_text", "masked"]

SECRET: Final = "[masked:secret]"  # noqa: S105 - the marker
"""What stands in place of a value whose name says that it is secret."""

_SHORTEST: Final = 8
_LONG_WORD: Final = b"a" * 16
_USUAL: Final = 64
_VERY_LONG: Final = 1024
_RANDOM_BY_LENGTH: Final = 16
_TELLING_BEFORE: Final = ("\\", "%", ":")
"""Where such a character stands in front, a word must be looked at in its place: `\\nsk-…`, `%20sk-…`."""

_WORD: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+/=")
_FLAT: Final = bytes(ord("a") if code in _WORD else ord("." if code == ord(".") else " ") for code in range(256))
"""Turns every character of a long word into `a`, so that one search finds them all."""

_BEFORE: Final = 64
"""How far before a long word the name may begin that makes it a secret."""

_BETWEEN: Final = " \t\"'\\:=>"
"""What may stand between a name and its value."""

_NAMED: Final = "secret"
_BASIC: Final = "basic-auth"
_SCHEMES: Final = {"bearer": "bearer-token", "basic": _BASIC, "token": _NAMED}
_NAME: Final = re.compile(r"[\w.-]+")
_VALUE: Final = re.compile(r"[A-Za-z0-9_\-+/=.~!@#$%^*]{8,}")
_TELLING: Final = re.compile("[0-9A-Z]")
_ESCAPES: Final = {"b": 1, "f": 1, "n": 1, "r": 1, "t": 1, "u": 5}
_DIGIT: Final = re.compile("[0-9]")
_LETTER: Final = re.compile("[A-Za-z]")
_NUMBER: Final = re.compile(r"-?[0-9.]+[eE][-+]?[0-9]+")
"""A number with an exponent mixes letters and digits; in a JSON document nothing can stand in for it."""


# Compiled when first used, which most programs never need.
@cache
def _address_pattern() -> re.Pattern[str]:
    return re.compile(r"://([^\s/?#:@\"'\\<>()\[\]{}]{0,128}):([^\s/?#\"'\\<>]{1,256})@(?=[\w\[.-])")


@cache
def _header_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(uthorization[\"'\\]{0,6}[ \t]{0,4}[:=,][ \t]{0,4}[b\"'\\(\[]{0,6}"
        r"(?:bearer|basic|digest|token|apikey|api-key|key|negotiate)[ \t]{1,4})([A-Za-z0-9_\-+/=.~]{4,})",
        re.IGNORECASE,
    )


@cache
def _pem_pattern() -> re.Pattern[str]:
    return re.compile(
        r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?:[A-Za-z0-9+/=\s:,.()]|-(?!----)|\\+[nrt])*-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----"
        r"|(?:(?:\s|\\+[nrt])*[A-Za-z0-9+/=]{16,})*)"  # cut off before its end
    )


def masked(document: bytes) -> str:
    """Return UTF-8 as a text, as `mask_text` does; nearly none holds what could be a key, and bytes tell so sooner."""
    is_clean = (
        _LONG_WORD not in document.translate(_FLAT)
        and (b"@" not in document or b"://" not in document)
        and (b"z" not in document or b"uthorization" not in document)  # one letter is found ten times sooner
        and (b"Z" not in document or b"UTHORIZATION" not in document)
    )
    text = document.decode()
    return text if is_clean else mask_text(text)


def mask_text(text: str) -> str:
    """
    Return `text` with every known key in it replaced; the very same object if there is none.

    Known are the key shapes of `key_shape`, PEM private keys, passwords in addresses, `Authorization` values, and
    random-looking values right behind a name like `password=`.
    """
    if len(text) < _SHORTEST:
        return text
    # One character stays one byte, whatever it was, so that positions agree.
    flat = text.encode("latin-1", "replace").translate(_FLAT)
    first = flat.find(_LONG_WORD)
    if first >= 0:
        if "-----BEGIN " in text:
            masked = _pem_pattern().sub("[masked:private-key]", text)
            if masked != text:
                return mask_text(masked)
        text = _without(text, _keys(text, flat, first))
    if "@" in text and "://" in text:
        text = _address_pattern().sub(_address, text)
    if "uthorization" in text or "UTHORIZATION" in text:
        text = _header_pattern().sub(_header, text)
    return text


def _without(text: str, found: list[tuple[int, int, str]]) -> str:
    if not found:
        return text
    pieces, at = [], 0
    for start, end, label in found:
        pieces += [text[at:start], f"[masked:{label}]"]
        at = end
    return "".join((*pieces, text[at:]))


def _keys(text: str, flat: bytes, at: int) -> list[tuple[int, int, str]]:
    """Return where the keys stand, in order: start, end, label."""
    found: list[tuple[int, int, str]] = []
    end = 0
    while at >= 0:
        start = max(flat.rfind(b" ", 0, at) + 1, end)
        end = flat.find(b" ", at)
        end = end if end >= 0 else len(text)
        if not _is_plain(text, start, end):
            since = max(start - _BEFORE, found[-1][1] if found else 0)
            here = _shapes(text, start, end) or _named(text, since, start, end)
            found += here
            end = max(end, here[-1][1]) if here else end
        at = flat.find(_LONG_WORD, end)
    return found


def _is_plain(text: str, start: int, end: int) -> bool:
    """Tell quickly that a long word is an identifier of a program, as most are."""
    return _TELLING.search(text, start, end) is None and text.find("sk-", start, end) < 0


def _shapes(text: str, start: int, end: int) -> list[tuple[int, int, str]]:
    """Find keys by their shape in one long word."""
    if end - start <= _USUAL and text[start - 1 : start] not in _TELLING_BEFORE and _has_no_shape(text[start:end]):
        return []
    if end - start <= _VERY_LONG:
        keys = list(anywhere().finditer(text, start, end))
        if keys and keys[-1].group().startswith(("AKIA", "ASIA")):  # its pair stands behind the word
            pair = anywhere().match(text, keys[-1].start())
            keys[-1] = pair or keys[-1]
        return [(key.start(), key.end(), label_of(key.group())) for key in keys]
    found = []
    escape = _ESCAPES.get(text[start : start + 1], 0) if text[start - 1 : start] == "\\" else 0
    key = at_start().match(text, start + escape, end)
    while True:
        if key is not None:
            found.append((key.start(), key.end(), label_of(key.group())))
        separator = inside().search(text, found[-1][1] if found else start, end)
        if separator is None:
            return found
        key = at_start().match(text, separator.end(), end)


@lru_cache(maxsize=8192)
def _has_no_shape(word: str) -> bool:
    """Tell that a word holds no key; ids come again with every turn of a conversation."""
    return anywhere().search(word) is None


def _named(text: str, before: int, start: int, end: int) -> list[tuple[int, int, str]]:
    """Find a value that looks random behind a name that says secret."""
    if text[start - 1 : start] in _BETWEEN:
        label = _named_before(text[before:start])
        value = _VALUE.match(text, start)
        if label and value and (_is_basic if label == _BASIC else _looks_random)(value.group()):
            return [(value.start(), value.end(), label)]
    assign = text.find("=", start, end)
    if assign > 0 and is_secret_name(text[start:assign]):
        value = _VALUE.match(text, assign + 1)
        if value and _looks_random(value.group()):
            return [(value.start(), value.end(), _NAMED)]
    return []


def _named_before(head: str) -> str | None:
    bare = head.rstrip(_BETWEEN)
    found = _NAME.match(bare[::-1])
    if found is None:
        return None
    name, between = found.group()[::-1], head[len(bare) :]
    if bare[: -len(name)].endswith("\\"):  # the letter of an escape, `\ntoken`
        name = name[1:]
    if ":" in between or "=" in between:
        return _NAMED if is_secret_name(name) else None
    return _SCHEMES.get(name.lower()) if between.isspace() else None


def _looks_random(word: str) -> bool:
    mixed = _DIGIT.search(word, 0, 256) is not None and _LETTER.search(word, 0, 256) is not None
    return mixed and _NUMBER.fullmatch(word) is None


def _is_basic(word: str) -> bool:
    try:
        return b":" in a2b_base64(word[: min(len(word), 256) // 4 * 4])
    except Error:
        return False


def _address(match: re.Match[str]) -> str:
    return match.group() if match[2].startswith("[masked") else f"://{match[1]}:[masked:password]@"


def _header(match: re.Match[str]) -> str:
    word = match[2]
    mixed = word.lower() != word != word.upper()
    is_value = mixed or len(word) >= _RANDOM_BY_LENGTH or _looks_random(word)
    return f"{match[1]}[masked:authorization]" if is_value else match.group()
