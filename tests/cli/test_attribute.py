from __future__ import annotations

import pytest

from orchestrace.cli import attribute
from orchestrace.typing import Attributes

SAID: Attributes = {
    "text": "words",
    "empty": "",
    "true": True,
    "count": 3,
    "score": 0.5,
    "list": ["a", "b"],
    "object": '{"a": [1, "ö"]}',
    "broken": '{"a": ',
}


class TestTypes:
    def test_text_is_text_that_says_something(self) -> None:
        """An empty text, and anything else, is absent."""
        assert {"text", "object", "broken"} == {name for name in SAID if attribute.text(SAID, name) is not None}

    def test_whole_numbers_are_not_flags(self) -> None:
        """Python counts True as 1; a reader does not."""
        assert {"count"} == {name for name in SAID if attribute.integer(SAID, name) is not None}

    def test_numbers_may_be_whole(self) -> None:
        """A score of 1 is a number as well."""
        assert {"count", "score"} == {name for name in SAID if attribute.number(SAID, name) is not None}

    def test_flags_are_only_true_or_false(self) -> None:
        """1 is no flag."""
        assert {"true"} == {name for name in SAID if attribute.flag(SAID, name) is not None}

    def test_lists_are_read_as_texts(self) -> None:
        """The journal gives lists back, the SDK tuples."""
        assert [["a", "b"], ["1"], []] == [
            attribute.texts(SAID, "list"),
            attribute.texts({"one": (1,)}, "one"),
            attribute.texts(SAID, "text"),
        ]

    def test_numbers_are_all_numbers(self) -> None:
        """Half a trajectory would be another one."""
        assert [[1, 0.5], [], [], []] == [
            attribute.numbers({"some": value}, "some") for value in ((1, 0.5), [1, "a"], [True], "1")
        ]


class TestDocuments:
    def test_json_is_parsed(self) -> None:
        """An attribute that holds a document is read as what the document says."""
        assert {"a": [1, "ö"]} == attribute.document(SAID, "object")

    @pytest.mark.parametrize("name", ["broken", "text"])
    def test_text_that_is_no_json_stays_text(self, name: str) -> None:
        """A document that was cut by another library is still readable."""
        assert attribute.document(SAID, name) == SAID[name]

    def test_what_is_not_there_is_none(self) -> None:
        """Absent is absent."""
        assert attribute.document(SAID, "nothing") is None
