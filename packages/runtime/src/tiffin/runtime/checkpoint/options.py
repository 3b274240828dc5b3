"""The flags of checkpoint and restore, and their place in CRIU's options."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidArgument
from ..launch.starting import OWN_CHILDREN
from ..record import Record
from .messages import CGROUP_MODES

if TYPE_CHECKING:
    from ..launch.starting import Starter

DEFAULT_IMAGE_FOLDER = "checkpoint"  # below the current directory, as in runc
CLONE_NEWNET = 0x40000000
EMPTY_NAMESPACES = {"network": CLONE_NEWNET}
LOG_LEVEL = 4
CONFIG_FILE = "/etc/criu/runc.conf"  # what podman and administrators write for any runtime in runc's place
CONFIG_ANNOTATION = "org.criu.config"


class CriuOptions(Record):
    """What checkpoint and restore have in common; each is a flag of runc's.

    image_path: folder of the images. work_path: folder of the log, "" for the same.
    manage_cgroups_mode: soft, full, strict, ignore, or "". empty_namespaces: made, but not filled; `network` always is.
    """

    image_path: str
    work_path: str = ""
    tcp_established: bool = False
    external_unix_sockets: bool = False
    shell_job: bool = False
    file_locks: bool = False
    manage_cgroups_mode: str = ""
    empty_namespaces: tuple[str, ...] = ()
    auto_dedup: bool = False
    lazy_pages: bool = False


class CheckpointOptions(CriuOptions):
    """The flags of checkpoint.

    parent_path: an earlier pre-dump, relative to image_path. page_server: ADDRESS:PORT, "" for none.
    status_fd: gets one zero byte when lazy pages can be asked for, -1 for none.
    stop: a descriptor that becomes readable when the images are not wanted any more; -1 for none.
    """

    parent_path: str = ""
    leave_running: bool = False
    pre_dump: bool = False
    page_server: str = ""
    status_fd: int = -1
    tcp_skip_in_flight: bool = False
    link_remap: bool = False
    stop: int = -1


class RestoreOptions(CriuOptions):
    """The flags of restore; bundle is absolute.

    console_descriptor: connected console socket of a terminal in the foreground, -1 without.
    stdio: descriptors of this process for the container's standard streams, where they are pipes.
    starter: who starts CRIU, and becomes the parent of the restored process.
    stop: a descriptor that becomes readable when the container is not wanted any more; -1 for none.
    """

    bundle: str = ""
    console_socket: str = ""
    console_descriptor: int = -1
    pid_file: str = ""
    lsm_profile: str = ""
    lsm_mount_context: str = ""
    stdio: tuple[int, int, int] = (0, 1, 2)
    starter: Starter = OWN_CHILDREN
    stop: int = -1


def common_options(options: CriuOptions, annotations: dict[str, str]) -> dict[str, Any]:
    """CRIU's options for either direction.

    Raises:
        InvalidArgument: a flag has a value that it cannot have.
    """
    if options.manage_cgroups_mode not in CGROUP_MODES:
        raise InvalidArgument(
            f"--manage-cgroups-mode: soft, full, strict or ignore, not {options.manage_cgroups_mode!r}"
        )
    return {
        "log_level": LOG_LEVEL,
        "notify_scripts": True,
        "manage_cgroups": True,
        "manage_cgroups_mode": CGROUP_MODES[options.manage_cgroups_mode],
        "tcp_established": options.tcp_established,
        "ext_unix_sk": options.external_unix_sockets,
        "shell_job": options.shell_job,
        "file_locks": options.file_locks,
        "auto_dedup": options.auto_dedup,
        "lazy_pages": options.lazy_pages,
        "empty_ns": empty_namespaces(options.empty_namespaces),
        "orphan_pts_master": True,
        "config_file": annotations.get(CONFIG_ANNOTATION, CONFIG_FILE) or None,
    }


def empty_namespaces(names: tuple[str, ...]) -> int:
    """The CLONE_NEW flags of --empty-ns: the network's is always there, since its devices are not ours."""
    for name in names:
        if name not in EMPTY_NAMESPACES:
            raise InvalidArgument(f'--empty-ns: namespace "{name}" is not supported')
    return CLONE_NEWNET


def page_server(text: str) -> dict[str, Any] | None:
    """--page-server ADDRESS:PORT; an IPv6 address stands in brackets."""
    if not text:
        return None
    address, _, port = text.rpartition(":")
    if not address or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise InvalidArgument("Use --page-server ADDRESS:PORT to specify page server")
    return {"address": address.removeprefix("[").removesuffix("]"), "port": int(port)}


@contextmanager
def folders(options: CriuOptions, *, make_images: bool) -> Iterator[tuple[dict[str, Any], Path]]:
    """Opens the folders of images and of the log. Gives CRIU's options for them, and where its log will be.

    Args:
        make_images: make the folder of images if it is not there (checkpoint).

    Raises:
        InvalidArgument: one of them is no folder, or cannot be made.
    """
    images = _open_folder("--image-path", options.image_path, make=make_images)
    work = -1
    try:
        if options.work_path:
            work = _open_folder("--work-path", options.work_path, make=True)
        chosen: dict[str, Any] = {"images_dir_fd": images, "work_dir_fd": work if work >= 0 else None}
        yield chosen, Path(options.work_path or options.image_path)
    finally:
        os.close(images)
        if work >= 0:
            os.close(work)


def _open_folder(flag: str, path: str, *, make: bool) -> int:
    try:
        if make:
            os.makedirs(path, mode=0o700, exist_ok=True)
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise InvalidArgument(f"{flag} {path}: {error.strerror}") from error
