"""Which names say that their value is a secret: `api_key`, `X-Auth-Token`, `dbPassword`, but not `max_tokens`."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final

__all__ = ["is_secret_name"]

_LONGEST_NAME: Final = 128
"""A longer key of a mapping is a text and no name."""

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SECRET_WORDS: Final = _set(
    "apikey authorization bearer cookie cookies credential credentials creds dsn jwt passcode passphrase passwd "
    "password passwords pwd secret secrets"
)
_RUN_TOGETHER: Final = re.compile(
    "password|passwd|passphrase|apikey|secretkey|privatekey|sessionkey|accesskey|signingkey|encryptionkey|clientsecret|"
    "appsecret|accesstoken|refreshtoken|authtoken|bearertoken|sessiontoken|authorization|credential|connectionstring|"
    "connstr"
)
"""Looked for in the name without its separators: `accesstoken`, `db.connection-string`, `OPENAIAPIKEY`."""

_KEY_OF: Final = _set(
    "access account admin aes api app application auth client crypto decryption deploy encryption fernet functions "
    "gpg hmac host jwt license master pgp private pre rsa secret service session shared signature signing ssh storage "
    "subscription webhook"
)
"""`<word>_key` is a secret. Not: primary, foreign, public, sort, cache, routing, idempotency."""

_NO_SECRET_TOKEN: Final = _set(
    "bos class cls continuation continue cursor end eos first last mask max min new next num pad page pagination per "
    "prev previous sep special start stop top unk"
)
"""`<word>_token` is about a tokenizer or a page of a list."""

_TOKENS_OF: Final = _set("access api auth bearer bot id refresh secret session")
"""`<word>_tokens` is several secrets; any other plural counts a model's tokens."""

_PASS_OF: Final = _set("admin db database ftp mail mysql pg postgres proxy redis root smtp ssh user")

_ABOUT_IT: Final = _set(
    "age algorithm algorithms budget confirmed consent cost count endpoint enabled env exists expired expires expiry "
    "field file format hint in len length limit manager max min name names path policy present price provider required "
    "reset rotated scheme size status strength ttl type uri url usage valid version"
)
"""A name that ends so speaks about a secret and does not hold one: `password_length`, `token_url`."""

_HOLDS_IT: Final = _set("b64 base64 bytes data encoded header plain plaintext raw str string text value")


def is_secret_name(name: str) -> bool:
    """Tell whether a value under this name is to be masked; case, camelCase, dashes and dots make no difference."""
    return len(name) <= _LONGEST_NAME and _is_secret(name)


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return False
    if words[-1] in _ABOUT_IT:
        return False
    joined = "".join(words)
    while len(words) > 1 and words[-1] in _HOLDS_IT:
        words.pop()
    return not _SECRET_WORDS.isdisjoint(words) or _RUN_TOGETHER.search(joined) is not None or _ends_as_secret(words)


def _ends_as_secret(words: list[str]) -> bool:
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last == "token":
        return before not in _NO_SECRET_TOKEN
    if last == "tokens":
        return before in _TOKENS_OF
    if last == "pass":
        return before in _PASS_OF
    return last == "auth" or any(one in _KEY_OF and two in {"key", "keys"} for one, two in pairwise(words))
