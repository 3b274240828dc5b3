"""A program that speaks CRIU's protocol (`criu swrk N`) and says what a test needs to hear.

python speaker.py WORD[,WORD...] swrk N     the words are sent one after another, an answer is awaited after a notice

yes: a response that all is well. no: one that says no (EPERM). notice: a notice without, pass: one with a descriptor.
rubbish: bytes that are no message. die: ends with status 3. crash: dies of a signal. version, features: their answers.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

PACKAGES = os.path.join(os.path.dirname(__file__), "../../..")
sys.path[:0] = [f"{PACKAGES}/runtime/src", f"{PACKAGES}/spec/src"]

from tiffin.runtime.checkpoint.messages import NOTIFY, REQUEST, RESPONSE  # noqa: E402  # after the path
from tiffin.runtime.checkpoint.protobuf import decode, encode  # noqa: E402

ANSWERS: dict[str, dict[str, Any]] = {
    "yes": {"success": True},
    "no": {"success": False, "cr_errno": 1},
    "notice": {"type": NOTIFY, "success": True, "notify": {"script": "pre-dump", "pid": 42}},
    "pass": {"type": NOTIFY, "success": True, "notify": {"script": "orphan-pts-master", "pid": 0}},
    "version": {"success": True, "version": {"major_number": 3, "minor_number": 17, "sublevel": 1}},
    "old": {"success": True, "version": {"major_number": 3, "minor_number": 14, "sublevel": 9}},
    "features": {"success": True, "features": {"mem_track": True}},
}


def say(word: str, peer: socket.socket, kind: int) -> None:
    """Sends one answer, and waits for ours if it is a notice."""
    if word == "die":
        os._exit(3)
    if word == "crash":
        os.kill(os.getpid(), 9)
    if word == "rubbish":
        peer.send(b"\x0f\xff\xff")
        return
    data = encode(RESPONSE, {"type": kind, **ANSWERS[word]})
    if word == "pass":
        descriptor = os.memfd_create("passed")
        os.write(descriptor, b"hello")
        socket.send_fds(peer, [data], [descriptor])
    else:
        peer.send(data)
    if word in {"notice", "pass"}:
        answer = decode(REQUEST, peer.recv(65536))
        if answer != {"type": NOTIFY, "notify_success": True}:
            os._exit(4)


def main(words: str, number: str) -> None:
    peer = socket.socket(fileno=int(number))
    request = decode(REQUEST, peer.recv(65536))
    for word in words.split(","):
        say(word, peer, request["type"])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[3])
