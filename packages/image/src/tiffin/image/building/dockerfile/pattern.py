"""Patterns of `${name#pattern}` and its like: `*`, `?`, and `\\` before a literal character."""

from __future__ import annotations

ANY = "*"
ONE = "?"
Token = tuple[str, bool]  # a character, and whether it is special


def tokens(pattern: str) -> list[Token]:
    """The pattern in pieces; several `*` in a row are one."""
    found: list[Token] = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\" and position + 1 < len(pattern):
            position += 1
            found.append((pattern[position], False))
        elif not (char == ANY and found and found[-1] == (ANY, True)):
            found.append((char, char in (ANY, ONE)))
        position += 1
    return found


def prefixes(pattern: list[Token], text: str) -> list[int]:
    """The lengths of all prefixes of `text` that match, ascending; time and space are linear in each."""
    reached = [0]  # how much of the text the tokens so far may have taken
    for char, special in pattern:
        if special and char == ANY:
            reached = list(range(reached[0], len(text) + 1)) if reached else []
        elif special:
            reached = [at + 1 for at in reached if at < len(text)]
        else:
            reached = [at + 1 for at in reached if at < len(text) and text[at] == char]
        if not reached:
            return []
    return reached


def without_prefix(text: str, pattern: str, *, longest: bool) -> str:
    """`${x#pattern}`, or `##` for the longest."""
    found = prefixes(tokens(pattern), text)
    return text[found[-1 if longest else 0] :] if found else text


def without_suffix(text: str, pattern: str, *, longest: bool) -> str:
    """`${x%pattern}`, or `%%` for the longest."""
    found = prefixes(tokens(pattern)[::-1], text[::-1])
    return text[: len(text) - found[-1 if longest else 0]] if found else text


def replaced(text: str, pattern: str, by: str, *, every: bool) -> list[str]:
    """`${x/pattern/by}`, or `//` for every place; the longest match counts, an empty one never.

    Returns: the pieces, for together they may be too long.
    """
    pieces = tokens(pattern)
    out = []
    position = 0
    while position < len(text):
        found = prefixes(pieces, text[position:])
        if not found or not found[-1]:
            out.append(text[position])
            position += 1
            continue
        out.append(by)
        position += found[-1]
        if not every:
            break
    return [*out, text[position:]]
