from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace.recording.masking import is_secret_name, mask_text, masked

# Keys are put together here, so that no scanner takes this file for a leak.
RANDOM = "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3"
AWS_ID = "AKIA" + "IOSFODNN7EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
KEYS = [
    "sk-" + "proj-" + RANDOM,
    "sk-" + "ant-api03-" + RANDOM,
    "sk-" + "a" * 48,
    "sk-" + "test-0123456789",
    AWS_ID,
    "AIza" + "Sy" + RANDOM[:33],
    "ghp_" + RANDOM[:36],
    "github" + "_pat_" + RANDOM,
    "xoxb" + "-123456789012-" + RANDOM,
    "sk_" + "live_" + RANDOM,
    "hf_" + RANDOM[:34],
    "gsk_" + RANDOM,
    "SG." + RANDOM[:22] + "." + RANDOM,
    "1234567890:" + "AA" + RANDOM[:33],
    JWT,
]
NAMED = [
    ("Bearer ", RANDOM),
    ("Authorization: Basic ", base64.b64encode(b"user:pass").decode()),
    ("Authorization: Bearer ", "abc12345"),
    ("Basic ", base64.b64encode(b"somebody:something").decode()),
    ("aws_secret_access_key = ", AWS_SECRET),
    (AWS_ID + " ", AWS_SECRET),
    ("DefaultEndpointsProtocol=https;AccountKey=", RANDOM + RANDOM + "=="),
    ("https://example.com/?api_key=", "abcdef1234567890"),
    ("postgres://user:", "hunter2@db.local:5432/x"),
    ("redis://:", "pa55w0rd@cache"),
    ("access_token: ", RANDOM),
    ("export DB_PASSWORD=", "hunter2hunter2"),
]
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx\nq83vEjRWeJCrze8SNFZ4kKvN\n-----END RSA PRIVATE KEY-----"
HARMLESS = [
    "The bearer of this letter has basic skills: see https://example.com/a/b?c=d, or ask risk-management.",
    "Authorization: please ask the owner. Bearer authentication/authorization is described in RFC 6750.",
    "Password: at least 8 characters; the token limit is max_tokens=4096 and password_policy=strict_by_default.",
    "sk-learn, task-2024-01-planning-board-overview, desk-reservation-2024-berlin-office, sk-SK",
    "Mail to team@example.com or http://localhost:8080/@scope/package; price 10:30 a@b.",
    str(uuid.UUID(int=0x550E8400E29B41D4A716446655440000)),
    hashlib.sha256(b"x").hexdigest(),
    "chatcmpl-" + RANDOM[:29],
    "toolu_" + RANDOM[:24],
    "msg_" + RANDOM[:24],
    "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 64).decode(),
    base64.urlsafe_b64encode(hashlib.sha512(b"x").digest() * 40).decode(),
    'client = OpenAI(api_key=os.environ["OPENAI_API_KEY"])',
    '{"properties": {"password": {"type": "string", "description": "The password of at least 12 characters"}}}',
    '{"next_page_token": "CAUQAAabcdef0123456789", "idempotency_key": "550e8400-e29b-41d4-a716-446655440000"}',
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
]


def contexts(text: str) -> list[str]:
    """Put a text where texts stand: alone, in prose, in JSON, in JSON in JSON."""
    document = json.dumps({"a": f"before\n{text}\nafter"})
    return [text, f"see {text} there", f"\t{text}\n", document, json.dumps(document), f"é日本 {text} 😀"]


class TestMaskText:
    @pytest.mark.parametrize("key", KEYS)
    def test_keys_are_masked_wherever_they_stand(self, key: str) -> None:
        """In prose, between other scripts, and behind an escape of a JSON document."""
        for text in contexts(key):
            masked = mask_text(text)

            assert key not in masked
            assert key[12:] not in masked
            assert "[masked:" in masked

    @pytest.mark.parametrize(("name", "value"), NAMED)
    def test_values_behind_a_telling_name_are_masked(self, name: str, value: str) -> None:
        """Headers, connection strings, addresses, assignments."""
        for text in contexts(name + value):
            assert value.partition("@")[0] not in mask_text(text)

    @pytest.mark.parametrize("text", [PEM, PEM[:-40], PEM.replace("\n", "\r\n"), PEM + "\n" + PEM])
    def test_private_keys_are_masked_whole_or_cut(self, text: str) -> None:
        """The block goes, with or without its end; what follows stays."""
        for one in contexts(text + " and so on"):
            masked = mask_text(one)

            assert "MIIEpAIBAAKCAQEAx" not in masked
            assert "q83vEjRWeJCrze8SNFZ4kKvN" not in masked
            assert " and so on" in masked

    @pytest.mark.parametrize("text", HARMLESS)
    def test_ordinary_text_is_the_very_same_object(self, text: str) -> None:
        """Prose, ids, hashes, images, schemas and code are no secrets."""
        assert mask_text(text) is text

    @pytest.mark.parametrize("secret", [*KEYS, *(name + value for name, value in NAMED), PEM])
    def test_json_stays_valid_and_equals_masking_its_strings(self, secret: str) -> None:
        """A document can be masked as it stands."""
        document = {"quote": f'"{secret}"', "line": f"a\n{secret}\n", "tail": [secret, "plain"]}
        masked = json.loads(mask_text(json.dumps(document)))

        assert {"quote": mask_text(document["quote"]), "line": mask_text(document["line"])} == {
            "quote": masked["quote"],
            "line": masked["line"],
        }
        assert masked["tail"][1] == "plain"

    def test_the_marker_says_whose_key_it_was(self) -> None:
        """The reader learns what stood there, and nothing of it."""
        assert mask_text(f"use {KEYS[0]}!") == "use [masked:openai-key]!"
        assert mask_text(f"use {KEYS[1]}!") == "use [masked:anthropic-key]!"
        assert mask_text("x://u:p@h") == "x://u:[masked:password]@h"

    def test_several_keys_in_one_text_are_all_masked(self) -> None:
        """One after the other, also in one word."""
        masked = mask_text(" ".join(KEYS) + ",".join(KEYS) + "=".join(KEYS))

        assert [] == [key for key in KEYS if key in masked]

    def test_keys_in_a_very_long_word_are_masked(self) -> None:
        """Also there, where only separators are looked at."""
        word = "/".join(["A" * 3000, KEYS[0], "B" * 3000, KEYS[6]])

        assert mask_text(word) == "/".join(["A" * 3000, "[masked:openai-key]", "B" * 3000, "[masked:github-token]"])

    @given(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers()))
    def test_a_number_is_no_secret(self, number: float) -> None:
        """Also behind a telling name, where a JSON document would no longer be one without it."""
        for document in (json.dumps({"Token": number}), json.dumps([{"api_key": number}], indent=1)):
            assert document == mask_text(document)

    @given(st.text(), st.sampled_from(KEYS), st.text())
    def test_a_key_between_any_texts_is_masked(self, before: str, key: str, after: str) -> None:
        """Whatever stands around it, apart from letters that would make it another word."""
        text = f"{before} {key} {after}"

        assert key not in mask_text(text)
        assert key not in mask_text(json.dumps(text))

    @given(st.text())
    def test_is_total_and_changes_nothing_twice(self, text: str) -> None:
        """Any text, lone surrogates included; a masked text stays as it is."""
        once = mask_text(text)

        assert once == mask_text(once)

    @pytest.mark.parametrize(
        "piece", ["eyJ", "-eyJ", "sk-", "a", "-_", "eyJabcdefghijk.", "://a:", "password=", PEM[:31]]
    )
    def test_hostile_texts_take_linear_time(self, piece: str) -> None:
        """Four times the text takes about four times as long, and no way sixteen times."""

        def seconds(length: int) -> float:
            text = (piece * length)[:length] + "@"
            begin = time.process_time()
            mask_text(text)
            return time.process_time() - begin

        small = min(seconds(50_000) for _ in range(3))

        assert min(seconds(200_000) for _ in range(3)) < 10 * small + 0.05

    def test_names_are_judged_here_too(self) -> None:
        """One import for both questions."""
        assert is_secret_name("api_key")


class TestMasked:
    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from([*KEYS, *HARMLESS, PEM])))
    @settings(deadline=None)
    def test_bytes_are_masked_as_their_text_is(self, pieces: list[str]) -> None:
        """Whatever stands in it, and in any language."""
        text = " ".join(pieces)

        assert mask_text(text) == masked(text.encode())

    @pytest.mark.parametrize("named", NAMED)
    def test_a_secret_behind_a_name_is_seen_in_them_too(self, named: tuple[str, str]) -> None:
        """Also where no word in it is long."""
        text = "".join(named)

        assert mask_text(text) == masked(text.encode()) != text
