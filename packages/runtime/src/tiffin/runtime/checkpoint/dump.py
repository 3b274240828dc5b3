"""`checkpoint`: saves a running container to image files, and removes it unless it shall run on."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FailedPrecondition, InvalidArgument
from ..lifecycle.delete import destroy, wait_for_end
from ..lifecycle.kill import kill_all
from ..lifecycle.loaded import LoadedContainer
from ..state.status import PAUSED, RUNNING
from .external import Config, mounts_to_leave_out, namespaces_to_leave_out
from .log import explain
from .messages import DUMP, PRE_DUMP
from .options import CheckpointOptions, common_options, folders, page_server
from .rpc import Criu, CriuFailed, check_feature, check_version

if TYPE_CHECKING:
    from ..lifecycle.settings import Settings

LOG = "dump.log"
DESCRIPTORS = "descriptors.json"


def checkpoint(settings: Settings, identifier: str, options: CheckpointOptions) -> None:
    """Checkpoints a container. Afterwards it is gone, unless it shall run on (leave_running, pre_dump).

    Raises:
        NotFound: no such container. FailedPrecondition: it does not run.
        InvalidArgument: an option cannot be used.
        Unsupported: CRIU is missing, too old, or lacks what an option needs.
        CriuFailed: CRIU could not do it, with its reason; the container runs on.
        TimedOut: `options.stop` said so. CRIU was killed, and writes no more; it may have left the container frozen.
    """
    container = LoadedContainer(settings.root, identifier)
    with container.directory.lock():
        container.reload()
        status = container.status()
        if status not in {RUNNING, PAUSED}:
            raise FailedPrecondition(f"Container cannot be checkpointed in {status} state")
        _check(options)
        config: Config = container.config()
        with folders(options, make_images=True) as (folder_options, log_folder):
            request = _request(container, config, options) | folder_options
            if not options.pre_dump:
                _write_descriptors(Path(options.image_path), container.state.pid)
            _dump(request, options, log_folder / LOG)
        if not options.leave_running and not options.pre_dump:
            kill_all(container)  # what CRIU left: a process that another namespace's init must reap
            wait_for_end(container)
            destroy(settings, container)


def _check(options: CheckpointOptions) -> None:
    """What can be refused before CRIU starts."""
    check_parent(options)
    check_version(options.stop)
    if options.pre_dump:
        check_feature("mem_track", "--pre-dump", options.stop)
    if options.lazy_pages:
        check_feature("lazy_pages", "--lazy-pages", options.stop)
    if options.status_fd >= 0:
        _check_status_descriptor(options.status_fd)


def _check_status_descriptor(descriptor: int) -> None:
    try:
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    except OSError as error:
        raise InvalidArgument(f"invalid --status-fd argument {descriptor}: {error.strerror}") from error
    if flags & os.O_ACCMODE == os.O_RDONLY:
        raise InvalidArgument(f"invalid --status-fd argument {descriptor}: not writable")


def check_parent(options: CheckpointOptions) -> None:
    """--parent-path is a folder, relative to the folder of the images: CRIU makes it a link there."""
    if not options.parent_path:
        return
    if options.parent_path.startswith("/"):
        raise InvalidArgument("--parent-path must be relative")
    # by its name alone: the folder of the images, which a leading `..` leaves, may not be there yet
    parent = os.path.normpath(f"{options.image_path}/{options.parent_path}")
    if not os.path.isdir(parent):
        raise InvalidArgument(f"invalid --parent-path: {parent} is no folder")


def _request(container: LoadedContainer, config: Config, options: CheckpointOptions) -> dict[str, Any]:
    """CRIU's options, apart from the folders."""
    state = container.state
    cgroups = dict(state.cgroups)
    request = common_options(options, dict(config.get("annotations") or {})) | {
        "pid": state.pid,
        "root": state.rootfs,
        "log_file": LOG,
        "leave_running": options.leave_running,
        "tcp_skip_in_flight": options.tcp_skip_in_flight,
        "link_remap": options.link_remap,
        "freeze_cgroup": cgroups.get("freezer") or cgroups.get("unified"),
        "ps": page_server(options.page_server),
        "external": namespaces_to_leave_out(config),
    }
    if options.parent_path:
        request |= {"parent_img": options.parent_path, "track_mem": True}
    if options.pre_dump:
        request["track_mem"] = True
    else:
        request["ext_mnt"] = mounts_to_leave_out(config, state.rootfs, state.pid)
    return request


def _write_descriptors(images: Path, pid: int) -> None:
    """What init's standard streams are, as runc keeps it: pipes among them are given anew at restore."""
    links = []
    for number in range(3):
        try:
            links.append(os.readlink(f"/proc/{pid}/fd/{number}"))
        except FileNotFoundError:
            links.append("")
    (images / DESCRIPTORS).write_text(json.dumps(links))


class _LazyPages:
    """Tells whoever waits at --status-fd that the page server is ready."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def notified(self, script: str, _pid: int, _descriptors: Sequence[int]) -> None:
        if script == "status-ready" and self.descriptor >= 0:
            os.write(self.descriptor, b"\0")
            os.close(self.descriptor)
            self.descriptor = -1


def _dump(request: dict[str, Any], options: CheckpointOptions, log: Path) -> None:
    kind = PRE_DUMP if options.pre_dump else DUMP
    log.unlink(missing_ok=True)
    try:
        with Criu(stop=options.stop, patience=0.0) as criu:  # with patience it would make its dump
            criu.ask({"type": kind, "opts": request}, _LazyPages(options.status_fd))
            criu.finish(kind)
    except CriuFailed as error:
        raise explain(error, log) from error
