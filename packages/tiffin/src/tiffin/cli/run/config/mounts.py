"""File systems: the default mounts, -v, --mount, --tmpfs, the image's volumes, --read-only."""

from __future__ import annotations

import os

from tiffin.cli.run.config.volumes import (
    Volume,
    bind_of,
    image_volumes,
    parse_mount,
    parse_tmpfs,
    parse_volume,
)
from tiffin.cli.run.units import size
from tiffin.spec.runtime import defaults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.config.context import Context
    from tiffin.spec.runtime.tree import ConfigTree, MountTree


def apply_mounts(config: ConfigTree, arguments: Arguments, context: Context) -> list[Volume]:
    """Sets `mounts` and `root.readonly`.

    Returns:
        the volumes that must exist, and perhaps be filled from the image, before the container starts.

    Raises:
        UsageError: for a mount that cannot be understood, or two on the same place.
    """
    mounts = _defaults(arguments, context)
    volumes = [parse_volume(text, context) for text in arguments.texts("volume")]
    tmpfs = [parse_tmpfs(text) for text in arguments.texts("tmpfs")]
    for text in arguments.texts("mount"):
        asked = parse_mount(text, context)
        if isinstance(asked, Volume):
            volumes.append(asked)
        else:
            tmpfs.append(asked)
    taken = {volume.target for volume in volumes} | {mount["destination"] for mount in tmpfs}
    volumes += [volume for volume in image_volumes(context) if volume.target not in taken]
    asked_for = [*map(bind_of, volumes), *tmpfs]
    _refuse_twice(asked_for)
    asked_for.sort(key=lambda mount: mount["destination"].count("/"))  # what lies deeper is mounted later
    places = {mount["destination"] for mount in asked_for}
    config["mounts"] = [mount for mount in mounts if mount["destination"] not in places] + asked_for
    config["root"]["readonly"] = arguments.switch("read-only")
    return volumes


def _defaults(arguments: Arguments, context: Context) -> list[MountTree]:
    mounts = defaults.mounts()
    for mount in mounts:
        place, options = mount["destination"], mount["options"]
        if place == "/dev/shm" and arguments.given("shm-size"):
            _replace(options, "size=", f"size={size('shm-size', arguments.text('shm-size'))}")
        elif place == "/dev/pts" and context.rootless:
            _replace(options, "gid=", None)  # group 5 may not be mapped
        elif place in ("/sys", "/sys/fs/cgroup") and arguments.switch("privileged"):
            _replace(options, "ro", "rw")
    if arguments.text("ipc") == "host":
        mounts = _with_host_ipc(mounts, rootless=context.rootless)
    if arguments.text("pid") == "host" and context.rootless:
        mounts = [_shared(mount) if mount["destination"] == "/proc" else mount for mount in mounts]
    if arguments.text("network") == "host" and context.rootless:
        # sysfs belongs to the network namespace's owner, which is the host: podman too mounts the host's, read-only
        mounts = [_shared(mount, "ro") if mount["destination"] == "/sys" else mount for mount in mounts]
    return mounts


def _with_host_ipc(mounts: list[MountTree], *, rootless: bool) -> list[MountTree]:
    """The host's /dev/shm and /dev/mqueue. Where it has no mqueue only root may mount one."""
    shared = [place for place in ("/dev/shm", "/dev/mqueue") if os.path.isdir(place)]
    missing = () if "/dev/mqueue" in shared or not rootless else ("/dev/mqueue",)
    kept = [mount for mount in mounts if mount["destination"] not in missing]
    return [_shared(mount) if mount["destination"] in shared else mount for mount in kept]


def _replace(options: list[str], start: str, new: str | None) -> None:
    """Replaces the option that is, or (when it ends in `=`) starts with, `start`."""
    kept = [
        option
        for option in options
        if not (option.startswith(start) if start.endswith("=") else option == start)
    ]
    options[:] = kept if new is None else [*kept, new]


def _shared(mount: MountTree, *more: str) -> MountTree:
    """The host's own file system instead of a new one."""
    options = ["rbind", "nosuid", "noexec", "nodev", *more]
    return {
        "destination": mount["destination"],
        "type": "bind",
        "source": mount["destination"],
        "options": options,
    }


def _refuse_twice(mounts: list[MountTree]) -> None:
    from tiffin.cli.parse import UsageError

    seen: set[str] = set()
    for mount in mounts:
        if mount["destination"] in seen:
            raise UsageError(f"{mount['destination']!r} is mounted twice")
        seen.add(mount["destination"])
