"""`tiffin run`: the steps, in their order.

rootless: a user namespace ─ folder: claimed and locked ─ image: found or pulled, verified, unpacked once ─ mount
namespace: an overlay on the image ─ config ─ runtime: run ─ exit code; with --rm the folder goes
"""

from __future__ import annotations

import os
import time

from tiffin.cli.containers.folder import ContainerFolder, check_name, claim, remove_leftovers
from tiffin.cli.containers.record import ContainerRecord, write_record
from tiffin.cli.execute import Job
from tiffin.cli.parse import UsageError
from tiffin.cli.run.config.build import build_config
from tiffin.cli.run.config.context import Context
from tiffin.cli.run.host import Host, held_capabilities, may_set_groups
from tiffin.cli.run.images import HELLO, open_stored
from tiffin.cli.run.labels import given_labels
from tiffin.cli.run.prepare import discard, mount_root, write_bundle
from tiffin.cli.run.stdio import check_terminal, open_stdio
from tiffin.cli.run.units import integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.config.build import Built
    from tiffin.cli.run.images import Stored


def main(arguments: Arguments) -> int:
    """Runs the command; returns the program's exit code, or 0 once it runs in the background.

    Raises:
        CommandFailed, UsageError: as the class and its text say.
        ImageFailure, RuntimeFailure, OSError: from the layers below.
    """
    if arguments.address:
        from tiffin.cli.managed.opening import open_managed

        with open_managed(arguments.address, arguments.namespace) as containers:
            return containers.run(arguments)
    _check_together(arguments)
    return run_container(arguments, Host.enter(arguments).swept())


def run_container(arguments: Arguments, host: Host) -> int:
    """Runs a container of a host that was entered already. As `main`."""
    short_id = os.urandom(6).hex()
    name = arguments.text("name") or short_id
    check_name(name)
    folder = claim(host.store.containers, name)
    try:
        return _run(arguments, host, folder, (name, short_id))
    except BaseException:
        discard(folder)
        raise
    finally:
        remove_leftovers(host.store.containers)


def _check_together(arguments: Arguments) -> None:
    """Flags that make no sense with each other."""
    if arguments.text("runtime") and arguments.text("trace"):
        raise UsageError("--trace: only tiffin's own runtime tells how long its operations take")
    detach = arguments.switch("detach")
    if arguments.given("log-opt") and not detach:
        raise UsageError("--log-opt: only a container in the background (--detach) has a log")
    if arguments.text("trace") and detach:
        raise UsageError("--trace: only in the foreground, without --detach")
    if arguments.switch("tty") and not detach:
        check_terminal()


def _run(arguments: Arguments, host: Host, folder: ContainerFolder, ids: tuple[str, str]) -> int:
    stored = open_stored(arguments, host)
    rootfs = mount_root(stored, host, folder.path, keep=not arguments.switch("rm"))
    built = _build(arguments, host, stored, folder.path, rootfs, ids)
    record = _record(arguments, host, stored, ids, built.config["process"]["args"])
    write_record(folder.path, record)
    write_bundle(built, folder.path, rootfs)
    if arguments.switch("detach"):
        _start_in_background(arguments, folder, record)
        folder.release()
        print(record.name)
        return 0
    executor = record.executor()
    with open_stdio(arguments) as stdio:
        job = Job(record.name, folder.path, built.config, stdio, arguments.text("trace"))
        code = executor.run(job)
    executor.delete(record.name)
    if record.remove:
        discard(folder)
    else:
        write_record(folder.path, record.replace(ended=True, exit_code=code))
        folder.release()
    return code


def _start_in_background(arguments: Arguments, folder: ContainerFolder, record: ContainerRecord) -> None:
    """Under a monitor of its own, which keeps its log and its exit code."""
    from tiffin.cli.daemonless.background import Background, start_in_background
    from tiffin.cli.run.log_limits import log_limits

    background = Background(
        record.name,
        folder.path,
        record.runtime,
        record.state,
        tty=arguments.switch("tty"),
        stdin=arguments.switch("interactive"),
        limits=log_limits(arguments),
    )
    start_in_background(background)


def _build(
    arguments: Arguments, host: Host, stored: Stored, directory: str, rootfs: str, ids: tuple[str, str]
) -> Built:
    context = Context(
        *ids,
        directory=directory,
        volumes=host.volumes,
        image=stored.config,
        rootless=host.rootless,
        cgroup_version=host.cgroup_version(),
        cgroup_parent=host.cgroup_parent(arguments),
        held=held_capabilities(),
        groups=may_set_groups(),
    )
    built = build_config(arguments, context, rootfs)
    if stored.name == HELLO:
        from tiffin.cli.run.greeting import facts_for_hello

        built.config["process"]["env"] += facts_for_hello(rootless=host.rootless)
    return built


def _record(
    arguments: Arguments, host: Host, stored: Stored, ids: tuple[str, str], command: list[str]
) -> ContainerRecord:
    runtime, state = host.runtime(arguments)
    return ContainerRecord(
        *ids,
        image=stored.name,
        chain_id=stored.unpacked.chain_id,
        command=" ".join(command),
        runtime=runtime,
        state=state,
        remove=arguments.switch("rm"),
        created=int(time.time()),
        labels=given_labels(arguments),
        stop_signal=stored.stop_signal(arguments),
        stop_timeout=integer("stop-timeout", arguments.text("stop-timeout", "10")),
    )
