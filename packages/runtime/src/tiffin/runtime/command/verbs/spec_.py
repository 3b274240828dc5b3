"""spec: writes a config.json to start from, for a program in a terminal with few privileges."""

from __future__ import annotations

import posix
from typing import TYPE_CHECKING, Any

from tiffin.spec.json_tree import encode
from tiffin.spec.runtime import defaults

from ...errors import AlreadyExists
from ...state.files import write_all
from ..bundle_directory import enter_bundle

if TYPE_CHECKING:
    from ...lifecycle.settings import Settings
    from ..parse import Invocation

CAPABILITIES = ("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE")
FILE_MODE = 0o666


def run_verb(settings: Settings, invocation: Invocation) -> int:  # noqa: ARG001  # the form of every verb
    enter_bundle(invocation.flags.text("bundle"))
    config = starting_config()
    if invocation.flags.switch("rootless"):
        make_rootless(config)
    try:
        descriptor = posix.open("config.json", posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL, FILE_MODE)
    except FileExistsError as error:
        raise AlreadyExists("File config.json exists. Remove it first") from error
    try:
        write_all(descriptor, (encode(config, indent=4) + "\n").encode())
    finally:
        posix.close(descriptor)
    return 0


def starting_config() -> dict[str, Any]:
    """A config that runs `sh` in a terminal, in ./rootfs, which it cannot write to."""
    config: Any = defaults.config()
    config["hostname"] = "tiffin"
    config["root"] = {"path": "rootfs", "readonly": True}
    config["process"].update(
        terminal=True,
        env=[defaults.PATH, "TERM=xterm"],
        capabilities=defaults.capabilities(CAPABILITIES),
        noNewPrivileges=True,
    )
    config["linux"]["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
    config["linux"]["namespaces"] = [*config["linux"]["namespaces"], {"type": "cgroup"}]
    return config  # type: ignore[no-any-return]


def make_rootless(config: dict[str, Any]) -> None:
    """Changes a config so that an ordinary user can run it: the user becomes root of a user namespace."""
    linux = config["linux"]
    linux.pop("resources")
    linux["namespaces"] = [row for row in linux["namespaces"] if row["type"] != "network"] + [
        {"type": "user"}
    ]
    linux["uidMappings"] = [{"containerID": 0, "hostID": posix.geteuid(), "size": 1}]
    linux["gidMappings"] = [{"containerID": 0, "hostID": posix.getegid(), "size": 1}]
    for mount in config["mounts"]:
        if "options" in mount:
            mount["options"] = [
                option for option in mount["options"] if not option.startswith(("gid=", "uid="))
            ]
        if mount["destination"] == "/sys":
            mount.update(type="none", source="/sys", options=["rbind", "nosuid", "noexec", "nodev", "ro"])
