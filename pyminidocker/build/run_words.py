"""What a RUN runs and how it is written down: argv, environment, history, cache."""

import json
from collections.abc import Mapping

from pyminidocker.build.ingredients import Ingredients
from pyminidocker.build.mounts import PROGRAM, inside
from pyminidocker.build.secrets import name_of
from pyminidocker.build.state import State
from pyminidocker.dockerfile.instructions import Run
from pyminidocker.engine.config_changes import command_words
from pyminidocker.errors import InvalidArgument


def argv(state: State, run: Run) -> list[str]:
    """Return the words to execute.

    Raises:
        InvalidArgument: there is nothing to run.
    """
    if run.program is not None:
        return [PROGRAM]
    if run.command.is_shell:
        return [*state.shell, run.script or " ".join(run.command.words)]
    if not run.command.words:
        raise InvalidArgument("RUN requires a command", hint='RUN ["program", "argument"]')
    return command_words(run.command, state)


def canonical(run: Run) -> str:
    """Return the instruction for the cache: the command and what it is fed with."""
    if run.program is not None:
        return f"RUN <<EOF {run.program.content}"
    if run.command.is_shell:
        return f"RUN {run.script or ' '.join(run.command.words)}"
    return f"RUN {json.dumps(list(run.command.words), ensure_ascii=False)}"


def created_by(state: State, run: Run, arguments: Mapping[str, str]) -> str:
    """Return what Docker's history says: the arguments a RUN could see come first."""
    words = argv(state, run)
    if run.program is not None:
        words = [*state.shell, run.program.content]
    if arguments:
        pairs = [f"{key}={value}" for key, value in sorted(arguments.items())]
        words = [f"|{len(pairs)}", *pairs, *words]
    return " ".join(words)


def note_parts(run: Run, ingredients: Ingredients, working_dir: str) -> None:
    """Put into a step's ingredients what of its flags counts."""
    if run.network != "default":
        ingredients.parts["network"] = run.network
    secrets = []
    for mount in run.mounts:
        if mount.type == "secret":
            secrets.append(name_of(mount))
        else:
            ingredients.parts[f"mount at {inside(mount.target, working_dir)}"] = (
                mount.text or mount.type
            )
    if secrets:
        ingredients.parts["secrets"] = ", ".join(secrets)
