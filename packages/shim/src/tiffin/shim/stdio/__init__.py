"""Standard streams as clients name them (`Stdio`), and what the monitor makes of them (`streams_of`)."""

from .sinks import sink_of
from .stdio import Stdio, make_folders, streams_of

__all__ = ["Stdio", "make_folders", "sink_of", "streams_of"]
