"""Builds by root of a user namespace that knows one id: everything belongs to it, and all steps work."""

from __future__ import annotations

import subprocess
import sys

import pytest
from packages.image.tests.building.conftest import Building

pytestmark = [pytest.mark.requires("root"), pytest.mark.requires("overlayfs_userns")]

CHILD = """
import sys
from tiffin.image.building.build import build
from tiffin.image.building.options import BuildOptions
from tiffin.image.store.store import Store
context, store, base, text = sys.argv[1:]
options = BuildOptions(context, text=text, contexts={"base": f"oci:{base}"}, names=("built",))
print(build(options, Store(store), lambda event: print(event.kind.value, event.text)).manifest.digest)
"""
TEXT = """
FROM base AS one
RUN mkdir -p /d/e && echo x >/d/e/f && ip -o link | wc -l
FROM base
COPY a.txt /a/
COPY --from=one /d /d
RUN --network=none --mount=type=cache,target=/c rm -r /d/e /etc/group && mkdir /d/e && ls /sys/class/net
RUN cat /a/a.txt && id -u && ! test -e /etc/group
"""


def test_a_build(building: Building) -> None:
    building.write(a_txt="a")
    arguments = [str(building.context), building.store.root, str(building.base), TEXT]
    command = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", CHILD, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "output lo\n" in done.stdout
    assert "output a0\n" in done.stdout
    layout = building.layout_of("built")
    tree = building.tree_of(layout)
    assert tree["a/a.txt"][4] == b"a"
    assert "d/e" in tree
    assert "d/e/f" not in tree
    assert "etc/group" not in tree
    assert "etc/passwd" in tree
