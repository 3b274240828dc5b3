"""`Manager`: a manager in this process, with folders that its caller names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tiffin.manager.manager import Manager

pytestmark = pytest.mark.requires("root")


def test_folders_are_found_wherever_the_process_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)

    async def work() -> None:
        async with Manager("root", "state") as manager:
            monkeypatch.chdir(tmp_path / "elsewhere")
            client = manager.client()
            digest = await client.content.write("ref", b"here")
            assert await client.content.read_whole(digest) == b"here"

    asyncio.run(work())
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere", "root", "state"}
    assert list((tmp_path / "elsewhere").iterdir()) == []
