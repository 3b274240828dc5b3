"""Rules of `mounts` and `hooks`."""

from __future__ import annotations

from tiffin.spec.runtime.validation.problem import WARNING, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.spec.runtime.validation.problem import Tree

_MOUNTS = "config.md: Mounts"
_POSIX_MOUNTS = "config.md: POSIX-platform Mounts"
_OPTIONS = "config.md: Linux mount options"
_HOOKS = "config.md: POSIX-platform Hooks"
_KINDS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")


def destinations(config: Tree) -> Iterator[Problem]:
    for index, mount in enumerate(config.get("mounts") or ()):
        path = mount.get("destination")
        if path == "":
            where = f"mounts[{index}].destination"
            yield Problem(where, "is empty: that would hide the root", "mounts.destination", _MOUNTS)
        elif path is not None and not path.startswith("/"):
            message = f"{path!r} is not absolute; it is taken as relative to / (deprecated)"
            yield Problem(f"mounts[{index}].destination", message, "mounts.absolute", _MOUNTS, WARNING)


def kinds(config: Tree) -> Iterator[Problem]:
    """Something must say what to mount: a file system, or bind with a source."""
    for index, mount in enumerate(config.get("mounts") or ()):
        options = mount.get("options") or ()
        where = f"mounts[{index}]"
        if not mount.get("destination"):
            continue
        if "bind" in options or "rbind" in options or mount.get("type") == "bind":
            if not mount.get("source"):
                yield Problem(where + ".source", "a bind mount needs one", "mounts.source", _MOUNTS)
        elif not mount.get("type") and "remount" not in options:
            message = "is needed unless the options have bind or rbind"
            yield Problem(where + ".type", message, "mounts.type", _POSIX_MOUNTS)


def mappings(config: Tree) -> Iterator[Problem]:
    """An idmapped mount has both mappings, or takes those of the container's user namespace."""
    namespaces = (config.get("linux") or {}).get("namespaces") or ()
    has_user = any(one.get("type") == "user" for one in namespaces)
    for index, mount in enumerate(config.get("mounts") or ()):
        uids, gids = mount.get("uidMappings"), mount.get("gidMappings")
        options = mount.get("options") or ()
        asked = "idmap" in options or "ridmap" in options
        where = f"mounts[{index}]"
        if bool(uids) != bool(gids):
            message = "uidMappings and gidMappings must come together"
            yield Problem(where, message, "mounts.mappings", _POSIX_MOUNTS)
        elif asked and not uids and not has_user:
            message = "needs mappings of its own, or a namespace of type user"
            yield Problem(where + ".options", message, "mounts.idmap", _OPTIONS)
        elif uids and not asked:
            message = "should have idmap or ridmap, or older runtimes ignore the mappings"
            yield Problem(where + ".options", message, "mounts.idmap.option", _POSIX_MOUNTS, WARNING)


def hooks(config: Tree) -> Iterator[Problem]:
    hooks = config.get("hooks") or {}
    for kind in _KINDS:
        each: list[Tree] = hooks.get(kind) or []
        for index, hook in enumerate(each):
            yield from _hook(hook, f"hooks.{kind}[{index}]")


def _hook(hook: Tree, where: str) -> Iterator[Problem]:
    path, timeout = hook.get("path"), hook.get("timeout")
    if path is not None and not path.startswith("/"):
        yield Problem(where + ".path", f"{path!r} is not an absolute path", "hooks.path", _HOOKS)
    if timeout is not None and timeout <= 0:
        yield Problem(where + ".timeout", f"{timeout} is not above 0", "hooks.timeout", _HOOKS)
    for index, entry in enumerate(hook.get("env") or ()):
        if "=" not in entry[1:]:
            message = f"{entry!r} is not of the form name=value"
            yield Problem(f"{where}.env[{index}]", message, "hooks.env", _HOOKS, WARNING)


RULES = (destinations, kinds, mappings, hooks)
