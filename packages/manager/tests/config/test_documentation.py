"""docs/manager.md tells of every setting what the table says."""

from __future__ import annotations

from pathlib import Path

from tiffin.manager.config.reference import reference

DOCUMENT = Path(__file__).parents[4] / "docs/manager.md"


def test_the_reference_is_that_of_the_table() -> None:
    """To write it anew: `python -c "from tiffin.manager.config.reference import reference; print(reference())"`."""
    assert DOCUMENT.read_text().partition("## All settings\n")[2] == reference()
