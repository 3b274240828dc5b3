"""COPY and ADD to a step."""

from __future__ import annotations

import posixpath

from tiffin.image.building.context.patterns import compiled
from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.building.dockerfile.expand import expand
from tiffin.image.building.dockerfile.instructions import Add
from tiffin.image.building.dockerfile.mode import parse_mode
from tiffin.image.building.stages.git_address import SCHEMES, git_address

from .steps import CONTEXT, CopyFile, CopyStep, Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.image.building.dockerfile.heredocs import Heredoc
    from tiffin.image.building.dockerfile.instructions import Copy

    from .image_settings import ImageSettings
    from .variables import StageVariables


def copy_step(
    copy: Copy, settings: ImageSettings, variables: StageVariables, origin_of: Callable[[str], Origin]
) -> CopyStep:
    """The step of a COPY or an ADD. origin_of: what `--from` means. Raises Problem."""
    sources = tuple(map(variables.expand, copy.sources))
    target = variables.expand(copy.target) or "."
    exclude = tuple(map(variables.expand, copy.exclude))
    chown, chmod = variables.expand(copy.chown), variables.expand(copy.chmod)
    add = copy if isinstance(copy, Add) else None
    _check(sources, exclude, chmod, add)
    names = [*sources, *(f"<<{heredoc.name}" for heredoc in copy.heredocs), target]
    return CopyStep(
        copy.line,
        copy.text,
        " ".join(["COPY" if add is None else "ADD", *_shown(copy, chown, chmod), *names]),
        origin=origin_of(copy.source) if copy.source else CONTEXT,
        sources=sources,
        files=tuple(_file(heredoc, variables) for heredoc in copy.heredocs),
        target=_absolute(target, settings.folder),
        chown=chown,
        chmod=chmod,
        link=copy.link,
        parents=copy.parents,
        exclude=exclude,
        add=add is not None,
        checksum="" if add is None else variables.expand(add.checksum),
        unpack=None if add is None else add.unpack,
        keep_git=add is not None and add.keep_git,
    )


def _check(sources: tuple[str, ...], exclude: tuple[str, ...], chmod: str, add: Add | None) -> None:
    """What can be told before anything is done. Raises Problem.

    Only ADD fetches, and only what is fetched is held against a checksum.
    """
    if not all(sources):
        raise Problem("a source is empty, once variables are put in")
    for pattern in exclude:
        compiled(pattern.removeprefix("!"))
    if chmod:
        parse_mode(chmod)
    fetched = [source for source in sources if source.startswith(SCHEMES) or git_address(source) is not None]
    if fetched and add is None:
        raise Problem(f"COPY copies files only; ADD fetches {fetched[0]}")
    if add is not None and add.checksum and (len(sources) != 1 or not fetched):
        raise Problem("--checksum needs one source that is an address, such as https://host/file")


def _shown(copy: Copy, chown: str, chmod: str) -> list[str]:
    flags = (("from", copy.source), ("chown", chown), ("chmod", chmod))
    return [f"--{name}={value}" for name, value in flags if value]


def _file(heredoc: Heredoc, variables: StageVariables) -> CopyFile:
    content = heredoc.content
    if heredoc.expand:
        content = expand(content, variables.values, quotes=False)
    return CopyFile(heredoc.name, content)


def _absolute(target: str, folder: str) -> str:
    """The path from the root; a `/` or `/.` at the end, which demands a directory, stays a `/`."""
    joined = posixpath.normpath(posixpath.join("/", folder, target)).replace("//", "/")
    demands = target.endswith(("/", "/.", "/..")) or target in (".", "..")
    return f"{joined}/" if demands and joined != "/" else joined
