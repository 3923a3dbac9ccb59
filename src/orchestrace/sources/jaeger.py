"""Ask a Jaeger for traces, as its own page does: whoever can open that can read runs."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from orchestrace.exceptions import SourceError
from orchestrace.journal.run import Run
from orchestrace.journal.wanted import Wanted, wanted
from orchestrace.records import SpanRecord
from orchestrace.sources.document import spans_in
from orchestrace.sources.field import text
from orchestrace.sources.inquiry import Answer, Inquiry, without_password
from orchestrace.sources.loaded import Loaded

__all__ = ["Address", "Jaeger", "address_of"]

_PAGE: Final = re.compile(r"(?P<base>.*?)/(?:trace|api/v3/traces|api/traces)/(?P<trace>[0-9a-fA-F]{1,32})/?", re.DOTALL)
_OTHER: Final = re.compile(r"/(?:search|monitor|dependencies|system-architecture|compare|api)(?:/.*)?$|/+$", re.DOTALL)
_ITSELF: Final = {"jaeger", "jaeger-query", "jaeger-all-in-one"}
_MOST: Final = 20
"""Services that are searched one after the other without being named."""
_SEARCHED: Final = 20
_DAYS: Final = 7
_MICROSECONDS: Final = 1_000_000
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Address:
    """Where a Jaeger is, and the trace that the address was about, if it was about one."""

    base: str
    trace: str | None = None


def address_of(url: str) -> Address:
    """
    Return where Jaeger is from any address of its page or API: of its top, of a trace, of a search.

    Raises SourceError for what is no address.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError as error:
        msg = "What follows --from is no address: it looks like http://jaeger.example:16686."
        raise SourceError(msg) from error
    page = _PAGE.fullmatch(parts.path)
    path = page["base"] if page else _OTHER.sub("", parts.path)
    base = urlunsplit(parts._replace(path=path, query="", fragment=""))
    return Address(base, page["trace"].lower().zfill(32) if page else None)


class Jaeger:
    """
    The traces of a Jaeger, 1.x or 2.x, by its HTTP API.

    Whole ids are asked for; anything else is searched for in the last seven days, in one `service` or in all of them if
    there are at most 20. Raises SourceError.
    """

    def __init__(self, base: str, inquiry: Inquiry, service: str | None = None) -> None:
        self.place: str = f"the Jaeger at {without_password(base)}"
        self._base = base
        self._inquiry = inquiry
        self._service = service

    def runs(self, limit: int = 20, *, nested: bool = False) -> list[Run]:
        """Return the newest runs, newest first; those inside of another run only with `nested`."""
        return Loaded(self._search(Wanted(), limit), self.place).runs(limit, nested=nested)

    def trace(self, typed: str) -> list[SpanRecord]:
        """Return the spans of a trace in the order in which they started; see `journal.wanted`."""
        sought = wanted(typed)
        trace_id = sought.prefix
        if not sought.whole:
            trace_id = Loaded(self._search(sought, _SEARCHED), self.place).trace(typed)[0].trace_id
        return Loaded(self._whole(trace_id), self.place).trace(trace_id)

    def _whole(self, trace_id: str) -> list[SpanRecord]:
        """Return a trace: in OTLP's form, to the nanosecond; from a Jaeger that has not got that, in its own."""
        for path in ("api/v3/traces", "api/traces"):
            answer = self._inquiry.get(f"{self._base}/{path}/{trace_id}")
            if not answer.missing:
                return spans_in(answer.body, f"The answer of {self.place}")
        raise SourceError(self._missing(trace_id, answer))

    def _missing(self, trace_id: str, answer: Answer) -> str:
        if answer.body.lstrip()[:1] != b"{":
            return f"There is no Jaeger at {self.place.rpartition(' ')[2]}: it knows no API of traces (HTTP 404)."
        return f"There is no trace {trace_id} in {self.place}. It may have been deleted, or not have been sampled."

    def _search(self, sought: Wanted, limit: int) -> list[SpanRecord]:
        now = int(time.time())
        window = {"start": now - _DAYS * _DAY, "end": now + _DAY}
        parameters = {name: str(value * _MICROSECONDS) for name, value in window.items()}
        if sought.name:
            parameters["tags"] = json.dumps({sought.name: sought.value}, ensure_ascii=False)
        found: list[SpanRecord] = []
        for service in self._services():
            answer = self._inquiry.get(f"{self._base}/api/traces", service=service, limit=str(limit), **parameters)
            if not answer.missing:
                found += spans_in(answer.body, f"The answer of {self.place}")
        return found

    def _services(self) -> list[str]:
        if self._service is not None:
            return [self._service]
        answer: Any = self._inquiry.document(f"{self._base}/api/services")
        if not isinstance(answer, dict) or "data" not in answer:
            msg = f"There is no Jaeger at {self.place.rpartition(' ')[2]}: it names no services."
            raise SourceError(msg)
        names = sorted({text(one) for one in answer["data"] or ()} - _ITSELF - {""})
        if len(names) > _MOST:
            msg = f"{self.place[0].upper()}{self.place[1:]} has {len(names)} services: name one with --service."
            raise SourceError(msg)
        return names
