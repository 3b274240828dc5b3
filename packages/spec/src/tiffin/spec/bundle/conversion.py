"""An image's config, and what the caller wants otherwise, to a runtime config with every default."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tiffin.spec import annotation
from tiffin.spec.bundle.account import find_user
from tiffin.spec.image.config import ImageConfig
from tiffin.spec.model import from_tree
from tiffin.spec.runtime import defaults
from tiffin.spec.runtime.capabilities import DEFAULT as CAPABILITIES
from tiffin.spec.runtime.config import Config
from tiffin.spec.runtime.seccomp_profile import default_profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tiffin.spec.image.config import Image
    from tiffin.spec.runtime.tree import ConfigTree, MountTree, ProcessTree


class ConversionError(ValueError):
    """An image's config from which no container can be made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerOptions:
    """What the caller sets; None and empty leave it as the image has it.

    Attributes:
        args: the command, in place of the image's Cmd.
        entrypoint: in place of the image's Entrypoint, and then its Cmd does not count; [] for none at all.
        env: variables name=value, over the image's.
        user: [user|uid][:group|gid].
        working_folder: an absolute path.
        volumes: from a path of the image's Volumes to a directory of the host; those not named become a tmpfs.
        labels: annotations, over the image's labels.
        seccomp: whether the default profile applies.
        machine: the architecture that the profile is for, as uname(2) says it; the host's if empty.
    """

    args: Sequence[str] = ()
    entrypoint: Sequence[str] | None = None
    env: Sequence[str] = ()
    user: str | None = None
    working_folder: str = ""
    hostname: str = ""
    terminal: bool = False
    readonly: bool = False
    capabilities: Sequence[str] = CAPABILITIES
    volumes: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    seccomp: bool = True
    machine: str = ""


def container_config(image: Image, rootfs: Path | str, options: ContainerOptions | None = None) -> Config:
    """The typed config of `container_tree`; raises as that does."""
    return from_tree(container_tree(image, rootfs, options), Config)


def container_tree(image: Image, rootfs: Path | str, options: ContainerOptions | None = None) -> ConfigTree:
    """The config of a container of this image; its `root.path` is `rootfs`.

    Raises ConversionError if there is no command; AccountError or OSError if the user cannot be looked up.
    """
    options = options or ContainerOptions()
    settings = image.config or ImageConfig()
    config = defaults.config()
    config["root"] = {"path": os.fspath(rootfs), "readonly": options.readonly}
    config["process"] = _process(settings, rootfs, options)
    config["mounts"] = [*config["mounts"], *_volumes(settings, options.volumes)]
    if options.hostname:
        config["hostname"] = options.hostname
    if options.seccomp:
        uname = os.uname()
        kernel = _kernel_version(uname.release)
        config["linux"]["seccomp"] = default_profile(
            options.machine or uname.machine, options.capabilities, kernel=kernel
        )
    config["annotations"] = {**_annotations(image, settings), **options.labels}
    return config


def _process(settings: ImageConfig, rootfs: Path | str, options: ContainerOptions) -> ProcessTree:
    user = find_user(rootfs, settings.User or "" if options.user is None else options.user)
    process: ProcessTree = {
        "terminal": options.terminal,
        "user": {"uid": user.uid, "gid": user.gid},
        "args": _command(settings, options),
        "env": _environment(settings.Env or (), options, user.home),
        "cwd": _working_folder(options.working_folder or settings.WorkingDir or "/"),
        "capabilities": defaults.capabilities(options.capabilities),
        "rlimits": defaults.rlimits(),
    }
    # the primary group too: else a file that denies it something could not be told from others (CVE-2023-25173)
    process["user"]["additionalGids"] = [user.gid, *user.additional_gids]
    if user.uid:  # execve leaves neither to a user who is not root, so that nothing is lost
        process["capabilities"]["effective"] = []
        process["capabilities"]["permitted"] = []
    return process


def _command(settings: ImageConfig, options: ContainerOptions) -> list[str]:
    """Docker's rules: a new entrypoint takes the image's Cmd away, new arguments only replace it."""
    if options.entrypoint is None:
        command = [*(settings.Entrypoint or ()), *(options.args or settings.Cmd or ())]
    else:
        command = [*options.entrypoint, *options.args]
    if not command:
        raise ConversionError("the image has neither Entrypoint nor Cmd: say which command to run")
    return command


def _environment(of_image: Sequence[str], options: ContainerOptions, home: str) -> list[str]:
    """The image's variables, the caller's over them, and PATH, HOME and TERM if nobody set them."""
    variables: dict[str, str] = {}
    for entry in (*of_image, *options.env):
        name, equals, value = entry.partition("=")
        if name and equals:
            variables[name] = value
    path_name, _, path_value = defaults.PATH.partition("=")
    variables = {path_name: path_value, **variables} if path_name not in variables else variables
    variables.setdefault("HOME", home)
    if options.hostname:
        variables.setdefault("HOSTNAME", options.hostname)
    if options.terminal:
        variables.setdefault("TERM", "xterm")
    return [f"{name}={value}" for name, value in variables.items()]


def _working_folder(path: str) -> str:
    """Images in the wild have relative ones: they start at the root."""
    return path if path.startswith("/") else "/" + path


def _kernel_version(release: str) -> tuple[int, int]:
    """(6, 1) of 6.1.0-28-amd64."""
    major, minor, *_rest = (*re.findall(r"[0-9]+", release), "0", "0")
    return int(major), int(minor)


def _volumes(settings: ImageConfig, sources: Mapping[str, str]) -> list[MountTree]:
    """A mount for each of Volumes, so that nothing is written into the root file system (conversion.md)."""
    mounts: list[MountTree] = []
    for path in sorted(settings.Volumes or ()):
        destination = _working_folder(path)
        if path in sources:
            mounts.append(
                {
                    "destination": destination,
                    "type": "bind",
                    "source": sources[path],
                    "options": ["rbind", "rw"],
                }
            )
        else:
            options = ["nosuid", "nodev", "mode=755", "tmpcopyup"]
            mounts.append(
                {"destination": destination, "type": "tmpfs", "source": "tmpfs", "options": options}
            )
    return mounts


def _annotations(image: Image, settings: ImageConfig) -> dict[str, str]:
    """conversion.md, Annotation Fields: those that the image implies, under its labels, which win."""
    implied = {
        annotation.OS: image.os,
        annotation.ARCHITECTURE: image.architecture,
        annotation.VARIANT: image.variant,
        annotation.OS_VERSION: image.os_version,
        annotation.OS_FEATURES: ",".join(image.os_features or ()),
        annotation.AUTHOR: image.author,
        annotation.CREATED: image.created,
        annotation.STOP_SIGNAL: settings.StopSignal,
        annotation.EXPOSED_PORTS: ",".join(sorted(settings.ExposedPorts or ())),
    }
    return {**{key: value for key, value in implied.items() if value}, **(settings.Labels or {})}
