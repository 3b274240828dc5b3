"""The same Dockerfiles, built by buildah, by dockerd's BuildKit, and by us: equal configs, trees equal file by file.

What buildah 1.28 does in another way than Docker is not asked of it: ranges of EXPOSE, SHELL for CMD, the order of Env,
hard links and set-user-id bits in the context. It also leaves in the image what it needs for RUN.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.building.buildah import LABEL, Buildah
from packages.image.tests.building.conftest import Building, Tree
from packages.image.tests.building.dockerd import Dockerd, dockerd

pytestmark = [
    pytest.mark.requires("root"),
    pytest.mark.requires("overlayfs"),
    pytest.mark.requires("buildah"),
]

LONG_AGO = 1_000_000_000  # seconds: what is copied keeps its time
YOUNG = 1_500_000_000
TRACES = {"etc/resolv.conf", "etc/hosts", "etc/hostname", "run"}


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Iterator[Buildah]:
    """buildah, with our base: with a history, without which it takes no image."""
    folder = tmp_path_factory.mktemp("buildah")
    ours = Building(folder / "ours", base)
    yield Buildah(folder / "buildah", ours.layout(ours.build("FROM base")))
    ours.store.database.close()


COMMON = {
    "copy": """
        FROM base
        COPY a.txt /x/y/
        COPY a.txt /renamed
        COPY a.txt b.sh d /several/
        COPY d /d
        COPY d /etc/
        COPY d/e d/e/f /
        COPY l /link
        COPY *.txt /globbed/
        COPY d/*/f /globbed2/
        WORKDIR /w
        COPY a.txt .
        COPY d sub
        COPY --chown=55:66 a.txt owned
        COPY --chown=user d ownedd
        COPY --chown=user:extra a.txt /new/deep/
        COPY --chmod=0741 a.txt moded
    """,
    "stages": """
        FROM base AS one
        RUN mkdir -p /made/deep && echo x >/made/deep/f && chown -R 1000:2000 /made && chmod 4711 /made/deep/f && \
            ln -s deep /made/l
        FROM base
        COPY --from=one /made /made
        COPY --from=0 /made/deep/f /one
        COPY --from=one --chown=0:0 /made/l /two
        RUN rm -r /home && mkdir /home && echo y >/home/new && rm /etc/group && mv /made/deep /made/moved
    """,
    "config": """
        FROM base
        ARG v=1
        ENV a=$v b="x y" PATH=$PATH:/more
        LABEL l=$a m="two words"
        USER user
        WORKDIR /u/v
        EXPOSE 80 443/udp
        VOLUME /vol
        STOPSIGNAL SIGINT
        HEALTHCHECK --interval=5s --retries=2 CMD true
        ONBUILD RUN x
        CMD ["hi"]
        ENTRYPOINT ["/bin/sh"]
        CMD ["-c", "true"]
    """,
    "inherited": """
        FROM base AS one
        ENTRYPOINT ["a"]
        CMD ["b"]
        ENV x=1
        FROM one AS two
        ENTRYPOINT c
        FROM two
        ENV x=${x}2 y=${x:-no}
        USER 1000:2000
    """,
    "run": """
        FROM base
        ARG one=1
        ENV two=2
        RUN echo $one $two $PATH $HOME >/out; pwd >>/out; id -u >>/out
        RUN ["/bin/touch", "/with space"]
        USER user
        WORKDIR /home
        RUN id -u >/tmp/out && echo $HOME >>/tmp/out && pwd >>/tmp/out
    """,
    "written": r"""
        FROM base
        ENV a=\"x\" b='\n' c="\n" d=a\nb e=$PATH\$ f=${a}x g="${b}"
        ENV h=1 i=$h j=${no:-$h} k=${PATH:+x}
        ENV l m  'n  o' "p"
        LABEL "a b"='c d' e=f\ g h\=i=j k=
        RUN echo a \
        # a comment

        b >/out # c
        RUN echo d\\ >>/out
        WORKDIR "/q r"
        COPY a.txt\ b.sh ./split/
        COPY **/g d/**/f /deep/
        VOLUME [" /deep "]
    """,
    "add": """
        FROM base
        ADD t.tar.gz /unpacked/
        ADD t.tar.gz /unpacked2
        ADD a.txt /added/
        ADD d /added/d
    """,
}


DOCKER = COMMON | {
    "hard links and set-id bits": """
        FROM base
        COPY special /x/
        COPY special/* /y/
        COPY --chown=1000:2000 special /z
    """,
    "shells": """
        FROM base
        SHELL ["/bin/ash", "-c"]
        RUN echo $0 >/out
        ENTRYPOINT x
        EXPOSE 80-82
        CMD y
    """,
    "directories": """
        FROM base
        RUN mkdir -m 700 /there /there/e && ln -s there /linked
        COPY d /there
        COPY d /linked
        COPY a.txt /linked
        COPY a.txt /linked/new/
        COPY d/. /dot
        COPY ./d/ /slash/
        COPY a.txt c.txt /two/
        WORKDIR /linked/rel
        COPY a.txt ../up/
        COPY nothing* a.txt /three/
    """,
}


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Iterator[Dockerd]:
    """dockerd."""
    folder = tmp_path_factory.mktemp("dockerd")
    ours = Building(folder / "ours", base)
    with dockerd(folder / "dockerd", ours.layout(ours.build("FROM base"))) as daemon:
        yield daemon
    ours.store.database.close()


@pytest.mark.requires("buildah")
@pytest.mark.parametrize("name", COMMON)
def test_the_same_image_as_buildahs(name: str, building: Building, peer: Buildah, tmp_path: Path) -> None:
    _fill(building.context)
    file = tmp_path / "Dockerfile"
    file.write_text(_text(COMMON[name]))
    config, tree = peer.build(building.context, file)
    built = building.build(file.read_text())
    ours, theirs = _config(built.tree["config"]), _config(config)
    assert {**ours, "Env": sorted(ours["Env"])} == {**theirs, "Env": sorted(theirs["Env"])}
    _compare(building.tree(built), tree)


@pytest.mark.requires("dockerd", "skopeo")
@pytest.mark.parametrize("name", DOCKER)
def test_the_same_image_as_dockers(name: str, building: Building, docker: Dockerd) -> None:
    _fill(building.context)
    (building.context / "special").mkdir()
    (building.context / "special/a").write_text("a")
    (building.context / "special/a").chmod(0o6755)
    os.link(building.context / "special/a", building.context / "special/b")
    config, tree = docker.build(building.context, _text(DOCKER[name]))
    built = building.build(_text(DOCKER[name]))
    assert _config(built.tree["config"]) == _config(config)
    _compare(building.tree(built), tree)


def _text(case: str) -> str:
    return "\n".join(line.strip() for line in case.strip().splitlines())


def _compare(ours: Tree, theirs: Tree) -> None:
    mine, other = _tree(ours), _tree(theirs)
    different = {path: (facts, other.get(path)) for path, facts in mine.items() if other.get(path) != facts}
    assert different == {}
    assert other.keys() - mine.keys() <= TRACES


def _fill(context: Path) -> None:
    import tarfile

    (context / "d/e").mkdir(parents=True)
    for name in ("a.txt", "b.sh", "c.txt", "d/g", "d/e/f"):
        (context / name).write_text(name)
    (context / "b.sh").chmod(0o755)
    (context / "d/g").chmod(0o640)
    (context / "d/e").chmod(0o700)
    (context / "d/e/l").symlink_to("/etc/passwd")
    (context / "l").symlink_to("d/e/f")
    with tarfile.open(context / "t.tar.gz", "w:gz") as archive:
        archive.add(context / "d", "top")
    for path in sorted(context.rglob("*"), reverse=True):
        os.utime(path, (LONG_AGO, LONG_AGO), follow_symlinks=False)


def _config(config: dict[str, Any]) -> dict[str, Any]:
    """What is set, without the mark of buildah."""
    labels = {name: value for name, value in (config.get("Labels") or {}).items() if name != LABEL}
    found = {name: value for name, value in config.items() if value} | {"Labels": labels}
    for name in ("Hostname", "Domainname", "Image", "ArgsEscaped"):
        found.pop(name, None)
    return found


def _tree(tree: Tree) -> dict[str, tuple[object, ...]]:
    """Without the times of what was made just now, and the root."""
    found = {}
    for path, facts in tree.items():
        mode, uid, gid, time, *rest = facts
        old = isinstance(time, int) and time < YOUNG * 10**9 and not stat.S_ISDIR(int(str(mode), 8))
        found[path] = (mode, uid, gid, time if old else None, *rest)
    del found["."]
    return found
