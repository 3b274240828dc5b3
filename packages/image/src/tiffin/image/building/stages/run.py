"""RUN to a step: what is executed, with which environment and which mounts."""

from __future__ import annotations

import posixpath

from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.building.dockerfile.heredocs import heredoc_of
from tiffin.image.building.dockerfile.mounts import checked

from .steps import CONTEXT, Origin, RunMount, RunStep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.image.building.dockerfile.instructions import Run
    from tiffin.image.building.dockerfile.mounts import MountFlag

    from .image_settings import ImageSettings
    from .variables import StageVariables

TREES = ("bind", "cache", "tmpfs")
SCRIPTS = "/dev/pipes"  # where BuildKit puts a heredoc that says itself what runs it


def run_step(
    run: Run, settings: ImageSettings, variables: StageVariables, origin_of: Callable[[str], Origin]
) -> RunStep:
    """The step of a RUN. origin_of: what a `from` means. Raises Problem."""
    args, script = _command(run, settings)
    visible = variables.visible_args
    shown = f"|{len(visible)} {' '.join(visible)} " if visible else ""
    return RunStep(
        run.line,
        run.text,
        f"RUN {shown}{' '.join(args)}",
        args=args,
        script=script,
        env=(*(f"{name}={value}" for name, value in variables.env.items()), *visible),
        hidden_env=tuple(variables.proxies),
        user=settings.user,
        folder=settings.folder,
        mounts=tuple(_mount(flag, settings, variables, origin_of) for flag in run.mounts),
        network=run.network,
        security=run.security,
    )


def _command(run: Run, settings: ImageSettings) -> tuple[tuple[str, ...], str]:
    """What is executed, and the content of the script if that is one of its own."""
    if not run.command.shell:
        return run.command.words, ""
    text = run.command.words[0]
    if len(run.heredocs) != 1 or heredoc_of(text) is None:
        for heredoc in run.heredocs:
            text = f"{text}\n{heredoc.content}{heredoc.name}"
        return (*settings.shell, text), ""
    only = run.heredocs[0]
    if only.content.startswith("#!"):
        return (f"{SCRIPTS}/{only.name}",), only.content
    return (*settings.shell, only.content), ""


def _mount(
    flag: MountFlag, settings: ImageSettings, variables: StageVariables, origin_of: Callable[[str], Origin]
) -> RunMount:
    if "$" in flag.type:
        flag = checked(variables.expand(flag.type), flag.fields)
    fields = {name: variables.expand(value) for name, value in flag.fields if name != "from"}
    if flag.type in TREES or fields.get("target"):  # without one, a tree is on the working directory
        fields["target"] = posixpath.normpath(posixpath.join(settings.folder, fields.get("target", "")))
        if fields["target"] == "/" and flag.type != "secret":
            raise Problem(f"--mount: type={flag.type} needs a target, which cannot be /")
    origin = origin_of(flag.get("from")) if flag.get("from") else None
    if flag.type == "bind" and origin is None:
        origin = CONTEXT
    return RunMount(flag.type, tuple(sorted(fields.items())), origin)
