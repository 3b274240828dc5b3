"""`tiffin-image verify`: reads the whole local store, and says what is damaged."""

from __future__ import annotations

import click

from tiffin.image.command.options import Verb, json_option, quiet_option
from tiffin.image.command.output import harmless, print_json
from tiffin.image.command.progress import reported
from tiffin.image.command.session import Session
from tiffin.image.errors import DataLoss

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.verification.finding import Finding


@click.command("verify", cls=Verb)
@click.option("--quick", is_flag=True, help="Do not compare the files of snapshots with their layers.")
@json_option
@quiet_option
@click.pass_obj
def verify(session: Session, *, quick: bool, as_json: bool, quiet: bool) -> None:
    """Checks all that the local store has, and notes what is damaged: the next pull of an image heals it.

    Comparing files with their layers takes as long as unpacking them, and room on the disk for the largest layer.
    """
    from tiffin.image.verification.verify import verify as verify_store

    store = session.store()
    with reported(quiet=quiet) as report:
        findings = verify_store(store, report=report, contents=not quick)
    if as_json:
        print_json([_tree(one) for one in findings])
    else:
        for one in findings:
            print(harmless(one.text))
    if findings:
        raise DataLoss(
            f"{len(findings)} {'thing is' if len(findings) == 1 else 'things are'} damaged or missing"
        )


def _tree(finding: Finding) -> dict[str, str]:
    kind = finding.kind.name.lower().replace("_", "-")
    return {"kind": kind, "what": finding.what, "image": finding.name, "text": finding.text}
