"""What each instruction does that only changes the config: a table by its type.

Each function gets the instruction, the settings and the variables, and returns what the history says.
"""

from __future__ import annotations

from tiffin.image.building.dockerfile import instructions as known
from tiffin.spec.json_tree import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .image_settings import ImageSettings
    from .variables import StageVariables

    Effect = Callable[[Any, ImageSettings, StageVariables], str]


def _arg(one: known.Arg, _settings: ImageSettings, variables: StageVariables) -> str:
    return f"ARG {variables.declare(one)}"


def _env(one: known.Env, settings: ImageSettings, variables: StageVariables) -> str:
    pairs = variables.set(one.pairs)
    settings.set_env(pairs)
    return "ENV " + " ".join(f"{name}={value}" for name, value in pairs)


def _label(one: known.Label, settings: ImageSettings, variables: StageVariables) -> str:
    pairs = [(variables.expand(name), variables.expand(value)) for name, value in one.pairs]
    settings.set_labels(pairs)
    return "LABEL " + " ".join(f"{name}={value}" for name, value in pairs)


def _user(one: known.User, settings: ImageSettings, variables: StageVariables) -> str:
    settings.set_user(variables.expand(one.user))
    return f"USER {settings.user}"


def _volume(one: known.Volume, settings: ImageSettings, variables: StageVariables) -> str:
    paths = [variables.expand(path) for path in one.paths]
    settings.add_volumes(paths)
    return f"VOLUME {encode(paths)}"


def _expose(one: known.Expose, settings: ImageSettings, variables: StageVariables) -> str:
    ports = [port for word in one.ports for port in variables.expand(word).split()]
    settings.expose(ports)
    return "EXPOSE " + " ".join(ports)


def _stopsignal(one: known.Stopsignal, settings: ImageSettings, variables: StageVariables) -> str:
    name = variables.expand(one.signal)
    settings.set_stop_signal(name)
    return f"STOPSIGNAL {name}"


def _cmd(one: known.Cmd, settings: ImageSettings, _variables: StageVariables) -> str:
    settings.set_cmd(one.command)
    return f"CMD {encode(settings.words(one.command))}"


def _entrypoint(one: known.Entrypoint, settings: ImageSettings, _variables: StageVariables) -> str:
    settings.set_entrypoint(one.command)
    return f"ENTRYPOINT {encode(settings.words(one.command))}"


def _shell(one: known.Shell, settings: ImageSettings, _variables: StageVariables) -> str:
    settings.set_shell(one.words)
    return f"SHELL {encode(list(one.words))}"


def _healthcheck(one: known.Healthcheck, settings: ImageSettings, _variables: StageVariables) -> str:
    settings.set_healthcheck(one)
    return one.text


def _onbuild(one: known.Onbuild, settings: ImageSettings, _variables: StageVariables) -> str:
    settings.add_trigger(one.trigger)
    return f"ONBUILD {one.trigger}"


def _maintainer(one: known.Maintainer, settings: ImageSettings, _variables: StageVariables) -> str:
    settings.set_author(one.name)
    return f"MAINTAINER {one.name}"


EFFECTS: dict[type, Effect] = {
    known.Arg: _arg,
    known.Cmd: _cmd,
    known.Entrypoint: _entrypoint,
    known.Env: _env,
    known.Expose: _expose,
    known.Healthcheck: _healthcheck,
    known.Label: _label,
    known.Maintainer: _maintainer,
    known.Onbuild: _onbuild,
    known.Shell: _shell,
    known.Stopsignal: _stopsignal,
    known.User: _user,
    known.Volume: _volume,
}
