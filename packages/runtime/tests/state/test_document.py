"""The state as JSON, for callers and hooks."""

from __future__ import annotations

import json

import pytest

from tiffin.runtime.state.container_state import ContainerState
from tiffin.runtime.state.document import hook_document, hook_document_parts, list_document, state_document

STATE = ContainerState(
    "c1",
    7,
    1,
    bundle='/ü "x"',
    rootfs="/r",
    created="now",
    version="1.0.2",
    annotations='{"a":"1\\n","b":"2"}',
)


def test_the_document_is_laid_out_as_runcs() -> None:
    assert state_document(STATE, "running") == (
        '{\n  "ociVersion": "1.0.2",\n  "id": "c1",\n  "pid": 7,\n  "status": "running",\n  "bundle": "/ü \\"x\\"",\n'
        '  "rootfs": "/r",\n  "created": "now",\n  "annotations": {\n    "a": "1\\n",\n    "b": "2"\n  },\n'
        '  "owner": ""\n}'
    )


def test_a_stopped_container_has_no_pid() -> None:
    assert json.loads(state_document(STATE, "stopped"))["pid"] == 0
    assert json.loads(list_document(STATE, "stopped", "root"))["pid"] == 0


def test_the_list_names_the_owner_and_stands_in_one_line() -> None:
    text = list_document(STATE, "running", "root")
    assert "\n" not in text
    assert json.loads(text)["owner"] == "root"
    assert json.loads(text)["annotations"] == {"a": "1\n", "b": "2"}


def test_a_hook_gets_the_state_of_the_specification() -> None:
    found = json.loads(hook_document(STATE, "creating", 9))
    assert found == {
        "ociVersion": "1.0.2",
        "id": "c1",
        "status": "creating",
        "pid": 9,
        "bundle": '/ü "x"',
        "annotations": {"a": "1\n", "b": "2"},
    }
    before, after = hook_document_parts(STATE, "creating")
    assert json.loads(before + b"9" + after) == found


@pytest.mark.parametrize("path", ["/\udcff", "/a\udce2\udc82b", "/\x01\x7f\u2028", "/\\\n\t"])
def test_any_path_gives_json_that_is_utf8(path: str) -> None:
    state = STATE.replace(bundle=path)
    for text in (state_document(state, "running").encode(), hook_document(state, "running", 1)):
        assert json.loads(text)["bundle"] == "".join(
            "\ufffd" if 0xDC80 <= ord(character) < 0xDD00 else character for character in path
        )
