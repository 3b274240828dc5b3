"""Privileges: capabilities, seccomp, no_new_privs, labels, what of /proc and /sys is hidden."""

from __future__ import annotations

from tiffin.cli.parse import UsageError
from tiffin.spec.runtime.capabilities import DEFAULT, NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.config.context import Context
    from tiffin.spec.runtime.tree import ConfigTree, SeccompTree

FREE = ("seccomp", "apparmor")  # options with any value
VALUES = {"systempaths": ("unconfined",), "unmask": ("ALL",)}
SELINUX_DEFAULT = {"user": "system_u", "role": "system_r", "type": "container_t", "level": "s0"}


def apply_security(config: ConfigTree, arguments: Arguments, context: Context) -> None:
    """Sets what the process may do.

    Raises:
        UsageError: for a capability or an option that there is none of, or a profile that cannot be read.
    """
    process, linux = config["process"], config["linux"]
    privileged = arguments.switch("privileged")
    names = _capabilities(arguments, NAMES if privileged else DEFAULT, context.held)
    process["capabilities"] = {"bounding": names, "effective": list(names), "permitted": list(names)}
    process["noNewPrivileges"] = False
    options = dict(_option(text) for text in arguments.texts("security-opt") if not text.startswith("label"))
    if privileged or options.get("systempaths") == "unconfined" or options.get("unmask") == "ALL":
        linux["maskedPaths"], linux["readonlyPaths"] = [], []
    if "no-new-privileges" in options:
        process["noNewPrivileges"] = options["no-new-privileges"] == "true"
    if "apparmor" in options:
        process["apparmorProfile"] = options["apparmor"]
    if label := _selinux_label(arguments):
        process["selinuxLabel"] = label
    seccomp = options.get("seccomp", "unconfined" if privileged else "default")
    if seccomp != "unconfined":
        linux["seccomp"] = _profile(seccomp, names)


def _option(text: str) -> tuple[str, str]:
    """Name and value of an option that is not about labels. Raises UsageError."""
    name, value = _split(text)
    if name == "no-new-privileges" and value in ("", "true", "false"):
        return name, value or "true"
    if (name in VALUES and value in VALUES[name]) or (name in FREE and value):
        return name, value
    raise UsageError(
        f"--security-opt: {text!r} is none of seccomp=FILE|unconfined, no-new-privileges[=true|false], "
        "apparmor=PROFILE, label=..., systempaths=unconfined"
    )


def _selinux_label(arguments: Arguments) -> str:
    """The whole label, "" for none: what was asked for over the usual one."""
    parts: dict[str, str] = {}
    for text in arguments.texts("security-opt"):
        if text.startswith("label"):
            parts.update(_label(text, _split(text)[1]))
    whole = {**SELINUX_DEFAULT, **parts}
    return ":".join(whole[part] for part in SELINUX_DEFAULT) if parts else ""


def _capabilities(arguments: Arguments, base: Sequence[str], held: Sequence[str]) -> list[str]:
    """As podman: --cap-add ALL starts from all, --cap-drop ALL from none; what is dropped by name is gone.

    Of what was not asked for by name only that which we hold ourselves: more nobody could give.
    """
    added = [_capability("cap-add", text) for text in arguments.texts("cap-add")]
    dropped = [_capability("cap-drop", text) for text in arguments.texts("cap-drop")]
    if "ALL" in added and "ALL" in dropped:
        raise UsageError("--cap-add ALL and --cap-drop ALL together: which of them?")
    if "ALL" in added:
        wanted = set(held)
    elif "ALL" in dropped:
        wanted = set(added)
    else:
        wanted = {*(name for name in base if name in held), *added}
    wanted -= set(dropped)
    return [name for name in NAMES if name in wanted]


def _capability(flag: str, text: str) -> str:
    name = text.upper()
    if name == "ALL":
        return name
    name = name if name.startswith("CAP_") else f"CAP_{name}"
    if name not in NAMES:
        raise UsageError(f"--{flag}: there is no capability {text!r} (capabilities(7) lists them)")
    return name


def _split(option: str) -> tuple[str, str]:
    """`name=value`, or `name:value`, which Docker took first."""
    for separator in ("=", ":"):
        name, found, value = option.partition(separator)
        if found:
            return name, value
    return option, ""


def _label(option: str, value: str) -> dict[str, str]:
    """Parts of a SELinux label; `label=disable` asks for none, which is what a process without a label gets."""
    if value == "disable":
        return {}
    part, colon, text = value.partition(":")
    if part not in SELINUX_DEFAULT or not colon:
        raise UsageError(f"--security-opt: {option!r}: label=disable, or label=user|role|type|level:VALUE")
    return {part: text}


def _profile(name: str, capabilities: Sequence[str]) -> SeccompTree:
    """The built-in profile, or one from a file, for the capabilities that the container has."""
    from tiffin.cli.run.config.seccomp import builtin, from_file

    return builtin(capabilities) if name in ("default", "builtin") else from_file(name, capabilities)
