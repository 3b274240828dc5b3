"""Log files: the formats of CRI and of Docker's json-file, as kubelet and Docker read them; split lines, rotation."""

from __future__ import annotations

import json
import os

import pytest
from packages.shim.tests.monitor.records import RECORDS, cri_records, joined, json_records, log_of, written
from packages.shim.tests.monitor.scene import Scenes

from tiffin.runtime.errors import InvalidArgument, NotFound
from tiffin.shim.monitor import Sink, Streams

LONGEST = 16384


@pytest.mark.parametrize("kind", RECORDS)
async def test_each_line_is_a_record_with_its_stream(scene_of: Scenes, kind: str) -> None:
    async with scene_of() as scene:
        sink = (scene.sink("log", kind),)
        await scene.run("init", "echo one; echo two >&2; echo; printf end", Streams(stdout=sink, stderr=sink))
        await scene.heard.end_of("init")
        records = RECORDS[kind](scene.file("log").read_bytes())
        assert [record for record in records if record[0] == "stdout"] == [
            ("stdout", True, b"one"),
            ("stdout", True, b""),
            ("stdout", False, b"end"),
        ]
        assert ("stderr", True, b"two") in records
        assert os.stat(scene.file("log")).st_mode & 0o777 == 0o640


@pytest.mark.parametrize("chunk", [1, 1000, 4096, 1 << 20])
async def test_long_lines_are_split_as_containerd_does(scene_of: Scenes, chunk: int) -> None:
    lengths = (
        [LONGEST - 1, LONGEST, LONGEST + 1, 2 * LONGEST, 2 * LONGEST + 1, 0, 5]
        if chunk > 1
        else [LONGEST + 1]
    )
    data = b"".join(b"%d" % (index % 10) * length + b"\n" for index, length in enumerate(lengths))
    async with scene_of() as scene:
        records = cri_records(await log_of(scene, "cri", data, chunk))
    expected = []
    for line in data[:-1].split(b"\n"):
        pieces = [line[at : at + LONGEST] for at in range(0, len(line), LONGEST)] or [b""]
        expected += [("stdout", False, piece) for piece in pieces[:-1]] + [("stdout", True, pieces[-1])]
    assert records == expected


async def test_cri_drops_a_carriage_return_at_the_end_and_docker_keeps_it(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        data = b"dos\r\n\r\na\rb\n"
        assert [text for _, _, text in cri_records(await log_of(scene, "cri", data))] == [
            b"dos",
            b"",
            b"a\rb",
        ]
        assert joined(json_records(await log_of(scene, "json-file", data))) == data


async def test_a_split_in_json_does_not_cut_a_character(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        for shift in range(4):
            data = ("x" * shift + "\U0001f600" * 10_000 + "ä€" * 3000 + "\n").encode()
            records = json_records(await log_of(scene, "json-file", data))
            assert len(records) > 2
            assert joined(records) == data


async def test_json_has_the_attributes(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        sink = scene.sink("log", "json-file", attributes=json.dumps({"tag": 'a"b'}))
        await scene.run("init", "echo line", Streams(stdout=(sink,)))
        await scene.heard.end_of("init")
        record = json.loads(scene.file("log").read_text())
        assert list(record) == ["log", "stream", "attrs", "time"]
        assert record["attrs"] == {"tag": 'a"b'}


@pytest.mark.parametrize("kind", RECORDS)
async def test_rotation_by_size_and_count_loses_nothing_but_the_oldest(scene_of: Scenes, kind: str) -> None:
    async with scene_of() as scene:
        sink = scene.sink("log", kind, max_bytes=20_000, max_files=4)
        script = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done"
        await scene.run("init", script, Streams(stdout=(sink,)))
        await scene.heard.end_of("init")
        paths = [scene.file("log.3"), scene.file("log.2"), scene.file("log.1"), scene.file("log")]
        assert "log.4" not in os.listdir(scene.folder)
        parts = [path.read_bytes() for path in paths]
        assert all(19_000 < len(part) <= 20_000 for part in parts[:-1])
        lines = joined([record for part in parts for record in RECORDS[kind](part)]).splitlines()
        first = int(lines[0].split()[1])
        assert lines == [b"line %d" % number for number in range(first, 3000)]


async def test_rotation_with_one_file_begins_it_again(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        sink = scene.sink("log", "json-file", max_bytes=5000, max_files=1)
        await scene.run("init", "seq 1 1000", Streams(stdout=(sink,)))
        await scene.heard.end_of("init")
        assert 0 < scene.file("log").stat().st_size <= 5000
        assert json_records(scene.file("log").read_bytes())[-1] == ("stdout", True, b"1000")
        assert [path.name for path in scene.folder.glob("log*")] == ["log"]


async def test_rotation_moves_what_is_there_however_many_there_may_be(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        sink = scene.sink("log", "cri", max_bytes=1000, max_files=10**15)
        await scene.run("init", "seq 100", Streams(stdout=(sink,)))
        await scene.heard.end_of("init")
        files = len(list(scene.folder.glob("log*")))
        assert files > 3
        paths = [*(scene.file(f"log.{number}") for number in range(files - 1, 0, -1)), scene.file("log")]
        text = b"".join(joined(cri_records(path.read_bytes())) for path in paths)
        assert text == b"".join(b"%d\n" % number for number in range(1, 101))


async def test_a_record_that_is_larger_than_the_limit_has_a_file_of_its_own(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        sink = scene.sink("log", "cri", max_bytes=1000, max_files=9)
        await scene.run(
            "init", "echo a; head -c 3000 /dev/zero | tr '\\0' x; echo; echo b", Streams(stdout=(sink,))
        )
        await scene.heard.end_of("init")
        texts = [joined(cri_records(scene.file(name).read_bytes())) for name in ("log.2", "log.1", "log")]
        assert texts == [b"a\n", b"x" * 3000 + b"\n", b"b\n"]


async def test_a_log_that_is_rotated_by_somebody_else_is_reopened(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        go = scene.file("go")
        os.mkfifo(go)
        sink = (scene.sink("log", "cri"), scene.sink("raw"))
        await scene.run("init", f"echo one; printf tw; read x < {go}; echo o", Streams(stdout=sink))
        await written(scene.file("raw"), b"one\ntw")
        for name in ("log", "raw"):
            scene.file(name).rename(scene.file(f"{name}.old"))
        await scene.monitor.reopen_logs("init")
        go.write_text("\n")
        await scene.heard.end_of("init")
        assert joined(cri_records(scene.file("log.old").read_bytes())) == b"one\n"
        assert joined(cri_records(scene.file("log").read_bytes())) == b"two\n"
        assert scene.file("raw.old").read_bytes() == b"one\ntw"
        assert scene.file("raw").read_bytes() == b"o\n"


@pytest.mark.parametrize("kind", RECORDS)
async def test_a_log_whose_folder_is_missing_is_refused(scene_of: Scenes, kind: str) -> None:
    async with scene_of() as scene:
        with pytest.raises(NotFound):
            await scene.run("init", "exit 0", Streams(stdout=(scene.sink("no/log", kind),)))
        with pytest.raises(InvalidArgument):
            await scene.run("init", "exit 0", Streams(stdout=(Sink("file", "/tmp/x", max_bytes=1),)))
        with pytest.raises(InvalidArgument):
            await scene.run("init", "exit 0", Streams(stdout=(scene.sink("log", kind, max_bytes=-1),)))
