"""Keys: a digest over everything that a step's result depends on, so that equal keys mean equal results.

A key holds the key of what the step stands on, the step after expansion, and digests of the files that it reads. What
only changes the config is in no key: LABEL and CMD rebuild nothing. Proxies, secrets and times of files are in none.
"""

from __future__ import annotations

from tiffin.image.building.stages.steps import CopyStep, RunStep, Step, WorkdirStep
from tiffin.image.digest import digest_of
from tiffin.spec.json_tree import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tiffin.image.documents import Platform

VERSION = 1  # of what results are made of: another one makes all keys new


def digest_of_tree(tree: object) -> str:
    """A digest of what JSON can say."""
    return digest_of(encode(tree).encode("utf-8", "surrogateescape"))


def start_key(chain_id: str, platform: Platform, source_date_epoch: int | None) -> str:
    """The key of what a stage starts from. chain_id: "" for nothing at all."""
    return digest_of_tree(
        {"version": VERSION, "base": chain_id, "platform": list(platform), "epoch": source_date_epoch}
    )


def step_key(parent: str, step: Step, inputs: Sequence[str]) -> str:
    """The key of a step that changes files.

    Args:
        parent: the key of what it stands on; it does not count for COPY --link.
        inputs: digests of the files that it reads; for RUN, lines of /etc/hosts too.
    """
    above = "" if isinstance(step, CopyStep) and step.link else parent
    return digest_of_tree({"parent": above, "step": _identity(step), "inputs": list(inputs)})


def _identity(step: Step) -> dict[str, Any]:
    """What of a step matters, by name."""
    if isinstance(step, RunStep):
        return {
            "run": list(step.args),
            "script": step.script,
            "env": list(step.env),
            "user": step.user,
            "folder": step.folder,
            "mounts": [[mount.type, [list(field) for field in mount.fields]] for mount in step.mounts],
            "network": step.network,
            "security": step.security,
        }
    if isinstance(step, CopyStep):
        return {
            "add" if step.add else "copy": step.target,
            "files": [list(file) for file in step.files],
            "chown": step.chown,
            "chmod": step.chmod,
            "parents": step.parents,
            "exclude": list(step.exclude),
            "unpack": step.unpack,
        }
    if isinstance(step, WorkdirStep):
        return {"workdir": step.path, "user": step.user}
    raise AssertionError(f"{step.text!r} changes no files")
