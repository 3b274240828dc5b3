"""Stages: scopes of variables, which stages are needed, what instructions do to the config, steps in full."""

from __future__ import annotations

from typing import Any

import pytest

from tiffin.image.building.dockerfile.error import DockerfileError
from tiffin.image.building.dockerfile.parse import parse
from tiffin.image.building.stages.plan import Plan, PlanOptions, plan
from tiffin.image.building.stages.steps import (
    BaseImage,
    CopyFile,
    CopyStep,
    Origin,
    RunStep,
    Step,
    WorkdirStep,
)
from tiffin.image.documents import Platform
from tiffin.image.errors import InvalidImage

AMD64 = Platform("linux", "amd64")
BASE: dict[str, Any] = {
    "os": "linux",
    "architecture": "amd64",
    "config": {
        "Env": ["PATH=/bin", "B=base"],
        "Cmd": ["base"],
        "Entrypoint": ["e"],
        "WorkingDir": "/w",
        "User": "u",
    },
    "rootfs": {"type": "layers", "diff_ids": []},
    "history": [],
}


class Images:
    """Base images by name; asked: which of them were wanted."""

    def __init__(self, **configs: Any) -> None:
        self.asked: list[tuple[str, Platform]] = []
        self.configs = configs

    def __call__(self, name: str, platform: Platform) -> BaseImage:
        self.asked.append((name, platform))
        return BaseImage(
            name, "sha256:0", {**BASE, "config": {**BASE["config"], **self.configs.get(name, {})}}
        )


def planned(text: str, base: Images | None = None, **options: Any) -> Plan:
    given = PlanOptions(options.pop("build_args", {}), **{"platform": AMD64, **options})
    return plan(parse(text), base or Images(), given)


def config(text: str, **options: Any) -> dict[str, Any]:
    found = planned(text, **options).target.tree["config"]
    assert isinstance(found, dict)
    return found


def steps(text: str, **options: Any) -> tuple[Step, ...]:
    return planned(text, **options).target.steps


def run(text: str, **options: Any) -> RunStep:
    found = steps(text, **options)[-1]
    assert isinstance(found, RunStep)
    return found


def copy(text: str, **options: Any) -> CopyStep:
    found = steps(text, **options)[-1]
    assert isinstance(found, CopyStep)
    return found


CONFIGS = [
    ("ENV a=1 b='2 $a'\nENV a=3 c=$a", {"Env": ["PATH=/bin", "B=base", "a=3", "b=2 $a", "c=1"]}),
    ("ENV B=x$B PATH=$PATH:/y", {"Env": ["PATH=/bin:/y", "B=xbase"]}),
    ("LABEL a=$B 'c d'=e", {"Labels": {"a": "base", "c d": "e"}}),
    ("CMD x $B", {"Cmd": ["/bin/sh", "-c", "x $B"], "Entrypoint": ["e"]}),
    ("CMD []", {"Cmd": None}),
    ("ENTRYPOINT x", {"Entrypoint": ["/bin/sh", "-c", "x"], "Cmd": None}),
    ('ENTRYPOINT ["x"]\nCMD ["y"]', {"Entrypoint": ["x"], "Cmd": ["y"]}),
    ('CMD ["y"]\nENTRYPOINT ["x"]', {"Entrypoint": ["x"], "Cmd": ["y"]}),
    ("ENTRYPOINT []", {"Entrypoint": None, "Cmd": None}),
    ('SHELL ["/bin/ash", "-e"]\nCMD z', {"Shell": ["/bin/ash", "-e"], "Cmd": ["/bin/ash", "-e", "z"]}),
    ("WORKDIR a\nWORKDIR ../b\nWORKDIR $B/", {"WorkingDir": "/w/b/base"}),
    ("WORKDIR //x/", {"WorkingDir": "/x"}),
    ("USER $B:1", {"User": "base:1"}),
    ("VOLUME /a $B", {"Volumes": {"/a": {}, "base": {}}}),
    (
        "ENV p='80 90-91/UDP'\nEXPOSE $p 1:2",
        {"ExposedPorts": {"80/tcp": {}, "90/udp": {}, "91/udp": {}, "2/tcp": {}}},
    ),
    ("STOPSIGNAL SIG${B:+INT}", {"StopSignal": "SIGINT"}),
    ("HEALTHCHECK NONE", {"Healthcheck": {"Test": ["NONE"]}}),
    (
        'HEALTHCHECK --interval=1s --retries=2 CMD ["x"]',
        {"Healthcheck": {"Test": ["CMD", "x"], "Interval": 10**9, "Retries": 2}},
    ),
    ("HEALTHCHECK CMD x y", {"Healthcheck": {"Test": ["CMD-SHELL", "x y"]}}),
    ("ONBUILD RUN $B", {"OnBuild": ["RUN $B"]}),
    ("EXPOSE 0 8/", {"ExposedPorts": {"0/tcp": {}, "8/tcp": {}}}),
    ("STOPSIGNAL rtmin+3", {"StopSignal": "rtmin+3"}),
    ("STOPSIGNAL 64", {"StopSignal": "64"}),
]


@pytest.mark.parametrize(("text", "expected"), CONFIGS, ids=[row[0] for row in CONFIGS])
def test_the_config(text: str, expected: dict[str, Any]) -> None:
    found = config(f"FROM base\n{text}")
    assert {name: found.get(name) for name in expected} == expected


def test_the_base_is_not_changed_and_its_author_goes_on() -> None:
    target = planned("FROM base AS a\nMAINTAINER me\nFROM a\nENV x=1").target
    assert target.tree["author"] == "me"
    assert BASE["config"]["Env"] == ["PATH=/bin", "B=base"]


ARGS = [
    ("FROM base\nARG a=1\nRUN x", {}, ["a=1"]),
    ("FROM base\nARG a=1\nRUN x", {"a": "2"}, ["a=2"]),
    ("FROM base\nARG a\nRUN x", {}, []),
    ("FROM base\nARG a\nRUN x", {"a": "2"}, ["a=2"]),
    ("ARG a=0\nFROM base\nARG a\nRUN x", {}, ["a=0"]),
    ("ARG a=0\nFROM base\nARG a=1\nRUN x", {}, ["a=1"]),
    ("ARG a=0\nFROM base\nRUN x", {}, []),
    ("ARG a=0\nARG b=$a-\nFROM base\nARG b\nRUN x", {"a": "5"}, ["b=5-"]),
    ("FROM base\nARG a=1\nENV a=2\nRUN x", {"a": "3"}, ["a=2"]),
    ("FROM base\nENV a=2\nARG a=1\nRUN x", {}, ["a=2"]),
    ("FROM base AS one\nARG a=1\nFROM one\nRUN x", {}, ["a=1"]),
    ("FROM base\nARG TARGETARCH\nRUN x", {}, ["TARGETARCH=amd64"]),
    ("FROM base\nARG TARGETPLATFORM\nRUN x", {}, ["TARGETPLATFORM=linux/amd64"]),
    ("FROM base\nRUN x", {"a": "b"}, []),
    ("FROM base\nARG http_proxy\nRUN x", {"http_proxy": "p"}, ["http_proxy=p"]),
    ("FROM base\nARG a=1 b=$a-\nRUN x", {}, ["a=1", "b=1-"]),
    ("FROM base AS b\nFROM base AS last\nARG TARGETSTAGE\nRUN x", {}, ["TARGETSTAGE=last"]),
    ("FROM base\nARG TARGETSTAGE\nRUN x", {}, ["TARGETSTAGE=default"]),
]


@pytest.mark.parametrize(("text", "given", "expected"), ARGS, ids=[f"{row[0]}|{row[1]}" for row in ARGS])
def test_args(text: str, given: dict[str, str], expected: list[str]) -> None:
    assert list(run(text, build_args=given).env) == ["PATH=/bin", "B=base", *expected]


def test_proxies_are_there_and_hidden() -> None:
    step = run("FROM base\nRUN x", build_args={"HTTP_PROXY": "p", "no_proxy": "n", "NO_PROXY": "m"})
    assert step.hidden_env == ("HTTP_PROXY=p", "NO_PROXY=m", "http_proxy=p", "no_proxy=n")
    assert step.created_by == "RUN /bin/sh -c x"


def test_args_that_nobody_asks_for_are_told() -> None:
    text = "ARG a\nFROM base\nARG not_built\nFROM base\nARG b"
    given = {"a": "", "b": "", "c": "", "TARGETOS": "linux", "not_built": ""}
    assert planned(text, build_args=given).unused_args == ("c",)


def test_only_the_stages_that_are_needed() -> None:
    images = Images()
    text = "FROM one AS a\nFROM two AS b\nFROM a AS c\nCOPY --from=B x y\nFROM three AS d\nFROM four"
    found = planned(text, images, target="C")
    assert [stage.name for stage in found.stages] == ["a", "b", "c"]
    assert found.target.needs == (0, 1)
    assert [name for name, _ in images.asked] == ["one", "two"]


def test_platforms() -> None:
    images = Images()
    text = (
        "ARG v=7\nFROM --platform=linux/arm/v$v one AS a\n"
        "FROM a\nFROM --platform=$TARGETPLATFORM two\nCOPY --from=0 a b"
    )
    planned(text, images)
    assert images.asked == [("two", AMD64), ("one", Platform("linux", "arm", "v7"))]


PLATFORMS = [
    (Platform("linux", "arm64", "v8"), "linux/arm64", "arm64", ""),
    (Platform("linux", "arm", ""), "linux/arm/v7", "arm", "v7"),
    (Platform("linux", "x86_64", ""), "linux/amd64", "amd64", ""),
]


@pytest.mark.parametrize(("platform", "text", "architecture", "variant"), PLATFORMS, ids=str)
def test_platforms_have_their_usual_names(
    platform: Platform, text: str, architecture: str, variant: str
) -> None:
    images = Images()
    lines = "FROM --platform=$TARGETPLATFORM base\nARG TARGETPLATFORM TARGETARCH TARGETVARIANT\nRUN x"
    found = run(lines, base=images, platform=platform).env[-3:]
    assert found == (f"TARGETPLATFORM={text}", f"TARGETARCH={architecture}", f"TARGETVARIANT={variant}")
    assert images.asked == [("base", Platform("linux", architecture, variant))]
    tree = planned("FROM scratch", platform=platform).target.tree
    assert (tree["architecture"], tree.get("variant", "")) == (architecture, variant)


ORIGINS = [
    ("COPY --from=a x /", Origin("stage", "a", 0)),
    ("COPY --from=0 x /", Origin("stage", "0", 0)),
    ("COPY --from=alpine:3 x /", Origin("image", "alpine:3")),
    ("COPY --from=extra x /", Origin("context", "extra")),
    ("COPY --from=other x /", Origin("image", "other")),
    ("COPY --from=docker.io/library/other:latest x /", Origin("image", "other")),
    ("COPY --from=other:1 x /", Origin("image", "other:1")),
    ("COPY x /", Origin("context")),
]


@pytest.mark.parametrize(("line", "origin"), ORIGINS, ids=[row[0] for row in ORIGINS])
def test_origins(line: str, origin: Origin) -> None:
    text = f"FROM base AS a\nFROM scratch\n{line}"
    assert copy(text, contexts=("extra", "other"), images=("other",)).origin == origin


def test_a_base_without_path_gets_the_usual_one() -> None:
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    found = planned("FROM base AS one\nENV B=2\nFROM one", Images(base={"Env": ["A=1"]})).target.tree[
        "config"
    ]
    assert found["Env"] == ["A=1", path, "B=2"]
    assert planned("FROM base", Images(base={"Env": None})).target.tree["config"]["Env"] == [path]


def test_a_context_takes_the_place_of_the_image_that_it_is_called_like() -> None:
    images = Images()
    planned(
        "FROM other:latest AS a\nFROM other:1\nCOPY --from=a x y",
        images,
        contexts=("other",),
        images=("other",),
    )
    assert [name for name, _ in images.asked] == ["other:1", "other"]


def test_from_scratch_has_a_path_and_a_folder() -> None:
    target = planned("FROM scratch").target
    assert target.tree["architecture"] == "amd64"
    assert target.tree["config"]["WorkingDir"] == "/"


def test_triggers_come_first_and_are_not_inherited() -> None:
    images = Images(base={"OnBuild": ["COPY --from=a x /$B", "RUN t"]})
    text = "FROM other AS a\nFROM base\nRUN own"
    found = planned(text, images)
    assert [step.text for step in found.target.steps] == ["COPY --from=a x /$B", "RUN t", "RUN own"]
    assert "OnBuild" not in found.target.tree["config"]
    assert found.target.needs == (0,)


def test_copies() -> None:
    text = 'FROM base\nARG x=v\nCOPY --chown=$x:1 --chmod=0${y}755 --exclude=*.$x a"b" $x d/./\n'
    step = copy(text)
    assert (step.sources, step.target) == (("ab", "v"), "/w/d/")
    assert (step.chown, step.chmod, step.exclude) == ("v:1", "0755", ("*.v",))
    assert copy("FROM base\nCOPY a $none").target == "/w/"
    step = copy("FROM base\nCOPY <<A <<'B' .\n$B \\$B \"\nA\n$B\nB\n")
    assert step.files == (CopyFile("A", 'base $B "\n'), CopyFile("B", "$B\n"))
    assert step.target == "/w/"


RUNS = [
    ("RUN a $B", ("/bin/sh", "-c", "a $B"), ""),
    ('RUN ["a", "$B"]', ("a", "$B"), ""),
    ("RUN <<E\na\nE", ("/bin/sh", "-c", "a\n"), ""),
    ("RUN <<-'E'\n\t#!/bin/x\n\ty\n\tE", ("/dev/pipes/E",), "#!/bin/x\ny\n"),
    ("RUN 3<< E\na\nE", ("/bin/sh", "-c", "a\n"), ""),
    ("RUN cat <<E >/f && x <<F\na\nE\nb\nF", ("/bin/sh", "-c", "cat <<E >/f && x <<F\na\nE\nb\nF"), ""),
]


@pytest.mark.parametrize(("text", "args", "script"), RUNS, ids=[row[0] for row in RUNS])
def test_commands(text: str, args: tuple[str, ...], script: str) -> None:
    step = run(f"FROM base\n{text}")
    assert (step.args, step.script, step.user, step.folder) == (args, script, "u", "/w")


def test_mounts_of_run() -> None:
    mounts = "--mount=from=a,source=/s$x,target=t --mount=type=cache,target=/c,id=$x"
    text = f"FROM base AS a\nFROM base\nARG x=1\nRUN {mounts} y"
    bind, cache = run(text).mounts
    assert (bind.origin, bind.get("source"), bind.get("target")) == (Origin("stage", "a", 0), "/s1", "/w/t")
    assert (cache.origin, cache.get("id")) == (None, "1")


def test_the_type_of_a_mount_can_be_a_variable() -> None:
    step = run("FROM base\nARG t=Cache\nRUN --mount=type=$t,target=/c,id=$t,ro x")
    assert [(one.type, dict(one.fields)) for one in step.mounts] == [
        ("cache", {"target": "/c", "id": "Cache", "readonly": "true"})
    ]


def test_a_mount_without_a_target_is_on_the_working_directory() -> None:
    bind, cache = run("FROM base AS a\nFROM base\nRUN --mount=from=a --mount=type=cache,target=../c x").mounts
    assert (bind.get("target"), cache.get("target")) == ("/w", "/c")


def test_workdir_is_a_step_of_its_own() -> None:
    assert steps("FROM base\nWORKDIR x")[0] == WorkdirStep(2, "WORKDIR x", "WORKDIR /w/x", "/w/x", "u")


ERRORS = [
    ("FROM $none", 1, "FROM $none is empty: only an ARG before the first FROM"),
    ("FROM a\nCOPY --from=1 x y", 2, "no stage 1 before this one"),
    ("FROM a\nFROM c AS b\nCOPY --from=b x y", 3, "comes later"),
    ("FROM a\nCOPY $none y", 2, "is empty"),
    ("FROM a\nRUN --mount=type=$none,target=/x y", 2, "type '' is none of"),
    ("FROM a\nENV t=ssh\nRUN --mount=type=$t,size=1 y", 3, "type=ssh has no field 'size'"),
    ("FROM a\nCOPY --chmod=u+y x y", 2, "octal mode such as 755 was expected, or one such as u=rwX"),
    ("FROM a\nCOPY --chmod=789 x y", 2, "octal"),
    ("FROM a\nCOPY --from=$x x y", 2, "no variables are put in here"),
    ("FROM a\nRUN --mount=from=$x,target=/y z", 2, "no variables are put in here"),
    ("FROM a\nCOPY http://x/y z", 2, "ADD fetches http://x/y"),
    ("FROM a\nADD --checksum=sha256:0 x y", 2, "one source that is an address"),
    ("FROM a\nADD --checksum=sha256:0 http://x/y z w", 2, "one source that is an address"),
    ("FROM folder", 1, "that context is a folder"),
    ("FROM --platform=$none a", 1, "os/architecture was expected"),
    ("FROM --platform=a/b/c/d a", 1, "os/architecture was expected"),
    ("FROM a\nCOPY --exclude=[ x y", 2, "not closed"),
    ("FROM a\n\nEXPOSE x", 3, "a port was expected"),
    ("FROM a\nEXPOSE 80/x", 2, "none of tcp"),
    ("FROM a\nEXPOSE 70000", 2, "ports are from 0"),
    ("FROM a\nSTOPSIGNAL -", 2, "a signal was expected"),
    ("FROM a\nSTOPSIGNAL SIGTREM", 2, "did you mean SIGTERM?"),
    ("FROM a\nSTOPSIGNAL 65", 2, "a signal was expected"),
    ("FROM a\nSTOPSIGNAL 0", 2, "a signal was expected"),
    ("FROM a\nENV x=${x:?missing}", 2, "x: missing"),
    ("FROM a\nENV x=0123456789" + "\nENV x=$x$x" * 40, 19, "put in more than 1048576 letters"),
    ("FROM a\nENV x=0123456789" + "\nENV x=${x//?/$x}" * 40, 5, "put in more than 1048576 letters"),
    ("FROM a\nWORKDIR $none", 2, "the path is empty"),
    ("FROM a\nRUN --mount=type=tmpfs,target=/ x", 2, "cannot be /"),
    ("FROM a\nWORKDIR /\nRUN --mount=type=cache x", 3, "type=cache needs a target"),
    ("ARG x=${y:?no}\nFROM a", 1, "y: no"),
]


@pytest.mark.parametrize(("text", "line", "part"), ERRORS, ids=[row[0][:60] for row in ERRORS])
def test_errors_name_file_and_line(text: str, line: int, part: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        planned(text, contexts=("folder",))
    assert part in caught.value.problem
    assert (caught.value.file, caught.value.line) == ("Dockerfile", line)


def test_a_target_that_is_not_there() -> None:
    with pytest.raises(DockerfileError, match=r"did you mean first\?"):
        planned("FROM a AS first", target="frist")


@pytest.mark.parametrize("trigger", ["COPPY a", "FROM a", "RUN a\nRUN b", ""])
def test_a_broken_trigger_is_told_at_from(trigger: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        planned("\nFROM base", Images(base={"OnBuild": [trigger]}))
    assert str(caught.value).startswith(f"Dockerfile:2: ONBUILD {trigger!r} of the base: ")


WRONG = [
    {"Env": [1]},
    {"Env": "A=1"},
    {"OnBuild": [None]},
    {"Shell": {"a": 1}},
    {"Labels": ["a"]},
    {"Volumes": 5},
    {"WorkingDir": 5},
    {"User": ["u"]},
]


@pytest.mark.parametrize("settings", WRONG, ids=map(str, WRONG))
def test_a_base_with_a_config_of_wrong_types_is_told_at_from(settings: dict[str, Any]) -> None:
    name = next(iter(settings))
    with pytest.raises(InvalidImage, match=rf"base: config\.{name} must be ") as caught:
        planned("\nFROM base", Images(base=settings))
    assert caught.value.__notes__ == ["Dockerfile:2 needs it"]


@pytest.mark.parametrize("link", ["FROM s{0} AS s{1}", "FROM scratch AS s{1}\nCOPY --from=s{0} a b"])
def test_stages_that_need_each_other_have_a_limit(link: str) -> None:
    def chain(length: int) -> str:
        return "\n".join(["FROM scratch AS s0", *(link.format(one, one + 1) for one in range(length - 1))])

    assert len(planned(chain(200)).stages) == 200
    with pytest.raises(DockerfileError, match="more than 200 stages need each other"):
        planned(chain(201))
