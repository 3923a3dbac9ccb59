"""Take the records of one signal from an outbox to their receiver, and note what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrace.export import target as targets
from orchestrace.export.answer import Answer, Verdict
from orchestrace.export.backoff import Backoff
from orchestrace.export.complaint import Complaint
from orchestrace.export.otlp import LARGEST_REQUEST, batches, request
from orchestrace.export.outbox import Outbox, Waiting
from orchestrace.export.parcel import Parcel, Wrapping
from orchestrace.export.signal import METRICS, TRACES
from orchestrace.export.stride import SMALLER, Stride
from orchestrace.export.target import Sender, Target

__all__ = ["Shipment"]

_REFUSALS: Final = 24
"""
Refusals in a row after which a batch is not halved any more: it is the receiver, and no single record.

A batch of 512 is ten halves deep.
"""


class Shipment:
    """The way of one signal to its receiver, for one thread."""

    def __init__(self, target: Target, complaint: Complaint, count: int) -> None:
        self.backoff: Backoff = Backoff()
        self.is_full: bool = False
        """What was sent last was about as much as goes together: more may wait."""
        self._signal = target.signal
        self._what = "spans" if target.signal is TRACES else target.signal.name.replace("logs", "log records")
        self._complaint = complaint
        self._stride = Stride(count)
        self._target = target
        self._sender: Sender | None = None
        self._unknown = False
        self._refusals = 0

    def ship(self, outbox: Outbox) -> bool:
        """Send what has waited longest, as much as goes into a few requests; False if there was nothing to do."""
        if self._unknown:
            outbox.discard(self._signal.name)
            return False
        if self.backoff.seconds:
            return False
        count = self._stride.count
        waiting = outbox.waiting(self._signal.name, count, LARGEST_REQUEST)
        if not waiting:
            return False
        parcels = self._wrapped(outbox, waiting)
        # An outbox counts characters of JSON, of which every other one may be an escape.
        self.is_full = len(waiting) >= count or 2 * sum([len(one.body) for one in parcels]) >= LARGEST_REQUEST
        return all(self._deliver(outbox, self._fitting(batch)) for batch in batches(parcels, LARGEST_REQUEST, count))

    def close(self) -> None:
        """Close the connection."""
        sender, self._sender = self._sender, None
        if sender is not None:
            sender.close()

    def forget(self) -> object:
        """Leave the connection to the process that this one was forked from; return it, to be kept from collection."""
        sender, self._sender = self._sender, None
        return sender

    def _wrapped(self, outbox: Outbox, waiting: Sequence[Waiting]) -> list[Parcel]:
        wrap = Wrapping(outbox).wrap
        parcels = []
        for key, process, record in waiting:
            try:
                parcels.append(wrap(key, process, record))
            except Exception as error:  # noqa: BLE001 - one odd record must not cost the others
                self._set_aside(outbox, [key], f"{type(error).__name__}: {error}")
        return parcels

    def _fitting(self, batch: list[Parcel]) -> list[Parcel]:
        """Return a batch; a record alone smaller than it is, if nothing else seems to bring it there."""
        largest = self._stride.largest
        if largest is None or len(batch) > 1:
            return batch
        return [batch[0].shrunk(largest) or batch[0]]

    def _deliver(self, outbox: Outbox, batch: list[Parcel]) -> bool:
        """Send a batch, in halves if it is refused; False if the rest is to be tried later."""
        ahead = [batch]
        while ahead:
            parcels = ahead.pop()
            answer = self._send(parcels)
            if answer.verdict is Verdict.ACCEPTED:
                self._accepted(outbox, parcels, answer)
            elif answer.verdict in {Verdict.RETRY, Verdict.UNWELCOME}:
                return self._put_off(outbox, answer, len(parcels))
            else:
                ahead += self._smaller(outbox, parcels, answer)
        return True

    def _send(self, parcels: list[Parcel]) -> Answer:
        if self._sender is None:
            self._sender = targets.open(self._target)
        body = b"".join([one.body for one in parcels]) if self._signal is METRICS else request(parcels)
        return self._sender.send(body)

    def _accepted(self, outbox: Outbox, parcels: list[Parcel], answer: Answer) -> None:
        self.backoff.succeeded()
        self._stride.succeeded()
        self._refusals = 0
        keys = [parcel.key for parcel in parcels]
        taken = max(0, len(keys) - answer.rejected)
        outbox.delivered(self._signal.name, keys[:taken])
        if answer.rejected:
            # It does not say which.
            reason = f"{len(keys) - taken} of {len(keys)} rejected: {answer.reason or 'no reason given'}"
            self._set_aside(outbox, keys[taken:], reason)

    def _put_off(self, outbox: Outbox, answer: Answer, sent: int) -> bool:
        if answer.is_unknown and self._signal is not TRACES:
            self._unknown = True
            self._complaint.unknown(self._what, answer.reason)
            outbox.discard(self._signal.name)
            return False
        self.backoff.failed(answer.retry_after)
        if answer.verdict is Verdict.RETRY and not answer.retry_after:  # else it was not for how much it was
            self._stride.failed(sent, cut=answer.is_cut)
        self._complaint.waits(self._what, answer.reason)
        return False

    def _smaller(self, outbox: Outbox, parcels: list[Parcel], answer: Answer) -> list[list[Parcel]]:
        """Return what to send instead of a batch that was refused, the next one last."""
        self._refusals += 1
        if len(parcels) > 1 and (answer.verdict is Verdict.TOO_LARGE or self._refusals <= _REFUSALS):
            middle = len(parcels) // 2
            return [parcels[middle:], parcels[:middle]]
        if answer.verdict is Verdict.TOO_LARGE:
            shrunk = next(filter(None, (parcels[0].shrunk(limit) for limit in SMALLER)), None)
            if shrunk is not None:
                return [[shrunk]]
        self._set_aside(outbox, [parcel.key for parcel in parcels], answer.reason)
        return []

    def _set_aside(self, outbox: Outbox, keys: list[int], reason: str) -> None:
        outbox.refused(self._signal.name, keys, reason)
        say = self._complaint.refused if self._signal is TRACES else self._complaint.dropped
        say(self._what, reason)
