"""Run the command as `python -m orchestrace`: with the Python of a program, and where its script is not in the path."""

from __future__ import annotations

from orchestrace.cli.main import main

if __name__ == "__main__":
    main()
