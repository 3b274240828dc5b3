"""Frames: a header of ten bytes, then data. `FrameParser` takes bytes in any pieces.

    length of the data: u32 | stream: u32 | kind: u8 | flags: u8 | data      (big endian)

Source: containerd/ttrpc, PROTOCOL.md, "Message Frame".
"""

from __future__ import annotations

from io import BytesIO
from struct import Struct

from tiffin.ttrpc.status import Code, RpcError
from tiffin.ttrpc.value import Value

REQUEST, RESPONSE, DATA = 1, 2, 3  # kinds
REMOTE_CLOSED, REMOTE_OPEN, NO_DATA = (
    1,
    2,
    4,
)  # flags: of a request the first two, of data the first and the last
LONGEST = 4 << 20  # bytes of data in a frame
LAST_STREAM = (1 << 32) - 1

_HEADER = Struct(">IIBB")
HEADER_LENGTH = _HEADER.size


class Frame(Value):
    """A frame that has come.

    Args:
        length: of its data, in bytes. Where it is more than is taken, `data` is empty: see `oversized`.
    """

    __slots__ = ("data", "flags", "kind", "length", "stream")

    def __init__(self, stream: int, kind: int, flags: int, data: bytes, length: int) -> None:
        self.stream = stream
        self.kind = kind
        self.flags = flags
        self.data = data
        self.length = length

    @property
    def oversized(self) -> bool:
        """Its data is longer than allowed, and is thrown away as it comes."""
        return self.length > len(self.data)


def oversized_error(length: int, longest: int) -> RpcError:
    """RESOURCE_EXHAUSTED, for a message that is sent or has come."""
    return RpcError(Code.RESOURCE_EXHAUSTED, f"a message of {length} bytes: at most {longest} are allowed")


def encode_frame(stream: int, kind: int, flags: int, data: bytes, longest: int = LONGEST) -> bytes:
    """The bytes of a frame. Raises RpcError, RESOURCE_EXHAUSTED, if `data` has more than `longest` bytes."""
    if len(data) > longest:
        raise oversized_error(len(data), longest)
    return _HEADER.pack(len(data), stream, kind, flags) + data


class FrameParser:
    """Cuts what comes into frames; copies the data of each once.

    Args:
        longest: bytes of data that are taken. The data of a longer frame is skipped, and what follows is read.
    """

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._header = b""  # what has come of one that is not complete
        self._frame: tuple[int, int, int] | None = None  # whose data has not come entirely
        self._data = BytesIO()
        self._missing = 0
        self._skipped = 0

    @property
    def within_frame(self) -> bool:
        """The bytes so far end in the midst of a frame."""
        return bool(self._header or self._frame or self._skipped)

    def feed(self, data: bytes | bytearray | memoryview) -> list[Frame]:
        """The frames that are complete with these bytes; an oversized one counts as such as soon as its header came.

        Nothing is kept of `data`: the caller may use its memory again.
        """
        view, position = memoryview(data), 0
        frames: list[Frame] = []
        while position < len(view):
            if self._skipped:
                position += self._skip(len(view) - position)
            elif self._frame is not None:
                position += self._fill(view[position : position + self._missing], frames)
            else:
                position = self._begin(view, position, frames)
        return frames

    def _skip(self, there: int) -> int:
        taken = min(self._skipped, there)
        self._skipped -= taken
        return taken

    def _fill(self, piece: memoryview, frames: list[Frame]) -> int:
        """Adds to the data of the frame that is being read."""
        self._data.write(piece)
        self._missing -= len(piece)
        if not self._missing and self._frame is not None:
            data = self._data.getvalue()  # of a BytesIO that is given up it is no copy
            frames.append(Frame(*self._frame, data, len(data)))
            self._frame, self._data = None, BytesIO()
        return len(piece)

    def _begin(self, view: memoryview, position: int, frames: list[Frame]) -> int:
        """Reads a header, and the data after it if all of it is there; returns the position after that."""
        start = position + HEADER_LENGTH - len(self._header)
        header: memoryview | bytes = view[position:start]
        if self._header or len(view) < start:
            header = self._header = self._header + bytes(header)
            if len(header) < HEADER_LENGTH:
                return len(view)
            self._header = b""
        length: int
        length, stream, kind, flags = _HEADER.unpack(header)
        if length > self._longest:
            frames.append(Frame(stream, kind, flags, b"", length))
            self._skipped = length
        elif length <= len(view) - start:
            frames.append(Frame(stream, kind, flags, bytes(view[start : start + length]), length))
            return start + length
        else:
            self._frame, self._missing = (stream, kind, flags), length
        return start
