"""Help texts, made from the table."""

from __future__ import annotations

from .table import GLOBAL_FLAGS, HELP_FLAG, VERBS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .table import Flag, Verb

NAME = "tiffin-runtime"
ABOUT = f"""\
{NAME} - runs containers from OCI bundles

A bundle is a directory that holds config.json and a root file system; `{NAME} spec` writes a config.json to start
from. The command line is runc's, so that {NAME} can stand wherever runc does.
"""


def program_help(version: str) -> str:
    """The help of the program."""
    width = max(len(verb.name) for verb in VERBS)
    verbs = "".join(f"   {verb.name:{width}}  {verb.summary}\n" for verb in VERBS)
    return (
        f"NAME:\n   {ABOUT}\nUSAGE:\n   {NAME} [global options] command [command options] [arguments...]\n\n"
        f"VERSION:\n   {version}\n\nCOMMANDS:\n{verbs}\nGLOBAL OPTIONS:\n{_flags(GLOBAL_FLAGS)}"
    )


def verb_help(verb: Verb) -> str:
    """The help of one command."""
    options = " [command options]" if verb.flags else ""
    arguments = f" {verb.arguments}" if verb.arguments else ""
    return (
        f"NAME:\n   {NAME} {verb.name} - {verb.summary}\n\nUSAGE:\n   {NAME} {verb.name}{options}{arguments}\n\n"
        f"OPTIONS:\n{_flags((*verb.flags, HELP_FLAG))}"
    )


def _flags(flags: Sequence[Flag]) -> str:
    rows = [(_names(flag), flag.help) for flag in flags if flag.help]
    width = max(len(names) for names, _ in rows)
    return "".join(f"   {names:{width}}  {text}\n" for names, text in rows)


def _names(flag: Flag) -> str:
    value = f" {flag.value}" if flag.value else ""
    return ", ".join(("-" if len(name) == 1 else "--") + name + value for name in flag.names)
