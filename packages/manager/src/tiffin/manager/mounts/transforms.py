"""Transforms: what stands before a `/` in a mount's type: `format/mkdir/overlay`.

format   `{{ mount 0 }}`, `{{ source 0 }}`, `{{ target 0 }}` and `{{ overlay 2 0 }}`, in source, target and options,
         become mount point, source or target of a mount before this one, and mount points with colons between them
mkdir    options `X-containerd.mkdir.path=PATH[:MODE[:UID:GID]]` make folders first
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from tiffin.runtime.errors import InvalidArgument, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tiffin.manager.mounts.activation import ActiveMount
    from tiffin.shim.events.values import Mount

    Transform = Callable[[Mount, Sequence[ActiveMount], Sequence[str]], Mount]

EXPRESSION = re.compile(r"\{\{-?\s*(\w+)((?:\s+-?\d+)*)\s*-?\}\}")
MKDIR = "X-containerd.mkdir.path="


def format_(mount: Mount, active: Sequence[ActiveMount], _roots: Sequence[str]) -> Mount:
    """Fills in expressions. Raises InvalidArgument."""
    return mount.replace(
        source=_filled(mount.source, active),
        target=_filled(mount.target, active),
        options=tuple(_filled(option, active) for option in mount.options),
    )


def _filled(text: str, active: Sequence[ActiveMount]) -> str:
    if "{{" not in text:
        return text
    filled = EXPRESSION.sub(lambda found: _value(found[1], list(map(int, found[2].split())), active), text)
    if "{{" in filled:
        raise InvalidArgument(
            f"{text!r} cannot be formatted: source, target, mount N and overlay N M are known"
        )
    return filled


def _value(word: str, numbers: list[int], active: Sequence[ActiveMount]) -> str:
    if any(not 0 <= number < len(active) for number in numbers):
        raise InvalidArgument(f"{word} {numbers}: there are {len(active)} mounts before this one")
    if word == "overlay" and len(numbers) == 2:
        first, last = numbers
        step = -1 if first > last else 1
        return ":".join(active[number].point for number in range(first, last + step, step))
    if word in ("source", "target", "mount") and len(numbers) == 1:
        one = active[numbers[0]]
        return {"source": one.mount.source, "target": one.mount.target, "mount": one.point}[word]
    raise InvalidArgument(f"{word} {numbers} is no expression of a mount")


def mkdir(mount: Mount, _active: Sequence[ActiveMount], roots: Sequence[str]) -> Mount:
    """Makes folders. Raises InvalidArgument; Unsupported: one that is not below a folder where it is allowed."""
    for option in mount.options:
        if option.startswith(MKDIR):
            _make(option.removeprefix(MKDIR), roots)
    return mount.replace(options=tuple(each for each in mount.options if not each.startswith(MKDIR)))


def _make(text: str, roots: Sequence[str]) -> None:
    path, *rest = text.split(":")
    if len(rest) not in (0, 1, 3):
        raise InvalidArgument(f"{MKDIR}{text}: expected PATH[:MODE[:UID:GID]]")
    try:
        mode = int(rest[0], 8) if rest else 0o700
        owner = (int(rest[1]), int(rest[2])) if len(rest) == 3 else None
    except ValueError as error:
        raise InvalidArgument(f"{MKDIR}{text}: {error}") from error
    if mode & ~0o777:
        raise InvalidArgument(f"{MKDIR}{text}: mode {mode:o}")
    real = os.path.realpath(path)
    if not any(real.startswith(f"{os.path.realpath(root)}/") for root in roots):
        raise Unsupported(f"{path!r} is not below a folder where mounts may make folders: {', '.join(roots)}")
    os.makedirs(real, exist_ok=True)
    os.chmod(real, mode)
    if owner is not None:
        os.chown(real, *owner)


TRANSFORMS: Mapping[str, Transform] = {"format": format_, "mkdir": mkdir}
