from __future__ import annotations

import threading
from types import MappingProxyType
from typing import Any

import pytest
from opentelemetry.attributes import BoundedAttributes

from orchestrace.pipeline.attribute_view import AttributeView

READ = {
    "dict": dict,
    "list": list,
    "items": lambda view: sorted(view.items()),
    "keys": lambda view: sorted(view.keys()),
    "values": lambda view: sorted(view.values()),
    "copy": lambda view: view.copy(),
    "length": len,
    "repr": repr,
    "in": lambda view: ("a" in view, "none such" in view),
    "get": lambda view: (view.get("a"), view.get("none such"), view.get("none such", 3)),
    "equal": lambda view: (view == {"a": 1, "b": 2}, view == {"a": 1}),
    "or": lambda view: {**view},
}


@pytest.mark.parametrize("read", READ)
class TestAttributeView:
    def test_is_read_as_the_sdks_own(self, read: str) -> None:
        """In every way, also after more was set."""
        ours: dict[str, Any] = {"a": 1}
        theirs = BoundedAttributes(attributes=ours, immutable=False)
        views: list[Any] = [MappingProxyType(AttributeView(ours)), MappingProxyType(theirs)]
        before = [READ[read](view) for view in views]
        ours["b"] = theirs["b"] = 2
        after = [READ[read](view) for view in views]

        assert before[1] == before[0]
        assert after[1] == after[0]

    def test_can_be_read_while_another_thread_sets_more(self, read: str) -> None:
        """Nobody who reads is disturbed."""
        said: dict[str, Any] = {}
        view: Any = MappingProxyType(AttributeView(said))

        def say() -> None:
            for number in range(20_000):
                said[f"{number}"] = number

        thread = threading.Thread(target=say)
        thread.start()
        while thread.is_alive():
            READ[read](view)
        thread.join()

        assert 20_000 == len(view)
