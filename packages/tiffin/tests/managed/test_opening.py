"""What is said about an address at which no manager can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiffin.cli.failure import CommandFailed
from tiffin.cli.managed.opening import open_managed


@pytest.mark.parametrize(
    "address", ["{}/none", "unix:{}/none", "unix://{}/none", "./none", "../{.name}/none"]
)
def test_nothing_is_there(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandFailed) as caught:
        open_managed(address.format(tmp_path), "default")
    assert f"there is no manager at {tmp_path}/none (No such file or directory)" in str(caught.value)


@pytest.mark.parametrize("address", ["{}/given", "given", "./given"])
def test_something_else_is_there(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "given").touch()
    with pytest.raises(CommandFailed, match=f"{tmp_path}/given is no socket"):
        open_managed(address.format(tmp_path), "default")
