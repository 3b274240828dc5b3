"""`-info`: what this shim and the OCI runtime below it are, for containerd 2.x, as an encoded RuntimeInfo."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError

from tiffin.api.containerd.types import introspection_pb2
from tiffin.runtime.errors import InvalidArgument, NotFound
from tiffin.spec.json_tree import JSONError, decode, encode

from ..service.options import runtime_options
from .version import VERSION

NAME = "io.containerd.tiffin.v2"
FEATURES = "types.containerd.io/opencontainers/runtime-spec/1/features/Features"
TAKES_BACK = "dev.tiffin.shim.takes-back"
"""An annotation of ours: a shim that was killed may be started again in its bundle, and has its tasks then."""
SECONDS = 10.0


def info() -> bytes:
    """Reads the runtime's options, an Any, from standard input. Raises InvalidArgument; NotFound: no such binary."""
    try:
        options = Any.FromString(b"" if os.isatty(0) else sys.stdin.buffer.read())
    except DecodeError as error:
        raise InvalidArgument(f"standard input holds no options: {error}") from error
    answer = introspection_pb2.RuntimeInfo(name=NAME)
    answer.version.version = VERSION
    answer.annotations[TAKES_BACK] = "true"
    if options.type_url:
        answer.options.CopyFrom(options)
    binary = runtime_options(options).binary
    features = _features_of(binary) if binary else _own_features()
    if features is not None:
        answer.features.CopyFrom(Any(type_url=FEATURES, value=features.encode()))
    return answer.SerializeToString()


def _own_features() -> str:
    from tiffin.runtime.command.verbs.features_ import features

    return encode(features())


def _features_of(binary: str) -> str | None:
    """What `<binary> features` prints; None: it has no such command, as runsc and old releases of runc."""
    path = shutil.which(binary)
    if path is None:
        raise NotFound(f"the OCI runtime {binary} is not installed")
    try:
        done = subprocess.run([path, "features"], capture_output=True, timeout=SECONDS, check=False)
        return encode(decode(done.stdout)) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, JSONError):
        return None
