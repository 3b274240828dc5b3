"""The error classes of images, after containerd's `errdefs`. Decide on the class, never on the text."""

from __future__ import annotations


class ImageFailure(Exception):
    """Base class: something that the caller may want to tell apart by its subclass."""


class InvalidReference(ImageFailure):
    """What was given to name an image cannot be read as one."""


class InvalidArgument(ImageFailure):
    """The call itself is wrong, whatever the state is: a name that is none, a parent that cannot be one."""


class AlreadyExists(ImageFailure):
    """There is such a thing already."""


class FailedPrecondition(ImageFailure):
    """It is not in the state that this needs; the text says in which it is."""


class Unavailable(ImageFailure):
    """Not now: somebody else is at it, or a server cannot be reached. Trying again may help."""


class PermissionDenied(ImageFailure):
    """A server wants other credentials."""


class NotFound(ImageFailure):
    """There is no such image, tag, platform, blob or layer entry."""


class InvalidImage(ImageFailure):
    """The content breaks a specification, or would reach outside of its root; it is not used."""


class DigestMismatch(InvalidImage):
    """Content is not what its descriptor says: another digest or another size."""


class DataLoss(ImageFailure):
    """What was stored is damaged; the text says what, and what can be done."""


class Stopped(ImageFailure):
    """Another part of the same work failed: this one was given up. Who began the work raises what failed first."""


class Unsupported(ImageFailure):
    """This host, or this installation, cannot read such an image; the text says what is missing."""
