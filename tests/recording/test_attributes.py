from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.trace import INVALID_SPAN

from orchestrace.recording.attributes import set_on

VALUE = st.text(max_size=9) | st.integers() | st.booleans() | st.floats() | st.lists(st.text(max_size=3), max_size=3)
ATTRIBUTES = st.dictionaries(st.text(min_size=1, max_size=5), VALUE, max_size=6)
LIMITS = {
    "none": SpanLimits(max_span_attributes=SpanLimits.UNSET),
    "of the SDK": SpanLimits(),
    "two": SpanLimits(max_span_attributes=2),
    "short": SpanLimits(max_span_attribute_length=2),
}


class Word(str):
    """A text that is more than one."""

    __slots__ = ()


def spans(limits: SpanLimits) -> tuple[Any, Any]:
    """Return two spans that are alike."""
    tracer = TracerProvider(span_limits=limits, shutdown_on_exit=False).get_tracer("test")
    return tracer.start_span("one", attributes={"first": 1}), tracer.start_span("two", attributes={"first": 1})


@pytest.mark.filterwarnings("ignore")
class TestSetOn:
    @pytest.mark.parametrize("limits", LIMITS)
    @given(first=ATTRIBUTES, second=ATTRIBUTES)
    @settings(deadline=None, max_examples=30)
    def test_a_span_has_what_the_sdk_would_give_it(
        self, limits: str, first: dict[str, Any], second: dict[str, Any]
    ) -> None:
        """Whatever its limits are."""
        ours, theirs = spans(LIMITS[limits])
        for attributes in (first, second):
            set_on(ours, attributes)
            theirs.set_attributes(attributes)

        assert repr(dict(sorted(theirs.attributes.items()))) == repr(dict(sorted(ours.attributes.items())))

    def test_a_list_is_copied(self) -> None:
        """Whoever changes it afterwards changes nothing."""
        span, _ = spans(LIMITS["none"])
        words = ["a"]
        set_on(span, {"words": words})
        words.append("b")

        assert span.attributes["words"] == ("a",)

    @pytest.mark.parametrize("value", [Word("a"), b"a", ["a", b"b"], {"a": 1}])
    def test_what_is_no_plain_value_is_left_to_the_sdk(self, value: Any) -> None:
        """It knows what becomes of each."""
        ours, theirs = spans(LIMITS["none"])
        set_on(ours, {"odd": value})
        theirs.set_attributes({"odd": value})

        assert theirs.attributes == ours.attributes

    def test_other_spans_take_them_as_ever(self) -> None:
        """One that records nothing, for example."""
        set_on(INVALID_SPAN, {"a": 1})

        assert not INVALID_SPAN.is_recording()
