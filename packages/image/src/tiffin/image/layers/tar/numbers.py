"""Numbers in headers: octal text, GNU's base-256, and the decimal ones of pax."""

from __future__ import annotations

from tiffin.image.errors import InvalidImage

from .entry import NANOSECONDS

MOST = 2**63 - 1
MOST_DIGITS = 20  # of 2**64; int() takes time that grows with the square of the length (CVE-2020-10735)


def number(raw: bytes, what: str) -> int:
    """A numeric field of a header. Raises InvalidImage for what is none, or does not fit 64 bits."""
    text = raw.strip(b" \0")
    if text.isdigit():
        try:
            return int(text, 8)
        except ValueError:
            pass
    elif not text:
        return 0
    elif raw[0] & 0x80:
        return _base_256(raw, what)
    else:
        head = text.partition(b"\0")[0].rstrip(b" ")  # some writers leave garbage after the NUL
        if head.isdigit() and not head.strip(b"01234567"):
            return int(head, 8)
    raise InvalidImage(f"{what} is no number: {raw!r}")


def _base_256(raw: bytes, what: str) -> int:
    """GNU's form of what octal digits cannot hold: big-endian two's complement, the top bit is the mark."""
    value = int.from_bytes(raw, "big") - (1 << (8 * len(raw) - 1))
    if raw[0] & 0x40:
        value -= 1 << (8 * len(raw) - 1)
    if not -MOST - 1 <= value <= MOST:
        raise InvalidImage(f"{what} is out of range: {raw!r}")
    return value


def decimal(text: bytes, what: str) -> int:
    """A number of a pax record, not negative. Raises InvalidImage."""
    if not text.isdigit() or len(text) > MOST_DIGITS or int(text) > MOST:
        raise InvalidImage(f"{what} is no number, or out of range: {text[:40]!r}")
    return int(text)


def pax_time(text: bytes, what: str) -> int:
    """A time of a pax record (decimal seconds) in nanoseconds, without the rounding of a float.

    Raises:
        InvalidImage: if it is none.
    """
    negative = text.startswith(b"-")
    whole, _, fraction = text[negative:].partition(b".")
    if not whole.isdigit() or len(whole) > MOST_DIGITS or (fraction and not fraction.isdigit()):
        raise InvalidImage(f"{what} is no time: {text[:40]!r}")
    value = int(whole) * NANOSECONDS + int((fraction[:9]).ljust(9, b"0"))
    return -value if negative else value


def octal(value: int, width: int) -> bytes:
    """A numeric field of a header: octal digits with a NUL, or GNU's base-256 where they do not suffice."""
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    return ((1 << (8 * width - 1)) | (value & ((1 << (8 * width - 1)) - 1))).to_bytes(width, "big")


def fits(value: int, width: int) -> bool:
    """Whether a number fits the octal digits of a field."""
    return 0 <= value < 1 << (3 * (width - 1))
