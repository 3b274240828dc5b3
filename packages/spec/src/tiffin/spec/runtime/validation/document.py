"""Rules of the document as a whole: version, root, process, hostname, annotations."""

from __future__ import annotations

from tiffin.spec.runtime.validation.problem import WARNING, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.spec.runtime.validation.problem import Tree

_VERSION = "config.md: Specification version"
_ROOT = "config.md: Root"
_HOSTNAME = "config.md: Hostname"
_NAME_LIMIT = 64  # uts_namespaces(7): __NEW_UTS_LEN


def version(config: Tree) -> Iterator[Problem]:
    """runc reads neither the form nor the number."""
    text = config.get("ociVersion")
    if not text:
        return
    if not _is_semver(text):
        yield Problem("ociVersion", f"{text!r} is no SemVer 2.0.0", "version.semver", _VERSION, WARNING)
    elif not text.startswith("1."):
        message = f"{text} is not compatible with 1.x, which this is"
        yield Problem("ociVersion", message, "version.compatible", _VERSION, WARNING)


def root(config: Tree) -> Iterator[Problem]:
    if config.get("windows") or config.get("vm"):
        return
    if config.get("root") is None:
        yield Problem("root", "is required", "root.required", _ROOT)
    elif config["root"].get("path") == "":
        yield Problem("root.path", "is empty: that would be the bundle itself", "root.path", _ROOT)


def process(config: Tree) -> Iterator[Problem]:
    """OPTIONAL for create, REQUIRED for start; runc insists on it from the beginning, and so do we."""
    if config.get("process") is None:
        yield Problem(
            "process", "is required to start the container", "process.required", "config.md: Process"
        )


def names(config: Tree) -> Iterator[Problem]:
    """A name of the host must not change."""
    for member in ("hostname", "domainname"):
        name = config.get(member)
        if not name:
            continue
        section = _HOSTNAME if member == "hostname" else "config.md: Domainname"
        if not any(one.get("type") == "uts" for one in (config.get("linux") or {}).get("namespaces") or ()):
            yield Problem(member, "needs a namespace of type uts", "uts.namespace", section)
        length = len(name.encode("utf-8", "surrogatepass"))
        if length > _NAME_LIMIT:
            message = f"has {length} bytes, the kernel takes {_NAME_LIMIT}"
            yield Problem(member, message, "uts.length", section)


def annotation_keys(config: Tree) -> Iterator[Problem]:
    if "" in (config.get("annotations") or {}):
        yield Problem("annotations", "a key is empty", "annotations.key", "config.md: Annotations", WARNING)


def _is_semver(text: str) -> bool:
    """Whether `text` is a version of SemVer 2.0.0."""
    rest, plus, build = text.partition("+")
    core, dash, prerelease = rest.partition("-")
    numbers = core.split(".")
    return (
        len(numbers) == 3
        and all(one.isascii() and one.isdigit() and (one == "0" or one[0] != "0") for one in numbers)
        and (not dash or _are_identifiers(prerelease, zeros=False))
        and (not plus or _are_identifiers(build, zeros=True))
    )


def _are_identifiers(text: str, *, zeros: bool) -> bool:
    """Dot-separated letters, digits and hyphens; without `zeros`, no number starts with one."""
    for one in text.split("."):
        if not one or not one.isascii() or not one.replace("-", "0").isalnum():
            return False
        if not zeros and one.isdigit() and len(one) > 1 and one[0] == "0":
            return False
    return True


def cgroups_path(config: Tree) -> Iterator[Problem]:
    path = (config.get("linux") or {}).get("cgroupsPath") or ""
    if ".." in path.split("/"):
        section = "config-linux.md: Cgroups Path"
        yield Problem("linux.cgroupsPath", "goes up by ..", "cgroups-path", section, WARNING)


RULES = (version, root, process, names, annotation_keys, cgroups_path)
