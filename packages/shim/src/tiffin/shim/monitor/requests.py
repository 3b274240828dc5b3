"""The request that starts a process, made from a `Spawn`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tiffin.runtime.errors import InvalidArgument

from . import messages
from .values import CONSOLE_FOLDER, console_socket_path
from .wire import encode_fields

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import ExitStack

    from .values import Sink, Spawn, Streams


def start_request(
    spawn: Spawn, directory: str, undo: ExitStack, *, until_end: bool
) -> tuple[messages.Start, list[int]]:
    """The message, and the descriptors that go with it.

    Args:
        directory: of the monitor.
        undo: closes what is only needed till the request is sent.
        until_end: `run`, not `spawn`.

    Raises:
        InvalidArgument: an unknown kind of sink, or a number that is used twice.
    """
    pairs = [*spawn.descriptors, *_console_folder(spawn, directory, undo)]
    numbers = tuple(number for _, number in pairs)
    if len(set(numbers)) != len(numbers):
        raise InvalidArgument(f"{spawn.name}: a number of a descriptor is used twice: {numbers}")
    descriptors = [own for own, _ in pairs]
    uid, gid = spawn.streams.owner or (-1, -1)
    request = messages.Start(
        name=spawn.name,
        argv=spawn.argv,
        environment=spawn.environment or (),
        directory=spawn.directory,
        pid_file=spawn.pid_file,
        options=_options(spawn, until_end=until_end),
        console_descriptor=spawn.console_descriptor,
        stdin=spawn.streams.stdin,
        sinks=tuple(encode_fields(sink) for sink in _sinks(spawn.streams, descriptors)),
        uid=uid,
        gid=gid,
        numbers=numbers,
    )
    return request, descriptors


def folders_of(streams: Streams) -> set[Path]:
    """Those of plain files, which containerd's shim makes too."""
    return {Path(sink.path).parent for sink in (*streams.stdout, *streams.stderr) if sink.kind == "file"}


def make(folders: Iterable[Path]) -> None:
    """Makes folders that are not there. Blocks. Raises OSError."""
    for folder in folders:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)


def _console_folder(spawn: Spawn, directory: str, undo: ExitStack) -> list[tuple[int, int]]:
    """Where the path of the console socket is too long for a socket, the command gets its folder as a descriptor."""
    path = console_socket_path(directory, spawn.name)
    if not spawn.console_socket or not path.startswith("/proc/"):
        return []
    folder = Path(directory, spawn.name)
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    undo.callback(os.close, descriptor)
    return [(descriptor, CONSOLE_FOLDER)]


def _options(spawn: Spawn, *, until_end: bool) -> int:
    streams = spawn.streams
    chosen = (
        (not until_end, messages.START_SPAWN),
        (streams.terminal, messages.START_TERMINAL),
        (streams.attachable, messages.START_ATTACHABLE),
        (streams.attached_stdin, messages.START_ATTACHED_STDIN),
        (spawn.console_socket, messages.START_CONSOLE_SOCKET),
        (spawn.environment is None, messages.START_OWN_ENVIRONMENT),
    )
    return sum(bit for wanted, bit in chosen if wanted)


def _sinks(streams: Streams, descriptors: list[int]) -> list[messages.Sink]:
    """Each sink once, with the streams that go to it; appends its descriptor to those of the message."""
    chosen: dict[Sink, int] = {}
    outputs = [(streams.stdout, messages.STREAM_STDOUT)]
    if not streams.terminal:
        outputs.append((streams.stderr, messages.STREAM_STDERR))
    for sinks, stream in outputs:
        for sink in sinks:
            chosen[sink] = chosen.get(sink, 0) | stream
    return [_sink(sink, stream, descriptors) for sink, stream in chosen.items()]


def _sink(sink: Sink, streams: int, descriptors: list[int]) -> messages.Sink:
    if sink.kind not in messages.SINKS:
        raise InvalidArgument(f"sinks are {', '.join(messages.SINKS)}, not {sink.kind!r}")
    place = -1
    if sink.kind == "descriptor":
        place = len(descriptors)
        descriptors.append(sink.descriptor)
    return messages.Sink(
        kind=messages.SINKS[sink.kind],
        streams=streams,
        path=sink.path,
        arguments=sink.arguments,
        environment=sink.environment,
        max_bytes=sink.max_bytes,
        max_files=sink.max_files,
        attributes=sink.attributes,
        descriptor=place,
    )
