"""What a program sees and sends is the same with us and without, whatever it asks for."""

from __future__ import annotations

from typing import Any

Played = Any
"""What was played, as `conftest.py` says."""


class TestProgram:
    def test_sees_what_it_sees_without_us(self, played: Played) -> None:
        """Every value and every exception, sync and async, is the same."""
        assert played.bare == played.tapped

    def test_sends_what_it_sends_without_us(self, played: Played) -> None:
        """Nothing is added to a request, and its body is the recorded one."""
        request = played.recording.request
        bodies = [body for *_, body in played.sent]

        assert played.sent[:2] == played.sent[2:]
        assert [(request.method, request.path, request.query)] * 4 == [tuple(sent[:3]) for sent in played.sent]
        assert all(map(played.repeats, bodies))
