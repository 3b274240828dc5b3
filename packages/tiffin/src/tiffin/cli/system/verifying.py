"""`tiffin system verify`: reads the whole store, and says what is damaged and how it is healed."""

from __future__ import annotations

import json
import sys

from tiffin.cli.run.host import Host
from tiffin.image.transfer.events import Progress, Stage
from tiffin.image.verification.verify import verify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.image.verification.finding import Finding


def main(arguments: Arguments) -> int:
    """Prints what it finds; 1 if that is anything."""
    checked = {"blob": 0, "snapshot": 0, "contents": 0}

    def count(event: Progress) -> None:
        if event.stage is Stage.DONE:
            checked[event.kind] += 1

    findings = verify(Host.enter(arguments).store, report=count, contents=not arguments.switch("quick"))
    if arguments.switch("json"):
        print(json.dumps([tree_of(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print(finding.text)
        summary = (
            "{blob} blobs and {snapshot} snapshots checked, {contents} compared with their layers: ".format(
                **checked
            )
        )
        print(summary + (f"{len(findings)} findings" if findings else "all is well"), file=sys.stderr)
    return 1 if findings else 0


def tree_of(finding: Finding) -> dict[str, str]:
    """A finding, for JSON."""
    return {
        "kind": finding.kind.name.lower().replace("_", "-"),
        "what": finding.what,
        "image": finding.name,
        "text": finding.text,
    }
