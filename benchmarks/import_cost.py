"""
What `import orchestrace` adds to a process that already has the OpenTelemetry API.

    python benchmarks/import_cost.py [repetitions]

Every figure is CPU time of a fresh interpreter with its byte code cached, in milliseconds. The subjects take turns in
one run, so that whatever else the machine does meets all of them; the median counts, the spread is the distance between
the quartiles. `json` stands beside it as a measure for the machine.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

MEASURE = """
import time
import opentelemetry.context, opentelemetry.trace
begun = time.process_time()
{subject}
print((time.process_time() - begun) * 1000)
"""
SUBJECTS = {
    "nothing": "pass",
    "json": "import json",
    "orchestrace": "import orchestrace",
    "orchestrace, configure() loaded": "import orchestrace.configuration",
}


def cost(subject: str) -> float:
    """Return the milliseconds that one import took, in an interpreter of its own."""
    # A machine that keeps no byte code would have every import compile its modules.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    code = MEASURE.format(subject=SUBJECTS[subject])
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return float(done.stdout)


def main(repetitions: int) -> None:
    """Print the table."""
    for subject in SUBJECTS:
        cost(subject)
    costs: dict[str, list[float]] = {subject: [] for subject in SUBJECTS}
    for _ in range(repetitions):
        for subject, found in costs.items():
            found.append(cost(subject))
    print(f"CPython {sys.version.split()[0]}, {repetitions} repetitions, CPU milliseconds over opentelemetry-api\n")
    print("| import | median | spread |\n|---|--:|--:|")
    for subject, found in costs.items():
        low, median, high = statistics.quantiles(found, n=4)
        print(f"| {subject} | {median:.1f} | {high - low:.1f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
