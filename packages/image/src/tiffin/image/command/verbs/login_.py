"""`tiffin-image login` and `logout`: credentials, kept where Docker, podman and skopeo find them too."""

from __future__ import annotations

import os
import sys

import click

from tiffin.image.command.options import Verb
from tiffin.image.errors import InvalidReference, NotFound
from tiffin.image.transports.access import RegistryAccess

DOCKER_HUB = "docker.io"


@click.command("login", cls=Verb)
@click.argument("registry", default=DOCKER_HUB)
@click.option("--username", "-u", default="", metavar="USER", help="Who; asked for if it is not given.")
@click.option("--password", "-p", default="", metavar="TEXT",
              help="Their password; others see it in the list of processes: rather use --password-stdin.")  # fmt: skip
@click.option("--password-stdin", is_flag=True, help="Read the password, or a token, from stdin.")
@click.option("--get-login", is_flag=True, help="Only print who is logged in.")
@click.option("--authfile", default="", metavar="FILE", type=click.Path(), help="Keep the credentials there.")
@click.option("--tls-verify", type=bool, default=None, metavar="[true|false]", help="Check the certificate.")
@click.option(
    "--cert-dir", default="", metavar="DIR", type=click.Path(), help="Certificates for the registry."
)
def login(
    *, registry: str, username: str, password: str, password_stdin: bool, get_login: bool, authfile: str,
    tls_verify: bool | None, cert_dir: str,
) -> None:  # fmt: skip
    """Logs in to a registry, Docker Hub by default; what it refuses is not kept."""
    host = registry_host(registry)
    if get_login:
        print(_who(host, authfile))
        return
    from tiffin.image.registry import login as logins
    from tiffin.image.registry.credentials import Credential

    user = username or _asked("Username")
    secret = _from_stdin() if password_stdin else password or _asked("Password", hidden=True)
    if not secret:
        raise click.UsageError("the password is empty")
    access = RegistryAccess(verify=tls_verify, certificates=cert_dir)
    kept = logins.login(host, Credential(user, secret), access.settings_for(host), file=authfile)
    print(f"Login Succeeded! (kept in {kept})")


@click.command("logout", cls=Verb)
@click.argument("registry", default=DOCKER_HUB)
@click.option(
    "--authfile", default="", metavar="FILE", type=click.Path(), help="Only forget what is in there."
)
def logout(*, registry: str, authfile: str) -> None:
    """Forgets the credentials of a registry, Docker Hub by default."""
    from tiffin.image.registry import login as logins

    host = registry_host(registry)
    for file in logins.logout(host, file=authfile):
        print(f"Removed the login to {host} from {file}")


def registry_host(text: str) -> str:
    """Host and port of a registry, as a person may write it (an address too). Raises InvalidReference."""
    from tiffin.image.registry.credentials import names_of, plain

    found = plain(text)
    if found in names_of(DOCKER_HUB):
        return DOCKER_HUB
    if not found or "/" in found or any(letter.isspace() for letter in found):
        raise InvalidReference(f"{text!r} is no registry: expected HOST[:PORT]")
    return found


def _who(host: str, authfile: str) -> str:
    from tiffin.image.registry.credentials import FileCredentials

    found = FileCredentials(authfile, os.environ).find(host, "")
    if found is None:
        raise NotFound(f"nobody is logged in to {host}")
    return found.user or "<token>"


def _from_stdin() -> str:
    """All of it but a last line feed, as docker has it: the key of a Google registry has many lines."""
    return sys.stdin.read().removesuffix("\n").removesuffix("\r")


def _asked(what: str, *, hidden: bool = False) -> str:
    if not sys.stdin.isatty():
        raise click.UsageError(f"--{what.lower()} is missing, and there is no terminal to ask on")
    answer: str = click.prompt(what, hide_input=hidden, err=True)
    return answer
