"""`tools/generate_api.py --check` notices what is out of date; every text says where its numbers come from."""

from __future__ import annotations

import pytest
from tools import generate_api

TEXTS = sorted(generate_api.PROTO.rglob("*.proto"))
MESSAGES = "tiffin/api/containerd/types/mount_pb2.py"
GONE = "tiffin/api/cri/gone_pb2.py"
LONGEST = 220  # lines, of a text that can still be read


def test_what_is_out_of_date_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = generate_api.generated()
    there[MESSAGES] += "# changed by hand\n"
    there[GONE] = "its text was removed\n"
    monkeypatch.setattr(generate_api, "generated", lambda: there)
    assert generate_api.main(["--check"]) == 1
    named = [line.split()[0] for line in capsys.readouterr().err.splitlines()]
    assert named == [f"packages/api/src/{name}" for name in (MESSAGES, GONE)]


def test_each_text_says_what_it_is() -> None:
    assert len(TEXTS) > 50
    for path in TEXTS:
        what, where, syntax, *rest = path.read_text().splitlines()
        assert what.startswith("// ")
        assert where.startswith("// Names and numbers: ")
        assert syntax == 'syntax = "proto3";'
        assert not [line for line in rest if "//" in line or "/*" in line], path
        assert len(rest) < LONGEST, path
