"""A Celery application: a task that needs three attempts, and an agent that sends it. Run it, and the agent runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import broker  # noqa: F401 - brings folder://
from celery import Celery, Task
from opentelemetry import trace

import orchestrace

FOLDER = Path(os.environ["QUEUE"])
FOLDERS = {name: str(FOLDER / name) for name in ("messages", "control", "results")}
for folder in FOLDERS.values():
    Path(folder).mkdir(parents=True, exist_ok=True)

app = Celery("queued", broker="folder://", backend=f"file://{FOLDERS['results']}")
app.conf.broker_transport_options = {
    "data_folder_in": FOLDERS["messages"],
    "data_folder_out": FOLDERS["messages"],
    "control_folder": FOLDERS["control"],
    "polling_interval": 0.02,
}
app.conf.worker_hijack_root_logger = False

orchestrace.configure(service_name="sourcing")


@app.task(bind=True, max_retries=2)
def send(self: Task[Any, Any], job: str) -> int:
    """Send an e-mail, at the third attempt."""
    with orchestrace.extract(self.request.headers):
        deliver(job, attempt=self.request.retries + 1)
    if self.request.retries < 2:
        raise self.retry(countdown=0)
    return self.request.retries + 1


@orchestrace.tool
def deliver(job: str, attempt: int) -> str:
    """Stand for what the task does."""
    with trace.get_tracer("another.library").start_as_current_span("POST /emails", attributes={"attempt": attempt}):
        return job


@orchestrace.agent(name="Crafter", key="job", session="job", user="job", tenant="job")
def craft(job: str) -> int:
    """Have an e-mail sent, and wait until it was."""
    orchestrace.current().tag("trial")
    for _ in orchestrace.iterations(limit=1):
        sent = send.apply_async((job,), headers=orchestrace.inject({}))
    return int(sent.get(timeout=30, interval=0.02))


if __name__ == "__main__":
    attempts = [craft("one"), craft("two"), send.delay("nobody").get(timeout=30, interval=0.02)]
    sys.stdout.write(f"{attempts}\n")
    sys.stdout.flush()
