"""`tiffin doctor`: what this host can do, as a table or as JSON. The rows are `tiffin.runtime.host.PROBES`."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from tiffin.runtime.host import PROBES, Finding, Probe, probe

YES, NO = "yes", "no"
COLOURS = {YES: "\x1b[32m", NO: "\x1b[31m"}


def arguments_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tiffin doctor",
        description="Probes what this host can do; changes nothing and leaves nothing behind.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="only these rows (exit code 1 if one is missing)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def as_json(rows: Sequence[Probe], findings: Mapping[str, Finding]) -> str:
    """A list of objects, one for each row, in the table's order."""
    objects = [
        {
            "name": row.name,
            "group": row.group,
            "purpose": row.purpose,
            "available": findings[row.name].available,
            "detail": findings[row.name].detail,
            "remedy": None if findings[row.name].available else row.remedy,
        }
        for row in rows
    ]
    return json.dumps(objects, indent=2)


def as_table(rows: Sequence[Probe], findings: Mapping[str, Finding], *, colours: bool) -> str:
    """Groups with a heading; a missing row shows its remedy on a line of its own."""
    width = max(len(row.name) for row in rows)
    wide = max(len(row.purpose) for row in rows)
    lines = []
    for group, members in itertools.groupby(rows, key=lambda row: row.group):
        lines += ["", group.upper()]
        for row in members:
            finding = findings[row.name]
            answer = YES if finding.available else NO
            shown = f"{COLOURS[answer]}{answer:3}\x1b[0m" if colours else f"{answer:3}"
            lines.append(f"  {shown}  {row.name:{width}}  {row.purpose:{wide}}  {finding.detail}".rstrip())
            if not finding.available:
                lines.append(f"       {'':{width}}  -> {row.remedy}")
    available = sum(finding.available for finding in findings.values())
    return "\n".join([*lines[1:], "", f"{available} of {len(rows)} available"])


def main(argv: Sequence[str], output: TextIO | None = None) -> int:
    """Runs the command; returns its exit code: 0, 1 if a row that was asked for is missing, 2 for bad arguments."""
    options = arguments_parser().parse_args(argv)
    known = {row.name: row for row in PROBES}
    unknown = [name for name in options.names if name not in known]
    if unknown:
        print(
            f"tiffin doctor: no such row: {', '.join(unknown)} (tiffin doctor prints them all)",
            file=sys.stderr,
        )
        return 2
    rows = [known[name] for name in dict.fromkeys(options.names)] or list(PROBES)
    findings = probe(row.name for row in rows)
    to = output or sys.stdout
    print(as_json(rows, findings) if options.json else as_table(rows, findings, colours=to.isatty()), file=to)
    return int(bool(options.names) and not all(finding.available for finding in findings.values()))
