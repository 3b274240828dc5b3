"""How containerd and `start` talk: three generations of it, told apart by what comes on standard input.

containerd   comes on stdin                          answer on stdout
1.6 to 2.2   an Any: the runtime's options, or none  the address; or JSON, where $MAX_SHIM_VERSION is 3 or more
2.3 and on   BootstrapParams                         BootstrapResult, version 3

1.7 to 2.2 set $MAX_SHIM_VERSION to 2, and 1.7 refuses any higher version; all of them take an address, and mean version
2 of the task service by it. The few fields are read and written by hand: protobuf would double the time of `start`.

Source: containerd, docs/runtime-v2.md; core/runtime/v2/shim.go (parseStartResponse), of each release.
"""

from __future__ import annotations

import posix

from tiffin.runtime.errors import InvalidArgument
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import encode
from tiffin.ttrpc.wire.protobuf import (
    BYTES,
    VARINT,
    Malformed,
    bytes_field,
    fields,
    number_field,
    tag_of,
    text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .flags import Invocation

NEWEST = 3  # version of the task service
SHIM_CGROUP = {
    "containerd.runc.v1.Options": 3,
    "containerd.linux.runc.CreateOptions": 9,
}  # field, by the message
MOST = 10 << 20  # bytes of standard input
STDIN = 0


class Parameters(Record):
    """What a shim is started with.

    ttrpc_address: of the service for events, "" if there is none. socket_directory: for the shims' sockets, "" for the
    usual one. shim_cgroup: that the shim joins, "" for none. framed: the answer is a BootstrapResult.
    """

    ttrpc_address: str = ""
    grpc_address: str = ""
    socket_directory: str = ""
    shim_cgroup: str = ""
    debug: bool = False
    framed: bool = False
    version: int = 2


def read_parameters(invocation: Invocation, environment: Mapping[str, str]) -> Parameters:
    """Reads standard input, unless that is a terminal. Raises InvalidArgument if it is no message."""
    data = b"" if posix.isatty(STDIN) else _read_input()
    return parameters_of(data, invocation, environment)


def parameters_of(data: bytes, invocation: Invocation, environment: Mapping[str, str]) -> Parameters:
    """What the bytes on standard input, the flags and the environment say."""
    try:
        values = _strings(data)
        if (values.get(1), values.get(2)) == (invocation.id.encode(), invocation.namespace.encode()):
            return _framed(data, values, invocation)
        most = environment.get("MAX_SHIM_VERSION", "")
        return Parameters(
            ttrpc_address=environment.get("TTRPC_ADDRESS", ""),
            grpc_address=invocation.address,
            shim_cgroup=_shim_cgroup([data]),
            debug=invocation.debug,
            version=min(int(most), NEWEST) if most.isdecimal() and most.isascii() else 2,
        )
    except Malformed as error:
        raise InvalidArgument(f"standard input holds neither options nor BootstrapParams: {error}") from error


def answer_of(parameters: Parameters, address: str) -> bytes:
    """What containerd reads on standard output."""
    if parameters.framed:
        return (
            number_field(tag_of(1, VARINT), parameters.version)
            + bytes_field(tag_of(2, BYTES), address.encode())
            + bytes_field(tag_of(3, BYTES), b"ttrpc")
        )
    if parameters.version > 2:
        return encode({"version": parameters.version, "address": address, "protocol": "ttrpc"}).encode()
    return address.encode()


def _read_input() -> bytes:
    data = bytearray()
    while len(data) <= MOST:
        part = posix.read(STDIN, 64 << 10)
        if not part:
            return bytes(data)
        data += part
    raise InvalidArgument(f"more than {MOST} bytes on standard input")


def _framed(data: bytes, values: dict[int, bytes], invocation: Invocation) -> Parameters:
    """From BootstrapParams: 5 and 6 are addresses, 8 extensions, 9 the folder of sockets, 3 the level of logs."""
    extensions = [_first(value) for tag, value in fields(data) if tag == tag_of(8, BYTES)]
    levels = [value for tag, value in fields(data) if tag == tag_of(3, VARINT)]
    return Parameters(
        ttrpc_address=text(values.get(5, b"")),
        grpc_address=text(values.get(6, b"")) or invocation.address,
        socket_directory=text(values.get(9, b"")),
        shim_cgroup=_shim_cgroup(extensions),
        debug=invocation.debug or bool(levels and _is_negative(levels[-1])),
        framed=True,
        version=NEWEST,
    )


def _is_negative(number: int) -> bool:
    """Of an enum: -4 is debug, -8 is trace."""
    return number >= 1 << 63


def _first(message: bytes) -> bytes:
    """Field 1 of a message, which is a message."""
    return _strings(message).get(1, b"")


def _strings(message: bytes) -> dict[int, bytes]:
    """Strings, bytes and messages, by the number of their field; the last one counts."""
    return {tag >> 3: value for tag, value in fields(message) if tag & 7 == BYTES}


def _shim_cgroup(packed: list[bytes]) -> str:
    """`shim_cgroup` of the first Any that holds options of runc."""
    for each in packed:
        values = _strings(each)
        field = SHIM_CGROUP.get(text(values.get(1, b"")).rpartition("/")[2])
        if field is not None:
            return text(_strings(values.get(2, b"")).get(field, b""))
    return ""
