from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.recording.secret_name import is_secret_name

SECRET = [
    "api_key",
    "apikey",
    "API_KEY",
    "apiKey",
    "X-API-Key",
    "openaiApiKey",
    "OPENAI_API_KEY",
    "authorization",
    "Proxy-Authorization",
    "password",
    "passwd",
    "userPassword",
    "dbpassword",
    "secret",
    "client_secret",
    "clientSecret",
    "token",
    "Token",
    "access_token",
    "accessToken",
    "refresh_token",
    "auth_token",
    "authToken",
    "sessionToken",
    "X-Auth-Token",
    "csrf_token",
    "bot_token",
    "private_key",
    "privateKey",
    "credentials",
    "cookie",
    "Set-Cookie",
    "session_key",
    "connection_string",
    "connectionString",
    "aws_secret_access_key",
    "HF_TOKEN",
    "http.request.header.authorization",
    "api_keys",
    "password2",
    "token_1",
    "tokenValue",
    "basic_auth",
    "passphrase",
    "access_tokens",
]
HARMLESS = [
    "max_tokens",
    "tokens",
    "token_count",
    "input_tokens",
    "tokenizer",
    "total_tokens",
    "gen_ai.usage.input_tokens",
    "maxTokens",
    "tokens_per_second",
    "author",
    "authors",
    "authorized",
    "secretary",
    "public_key",
    "primary_key",
    "key",
    "keyword",
    "monkey",
    "keyboard",
    "idempotency_key",
    "cache_key",
    "orchestrace.key",
    "token_type",
    "token_url",
    "password_policy",
    "eos_token",
    "pad_token",
    "next_page_token",
    "name",
    "passed",
    "pass",
    "passenger",
    "session_id",
]


class TestIsSecretName:
    @pytest.mark.parametrize("name", SECRET)
    def test_names_of_secrets_are_known_in_any_writing(self, name: str) -> None:
        """Case, camelCase, dashes, dots and numbers make no difference."""
        assert is_secret_name(name)

    @pytest.mark.parametrize("name", HARMLESS)
    def test_counts_pages_and_metadata_are_no_secrets(self, name: str) -> None:
        """What counts tokens, or speaks about a secret without holding it, is kept."""
        assert not is_secret_name(name)

    def test_a_text_is_no_name(self) -> None:
        """A mapping may be keyed by whole texts."""
        assert not is_secret_name("What shall I do when I forgot my password? " * 4)

    @given(st.text())
    def test_is_total(self, name: str) -> None:
        """Any text gets an answer."""
        assert is_secret_name(name) in {True, False}
