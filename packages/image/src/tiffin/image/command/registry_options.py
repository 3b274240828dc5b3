"""Options on how a registry is reached, as skopeo calls them."""

from __future__ import annotations

from functools import wraps

import click

from tiffin.image.transports.access import RegistryAccess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tiffin.image.registry.credentials import Credential

    Function = Callable[..., Any]


def registry_options(prefix: str = "", what: str = "the registry") -> Callable[[Function], Function]:
    """How a registry is reached; the function gets it as `access`, or with a prefix as `<prefix>access`."""
    start = f"--{prefix.replace('_', '-')}"
    names = (
        "tls_verify",
        "cert_dir",
        "authfile",
        "creds",
        "username",
        "password",
        "registry_token",
        "no_creds",
    )
    options = (
        click.option(f"{start}tls-verify", f"{prefix}tls_verify", type=bool, default=None, metavar="[true|false]",
                     help=f"Check the certificate of {what}; loopback is spared by default."),
        click.option(f"{start}cert-dir", f"{prefix}cert_dir", default="", metavar="DIR", type=click.Path(),
                     help=f"Certificates (*.crt, *.cert, *.key) for {what}."),
        click.option(f"{start}authfile", f"{prefix}authfile", default="", metavar="FILE", type=click.Path(),
                     help=f"The file with the credentials for {what}."),
        click.option(f"{start}creds", f"{prefix}creds", default="", metavar="USER:PASSWORD",
                     help=f"Credentials for {what}."),
        click.option(f"{start}username", f"{prefix}username", default="", metavar="USER", help=f"User of {what}."),
        click.option(f"{start}password", f"{prefix}password", default="", metavar="TEXT",
                     help="Their password; others see it in the list of processes: rather log in."),
        click.option(f"{start}registry-token", f"{prefix}registry_token", default="", metavar="TEXT",
                     help=f"A bearer token for {what}."),
        click.option(f"{start}no-creds", f"{prefix}no_creds", is_flag=True, help="Without any credentials."),
    )  # fmt: skip

    def decorate(function: Function) -> Function:
        @wraps(function)
        def called(*arguments: Any, **given: Any) -> Any:
            values = {name: given.pop(f"{prefix}{name}") for name in names}
            return function(*arguments, **given, **{f"{prefix}access": _access(values)})

        for option in reversed(options):
            called = option(called)
        return called

    return decorate


def _access(values: dict[str, Any]) -> RegistryAccess:
    credential = None if values["no_creds"] else _credential(values)
    return RegistryAccess(
        verify=values["tls_verify"],
        certificates=values["cert_dir"],
        file=values["authfile"],
        credential=credential,
        anonymous=values["no_creds"],
    )


def _credential(values: dict[str, Any]) -> Credential | None:
    """The one that the options name. Raises UsageError if they contradict each other."""
    if values["creds"] and (values["username"] or values["password"]):
        raise click.UsageError("give --creds, or --username and --password")
    user, _, password = values["creds"].partition(":")
    user, password = user or values["username"], password or values["password"]
    if bool(user) != bool(password):
        raise click.UsageError("credentials need a user and a password")
    if not user and not values["registry_token"]:
        return None
    from tiffin.image.registry.credentials import Credential

    return Credential(user, password, registry_token=values["registry_token"])
