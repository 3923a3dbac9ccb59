"""
A task queue: the run goes on in a worker, in another process, perhaps after a retry, and is one trace all the same.

    BROKER=/tmp/queue celery -A celery_task worker --pool prefork --concurrency 1
    BROKER=/tmp/queue python celery_task.py "data engineer"
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from celery import Celery, Task
from openai import APIStatusError, OpenAI

import orchestrace

folder = Path(os.environ["BROKER"])
for name in ("messages", "processed", "results"):
    (folder / name).mkdir(parents=True, exist_ok=True)
app = Celery("celery_task", broker="filesystem://", backend=f"file://{folder / 'results'}")
app.conf.broker_transport_options = {
    "data_folder_in": str(folder / "messages"),
    "data_folder_out": str(folder / "messages"),
    "control_folder": str(folder / "processed"),
}
orchestrace.configure("outreach")  # the worker imports this module, too: its processes write the same journal


@orchestrace.generator
def draft(job: str) -> str:
    """Ask the model."""
    client = OpenAI(max_retries=0)
    asked = [{"role": "user", "content": f"Write to a {job}."}]
    return client.chat.completions.create(model="gpt-4o", messages=asked).choices[0].message.content or ""


@app.task(bind=True, max_retries=3)
def draft_later(self: Task, job: str) -> str:
    """Draft in a worker, below the run that asked for it; Celery hands the headers on to a retry as well."""
    with orchestrace.extract(self.request.headers or {}):
        try:
            return draft(job)
        except APIStatusError as error:
            raise self.retry(exc=error, countdown=0) from error


@orchestrace.agent(name="Crafter", key="job")
def craft(job: str) -> str:
    """Leave the work to a worker and wait for it."""
    headers: dict[str, str] = {}
    orchestrace.inject(headers)
    return draft_later.apply_async((job,), headers=headers).get(timeout=60)


if __name__ == "__main__":
    print(craft(sys.argv[1]))
