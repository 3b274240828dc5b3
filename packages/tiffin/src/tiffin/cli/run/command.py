"""`tiffin run`: the steps, in their order.

rootless: a user namespace ─ image: found, verified, unpacked once ─ folder: claimed and locked ─ mount namespace:
an overlay on the image ─ config ─ runtime: run ─ exit code; with --rm the folder goes
"""

from __future__ import annotations

import os
import time

from tiffin.cli.containers.folder import ContainerFolder, check_name, claim
from tiffin.cli.containers.record import ContainerRecord, write_record
from tiffin.cli.containers.sweep import sweep
from tiffin.cli.execute import Job, executor_for
from tiffin.cli.run.config.build import build_config
from tiffin.cli.run.config.context import Context
from tiffin.cli.run.host import Host
from tiffin.cli.run.images import open_stored
from tiffin.cli.run.prepare import discard, prepare
from tiffin.cli.run.stdio import open_stdio
from tiffin.cli.run.units import integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.images import Stored


def main(arguments: Arguments) -> int:
    """Runs the command; returns the program's exit code, or 0 once it runs in the background.

    Raises:
        CommandFailed, UsageError: as the class and its text say.
        ImageFailure, RuntimeFailure, OSError: from the layers below.
    """
    host = Host.enter(arguments)
    stored = open_stored(arguments, host)
    sweep(host.store.containers)
    short_id = os.urandom(6).hex()
    name = arguments.text("name") or short_id
    check_name(name)
    folder = claim(host.store.containers, name)
    try:
        return _run(arguments, host, stored, folder, (name, short_id))
    except BaseException:
        discard(folder)
        raise


def _run(
    arguments: Arguments, host: Host, stored: Stored, folder: ContainerFolder, ids: tuple[str, str]
) -> int:
    name, short_id = ids
    context = Context(
        name,
        short_id,
        folder.path,
        host.volumes,
        stored.config,
        host.rootless,
        host.cgroup_version(),
    )
    built = build_config(arguments, context, stored.rootfs)
    host.add_to(built.config, arguments)
    record = _record(arguments, host, stored, ids, built.config["process"]["args"])
    write_record(folder.path, record)
    prepare(built, folder.path, stored.rootfs, rootless=host.rootless, keep=not record.remove)
    executor = executor_for(record.runtime, record.state)
    detach = arguments.switch("detach")
    with open_stdio(folder, interactive=arguments.switch("interactive"), detach=detach) as stdio:
        job = Job(name, folder.path, built.config, stdio, arguments.text("trace"))
        if detach:
            executor.start(job)
            folder.release()
            print(name)
            return 0
        code = executor.run(job)
    executor.delete(name)
    if record.remove:
        discard(folder)
    else:
        write_record(folder.path, record.replace(exit_code=code))
        folder.release()
    return code


def _record(
    arguments: Arguments, host: Host, stored: Stored, ids: tuple[str, str], command: list[str]
) -> ContainerRecord:
    pairs = (text.partition("=") for text in arguments.texts("label"))
    labels = {key: value for key, _, value in pairs}
    runtime, state = host.runtime(arguments)
    stop = (stored.stop_signal(arguments), integer("stop-timeout", arguments.text("stop-timeout", "10")))
    return ContainerRecord(
        *ids,
        image=stored.name,
        chain_id=stored.chain_id,
        command=" ".join(command),
        runtime=runtime,
        state=state,
        remove=arguments.switch("rm"),
        created=int(time.time()),
        labels=labels,
        stop_signal=stop[0],
        stop_timeout=stop[1],
    )
