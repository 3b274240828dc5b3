"""Tests of single values that several rules need."""

from __future__ import annotations


def is_number_list(text: str) -> bool:
    """Whether `text` is a list of CPUs or memory nodes, such as 0-3,7 or 0-15:1/4 (cpuset(7), List format)."""
    if not text.strip():
        return True
    for part in text.strip().split(","):
        span, _, stride = part.strip().partition(":")
        first, dash, last = span.partition("-")
        if dash and not (_is_number(first) and _is_number(last) and int(first) <= int(last)):
            return False
        if not dash and not _is_number(first):
            return False
        used, slash, group = stride.partition("/")
        if ":" in part and not (
            slash and _is_number(used) and _is_number(group) and 0 < int(used) <= int(group)
        ):
            return False
    return True


def is_interface_name(name: str) -> bool:
    """Whether the kernel takes it as the name of a network device (net/core/dev.c, dev_valid_name)."""
    return bool(
        0 < len(name.encode("utf-8", "surrogatepass")) < 16
        and name not in (".", "..")
        and not any(character in "/:" or character.isspace() for character in name)
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10  # int() refuses thousands of digits
