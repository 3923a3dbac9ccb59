from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrace.recording.dumping import dump, dumped, load

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


class TestDump:
    @given(JSON)
    def test_what_is_loaded_is_what_was_dumped(self, value: object) -> None:
        """Without loss."""
        assert value == load(dump(value))  # type: ignore[arg-type] # JSON

    def test_names_can_be_in_order(self) -> None:
        """At every depth."""
        value = {"b": {"d": 1, "c": 2}, "a": "ä"}

        assert '{"a":"ä","b":{"c":2,"d":1}}' == dump(value, in_order=True).decode()


class TestDumped:
    @given(st.text(st.characters(categories=["Cs", "L"])))
    def test_a_lone_surrogate_is_replaced(self, text: str) -> None:
        """In texts and names."""
        taken, document = dumped({text: [text]})

        assert taken == load(document)
        assert "�" in document.decode() or taken == {text: [text]}
