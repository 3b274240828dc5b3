"""Options of a runtime handler, a table in the file, as the message that its shim gets.

runc's shim, and ours, have messages of their own, with fields called as in Go (`BinaryName`). Any other shim gets
`runtimeoptions.v1.Options`: the path of its own config if the table has `ConfigPath`, else the whole table as TOML.

Source: containerd's internal/cri/config, `GenerateRuntimeOptions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tiffin.manager.config.runtimes import RUNC, TIFFIN, Handler
from tiffin.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from google.protobuf.any_pb2 import Any
    from google.protobuf.message import Message

GONE = ("CriuPath",)  # of older releases: taken where it says nothing


def options_message(handler: Handler) -> Any | None:
    """The options, packed; None if there are none. Raises InvalidArgument: an unknown one, or of another type."""
    if not handler.options:
        return None
    from tiffin.api.typeurl import pack

    if handler.runtime_type in (RUNC, TIFFIN):
        from tiffin.api.containerd.types.runc.options.oci_pb2 import Options

        options = Options()
        _fill(options, handler.options)
        return pack(options)
    from tiffin.api.containerd.types.runtimeoptions.v1.api_pb2 import Options as AnyOptions

    named = {key: value for key, value in handler.options.items() if key in ("TypeUrl", "ConfigPath")}
    message = AnyOptions()
    _fill(message, named)
    if "ConfigPath" not in named:
        import tomli_w

        message.config_body = tomli_w.dumps(handler.options).encode()
    return pack(message)


def _fill(message: Message, options: Mapping[str, object]) -> None:
    names = {_in_go(field.name): field.name for field in message.DESCRIPTOR.fields}
    for key, value in options.items():
        if key in GONE and not value:
            continue
        if key not in names:
            raise InvalidArgument(f"has no option {key!r}; there are: {', '.join(names)}")
        if isinstance(value, bool) != isinstance(getattr(message, names[key]), bool):
            raise InvalidArgument(f"has a wrong value for {key!r}: {value!r}")
        try:
            setattr(message, names[key], value)
        except (TypeError, ValueError) as error:
            raise InvalidArgument(f"has a wrong value for {key!r}: {error}") from None


def _in_go(name: str) -> str:
    """The name of a field in Go, and so in containerd's files: `io_uid` is `IoUid`."""
    return "".join(map(str.capitalize, name.split("_")))
