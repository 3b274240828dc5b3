"""`carry_out`: one step that changes files, into a tree that was begun for it."""

from __future__ import annotations

import os

from tiffin.image.building.execute.copy.copy import copy_into
from tiffin.image.building.execute.copy.owners import find_owner
from tiffin.image.building.execute.copy.target import owned_when_made
from tiffin.image.building.execute.mounting import mounted
from tiffin.image.building.failure import StepFailed
from tiffin.image.building.stages.steps import CopyStep, RunStep, WorkdirStep
from tiffin.image.layers.root import Root
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import ExitStack

    from tiffin.image.building.execute.copy.copy import Scratch
    from tiffin.image.building.execute.copy.downloads import Downloads
    from tiffin.image.building.execute.mounting import Tree
    from tiffin.image.building.execute.run.runner import Runner
    from tiffin.image.building.execute.run_step import RunRequests
    from tiffin.image.building.progress import StepProgress
    from tiffin.image.building.stages.steps import Step
    from tiffin.image.building.trees import Trees


class Tools(Record):
    """What steps of one stage are carried out with.

    file: the Dockerfile's name. point: a folder to mount at. scratch: makes a folder on the disk of the store.
    """

    file: str
    runner: Runner
    requests: RunRequests
    trees: Trees
    downloads: Downloads
    point: str
    scratch: Scratch


def carry_out(tools: Tools, step: Step, tree: Tree, progress: StepProgress, stack: ExitStack) -> None:
    """Carries a step out.

    Args:
        tree: where it writes to. stack: is left when the step has ended.

    Raises:
        StepFailed: a command ended with another code than 0. Problem, ImageFailure, OSError: else.
    """
    if isinstance(step, RunStep):
        _run(tools, step, tree, progress, stack)
        return
    with mounted(tree, tools.point):
        if isinstance(step, CopyStep):
            with tools.trees.opened(step.origin) as source:
                owners = step.origin.kind != "context"
                copy_into(step, source, tools.point, tools.scratch, tools.downloads, owners=owners)
        elif isinstance(step, WorkdirStep):
            _make_folder(step, tools.point)


def _run(tools: Tools, step: RunStep, tree: Tree, progress: StepProgress, stack: ExitStack) -> None:
    code = tools.runner.run(tools.requests.make(step, tree, progress.output, stack), progress.output)
    if code:
        problem = f"the command {' '.join(step.args)!r} ended with the exit code {code}"
        raise StepFailed(problem, file=tools.file, line=step.line, exit_code=code)


def _make_folder(step: WorkdirStep, rootfs: str) -> None:
    """A working directory belongs to the user of the stage; one that is there stays as it is."""
    with Root(rootfs) as root:
        owned_when_made(root, find_owner(rootfs, step.user))
        root.directory(os.fsencode(step.path.strip("/")), create=True)
