"""A queue in a folder, without a server. Celery's own writes into a file that can be taken while it is still empty."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

TRANSPORT_ALIASES["folder"] = "broker:Transport"


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **_: Any) -> None:
        """Put a message there at once."""
        message = Path(self.data_folder_out) / f"{time.monotonic_ns():020}_{uuid.uuid4()}.{queue}.msg"
        written = message.with_suffix(".new")
        written.write_text(dumps(payload), encoding="utf-8")
        written.replace(message)


class Transport(filesystem.Transport):
    Channel = Channel
