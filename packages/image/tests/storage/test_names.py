"""Names of images are found in the store without being parsed, if they are what they look like."""

from __future__ import annotations

import pytest

from tiffin.image.store.names import likely_name
from tiffin.image.transports.names import full_name

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    "text",
    ["debian", "debian:12", "team/app", "team/app:1", "docker.io/team/app", "localhost/app", "localhost:5000/app:1",
     "registry.example/app", "registry.example:5000/team/app:1", f"debian@{DIGEST}", f"team/app:1@{DIGEST}",
     "docker://debian", "docker://registry.example/a/b/c", "127.0.0.1:5000/a", "[::1]:5000/a"],
)  # fmt: skip
def test_it_is_the_full_name(text: str) -> None:
    assert likely_name(text) == full_name(text) != ""


@pytest.mark.parametrize("text", ["docker.io/debian", "index.docker.io/library/debian"])
def test_rare_forms_are_left_to_the_parser(text: str) -> None:
    assert likely_name(text) != full_name(text) == "docker.io/library/debian:latest"
