"""The options of the commands that record outcomes."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

__all__ = [
    "AgentOption",
    "AtOption",
    "ColumnOption",
    "CommentOption",
    "CorrectionOption",
    "DefaultOption",
    "FileArgument",
    "FormatOption",
    "IdempotencyKeyOption",
    "KeyOption",
    "NameArgument",
    "RaterOption",
    "ReferenceOption",
    "ServiceOption",
    "SourceOption",
    "TextOption",
    "ValueArgument",
]

NameArgument: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="What is reported: email.replied.")]
ValueArgument: TypeAlias = Annotated[
    str | None, typer.Argument(metavar="VALUE", help="true or false, a number, a category.", show_default=False)
]
ReferenceOption: TypeAlias = Annotated[
    str | None, typer.Option("--reference", "-r", help="Of which run: its reference.", show_default=False)
]
KeyOption: TypeAlias = Annotated[
    str | None, typer.Option("--key", "-k", help="Of the latest run about this business object.", show_default=False)
]
AgentOption: TypeAlias = Annotated[
    str | None, typer.Option("--agent", help="With --key: of runs of this agent alone.", show_default=False)
]
AtOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--at", help="When: 2026-03-01T09:30:00+01:00, or seconds since 1970.", show_default=False),
]
SourceOption: TypeAlias = Annotated[
    str | None, typer.Option("--source", help="Where it comes from, such as crm.", show_default=False)
]
RaterOption: TypeAlias = Annotated[str | None, typer.Option("--rater", help="Who says so.", show_default=False)]
CommentOption: TypeAlias = Annotated[str | None, typer.Option("--comment", help="What they add.", show_default=False)]
CorrectionOption: TypeAlias = Annotated[
    str | None, typer.Option("--correction", help="What it should have been, in their own words.", show_default=False)
]
IdempotencyKeyOption: TypeAlias = Annotated[
    str | None, typer.Option("--idempotency-key", help="Outcomes with the same one are one.", show_default=False)
]
TextOption: TypeAlias = Annotated[bool, typer.Option("--text", help="Take values as texts, also `true` and `4`.")]
ServiceOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--service", help="Whose run it was, where the journal does not hold it.", show_default=False),
]
FileArgument: TypeAlias = Annotated[
    typer.FileBinaryRead, typer.Argument(metavar="FILE", help="CSV or JSONL; - is standard input.")
]
DefaultOption: TypeAlias = Annotated[str | None, typer.Option(help="Of lines that have none.", show_default=False)]
ColumnOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="FIELD=COLUMN", help="Which column is a field: key=job_id.", show_default=False),
]
FormatOption: TypeAlias = Annotated[
    str | None, typer.Option("--format", metavar="csv|jsonl", help="Default: as the file looks.", show_default=False)
]
