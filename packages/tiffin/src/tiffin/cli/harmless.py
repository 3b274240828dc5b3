"""Texts that others have made (images, managers, containers), as they are printed for a person."""

from __future__ import annotations


def harmless(text: str, *, lines: bool = False) -> str:
    """Without what would steer a terminal. lines: more than one line may stay so; else the text becomes one line."""
    if text.isprintable():
        return text
    kept = "\n" if lines else ""
    return "".join(one if one.isprintable() or one in kept else repr(one)[1:-1] for one in text)
