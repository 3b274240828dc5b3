"""`Connection`: requests and answers on a monitor's socket, in an asyncio loop."""

from __future__ import annotations

import array
import asyncio
import itertools
import socket
from concurrent.futures import Future as ThreadFuture
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from tiffin.runtime.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OperationFailed,
    RuntimeFailure,
    Unavailable,
)

from . import messages
from .errors import CommandFailed
from .messages import Message
from .wire import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

A = TypeVar("A", bound=Message)

_CLASSES: dict[int, type[RuntimeFailure]] = {
    messages.ERROR_INVALID_ARGUMENT: InvalidArgument,
    messages.ERROR_NOT_FOUND: NotFound,
    messages.ERROR_ALREADY_EXISTS: AlreadyExists,
    messages.ERROR_FAILED_PRECONDITION: FailedPrecondition,
    messages.ERROR_UNAVAILABLE: Unavailable,
}


class Connection:
    """One connected SOCK_SEQPACKET socket, which it owns.

    Args:
        event: called for each message that answers no request, in the loop.
        lost: called once if the other side ends it.
    """

    def __init__(
        self, sock: socket.socket, event: Callable[[Message], None], lost: Callable[[], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = sock
        self._event = event
        self._lost = lost
        self._serials = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Message] | ThreadFuture[Message]] = {}
        self._posting = Lock()
        self._sending = asyncio.Lock()  # packets go in the order of the calls
        self.ended: asyncio.Future[None] = self._loop.create_future()
        sock.setblocking(False)
        self._loop.add_reader(sock, self._receive)

    async def request(self, message: Message, expected: type[A], descriptors: Sequence[int] = ()) -> A:
        """Sends a request, and waits for its answer.

        Args:
            expected: the answer's class; the monitor's Failed is raised instead.
            descriptors: go with it, and stay ours.

        Raises:
            RuntimeFailure: the subclass that the monitor's error has; Unavailable if the connection is or gets lost.
        """
        serial = next(self._serials)
        packet = encode(message, serial)
        answer: asyncio.Future[Message] = self._loop.create_future()
        self._answers[serial] = answer
        try:
            async with self._sending:
                await self._send(packet, descriptors)
            answered = await answer
        finally:
            self._answers.pop(serial, None)
            if answer.done() and not answer.cancelled():
                answer.exception()  # looked at: what could not be sent has failed by itself
        if isinstance(answered, expected):
            return answered
        raise Unavailable(f"the monitor answered with {answered}")

    def post(self, message: Message, descriptors: Sequence[int] = ()) -> ThreadFuture[Message]:
        """As `request`, but from any thread, and with no turn of the event loop: it is sent when this returns.

        Raises:
            Unavailable: the connection is lost, or the monitor takes nothing.
        """
        serial = next(self._serials)
        packet = encode(message, serial)
        answer: ThreadFuture[Message] = ThreadFuture()
        self._answers[serial] = answer
        try:
            with self._posting:  # the socket is not closed meanwhile
                self._socket.sendmsg([packet], _rights(descriptors), socket.MSG_NOSIGNAL)
        except OSError as error:
            self._answers.pop(serial, None)
            raise Unavailable(f"the monitor cannot be asked: {error.strerror}") from error
        return answer

    async def _send(self, packet: bytes, descriptors: Sequence[int]) -> None:
        rights = _rights(descriptors)
        while not self.ended.done():
            try:
                self._socket.sendmsg([packet], rights, socket.MSG_NOSIGNAL)
            except BlockingIOError:
                await self._writable()
            except OSError as error:
                raise Unavailable(f"the monitor cannot be asked: {error.strerror}") from error
            else:
                return
        raise Unavailable("the connection to the monitor has ended")

    async def _writable(self) -> None:
        writable: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_writer(self._socket, _resolve, writable)
        try:
            await asyncio.wait([writable, self.ended], return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not self.ended.done():  # else the number may be another's by now
                self._loop.remove_writer(self._socket)

    def _receive(self) -> None:
        try:
            packet = self._socket.recv(messages.LONGEST_MESSAGE)
        except (BlockingIOError, ConnectionResetError):
            return  # ECONNRESET: it went with something unread. That is said once, and what it had sent comes after it
        except OSError:
            packet = b""
        try:
            serial, message = decode(packet)
        except ValueError:  # the end, or somebody who does not speak our language
            self._end()
            self._lost()
        else:
            self._handle(serial, message)

    def _handle(self, serial: int, message: Message) -> None:
        if not serial:
            self._event(message)
            return
        answer = self._answers.pop(serial, None)
        if answer is None or answer.done():
            return  # whoever asked was cancelled
        if isinstance(message, messages.Failed):
            answer.set_exception(error_of(message))
        else:
            answer.set_result(message)

    def _end(self) -> None:
        if self.ended.done():
            return
        self.ended.set_result(None)
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        with self._posting:
            self._socket.close()
        for answer in list(self._answers.values()):
            if not answer.done():
                answer.set_exception(Unavailable("the connection to the monitor has ended"))

    def close(self) -> None:
        """Ends it from our side; once more is no error."""
        self._end()


def _rights(descriptors: Sequence[int]) -> list[tuple[int, int, array.array[int]]]:
    if not descriptors:
        return []
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def error_of(failed: messages.Failed) -> RuntimeFailure:
    """The error that a monitor's answer stands for."""
    text = f"{failed.text} (errno {failed.number})" if failed.number else failed.text
    if failed.error == messages.ERROR_COMMAND_FAILED:
        return CommandFailed(
            f"the command ended with {failed.number}", status=failed.number, output=failed.output
        )
    if failed.error in _CLASSES:
        return _CLASSES[failed.error](text)
    return OperationFailed(text, errno=failed.number)
