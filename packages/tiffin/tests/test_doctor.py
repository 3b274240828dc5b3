"""`tiffin doctor`: the table and the JSON, for rows that are there and rows that are not."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable

import pytest

from tiffin.cli import doctor
from tiffin.runtime.host import Finding, Probe

HERE = Finding(True, "version 3")
GONE = Finding(False, "no such call")
ROWS = (
    Probe("fast", "kernel", "quick things", lambda: HERE, "wait"),
    Probe("missing", "kernel", "rare things", lambda: GONE, "a newer kernel"),
    Probe("tool", "programs", "a program", lambda: HERE, "apt install tool"),
)


@pytest.fixture(autouse=True)
def rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows, and what they find."""
    found = {row.name: row.check() for row in ROWS}

    def probe(names: Iterable[str]) -> dict[str, Finding]:
        return {name: found[name] for name in names}

    monkeypatch.setattr(doctor, "PROBES", ROWS)
    monkeypatch.setattr(doctor, "probe", probe)


def run(*words: str) -> tuple[int, str]:
    output = io.StringIO()
    return doctor.main(words, output), output.getvalue()


def test_the_table_tells_what_to_do_about_what_is_missing() -> None:
    code, text = run()
    assert code == 0
    assert text.splitlines() == [
        "KERNEL",
        "  yes  fast     quick things  version 3",
        "  no   missing  rare things   no such call",
        "                -> a newer kernel",
        "",
        "PROGRAMS",
        "  yes  tool     a program     version 3",
        "",
        "2 of 3 available",
    ]


def test_json() -> None:
    code, text = run("--json", "missing", "fast")
    assert code == 1
    missing, fast = json.loads(text)
    assert missing == {
        "name": "missing", "group": "kernel", "purpose": "rare things", "available": False,
        "detail": "no such call", "remedy": "a newer kernel",
    }  # fmt: skip
    assert (fast["name"], fast["available"], fast["remedy"]) == ("fast", True, None)


@pytest.mark.parametrize(("words", "code"), [(["fast"], 0), (["fast", "missing"], 1), (["nonsense"], 2)])
def test_exit_codes_for_scripts(words: list[str], code: int) -> None:
    assert run(*words)[0] == code
