"""`Offer`: a service as plain functions, by the names of its methods on the wire.

Each function gets the request and the `Call`. It is one of
- a plain function that returns the answer, or for a method that streams answers an iterator of them: it runs in a
  thread, each step of the iterator too. So no transaction may be open across a `yield`;
- a coroutine function, or an async generator, which runs in the event loop and must not block;
- for a method that streams requests, an async generator that gets an async iterator of them.

An answer is a message, or the bytes of one that is encoded already. An iterator may also yield lists of answers, which
are sent one after the other: a step in a thread takes longer than to make a small message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tiffin.api.service import Service

    Function = Callable[..., Any]  # its messages are its own; mypy checks them where it is written


class Offer:
    """What a server registers.

    Args:
        service: as data, from a module `*_services`.
        methods: the functions; those that are missing are not implemented, and clients are told so.
        slow: the names of those that may take long: see `Workers`.

    Raises:
        ValueError: the service has no such method.
    """

    def __init__(
        self, service: Service, methods: Mapping[str, Function], *, slow: Iterable[str] = ()
    ) -> None:
        self.service = service
        self.methods = dict(methods)
        self.slow = frozenset(slow)
        unknown = (self.methods.keys() | self.slow) - service.methods.keys()
        if unknown:
            raise ValueError(f"{service.name} has no method {min(unknown)}")
