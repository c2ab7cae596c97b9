"""Instructions that only change a config: ENV, LABEL, CMD and the like.

They are a build's steps (``apply``), and what ``commit --change`` and ``import --change`` are given
(``apply_lines``).  Each takes the instruction with its variables put in, changes the config, and
returns what Docker's history says of it behind ``#(nop)``.

See: moby builder/dockerfile/dispatchers.go.
"""

import posixpath
import re
from collections.abc import Callable, Sequence
from typing import Any

from pyminidocker.dockerfile import instructions as words
from pyminidocker.dockerfile.expansion import expanded
from pyminidocker.dockerfile.parser import parse_change
from pyminidocker.engine import go_format
from pyminidocker.errors import InvalidArgument
from pyminidocker.kernel.signals import parse_signal
from pyminidocker.oci.image_spec import HealthConfig, RunConfig

_PORT = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/([A-Za-z]+))?")
_PROTOCOLS = ("tcp", "udp", "sctp")
_PORTS_MAX = 65535
DEFAULT_SHELL = ("/bin/sh", "-c")


class ChangingConfig:
    """A config while instructions change it, with what they have to know of each other.

    Attributes:
        run: defaults for containers, so far.
        author: from MAINTAINER.
        has_own_cmd: CMD was among the instructions, so that a later ENTRYPOINT keeps it.
    """

    def __init__(self, run: RunConfig) -> None:
        self.run = run
        self.author = ""
        self.has_own_cmd = False

    @property
    def shell(self) -> list[str]:
        """What a shell form is put behind."""
        return list(self.run.shell or DEFAULT_SHELL)


def command_words(command: words.CommandLine, state: ChangingConfig) -> list[str]:
    """Return argv of either form; the shell form is put behind the words of SHELL."""
    if command.is_shell:
        return [*state.shell, *command.words]
    return list(command.words)


def _env(state: ChangingConfig, given: words.Env) -> str:
    env = list(state.run.env)
    for pair in given.pairs:
        item = f"{pair.key}={pair.value}"
        for position, known in enumerate(env):
            if known.partition("=")[0] == pair.key:
                env[position] = item
                break
        else:
            env.append(item)
    state.run.env = env
    return "ENV " + " ".join(f"{pair.key}={pair.value}" for pair in given.pairs)


def _label(state: ChangingConfig, given: words.Label) -> str:
    state.run.labels = {
        **(state.run.labels or {}),
        **{pair.key: pair.value for pair in given.pairs},
    }
    return "LABEL " + " ".join(f"{pair.key}={pair.value}" for pair in given.pairs)


def _cmd(state: ChangingConfig, given: words.Cmd) -> str:
    state.run.cmd = command_words(given.command, state) or None
    state.has_own_cmd = bool(given.command.words)
    return f"CMD {go_format.quoted_list(state.run.cmd or ())}"


def _entrypoint(state: ChangingConfig, given: words.Entrypoint) -> str:
    state.run.entrypoint = command_words(given.command, state) or None
    if not state.has_own_cmd:
        state.run.cmd = None  # the base image's CMD was meant for the base image's entrypoint
    return f"ENTRYPOINT {go_format.quoted_list(state.run.entrypoint or ())}"


def _expose(state: ChangingConfig, given: words.Expose) -> str:
    ports = dict(state.run.exposed_ports)
    for text in given.ports:
        for port in exposed(text):
            ports.setdefault(port, {})
    state.run.exposed_ports = ports
    return "EXPOSE " + " ".join(sorted(given.ports))


def exposed(text: str) -> list[str]:
    """Return the ports that one word of EXPOSE means: ``8000-8001`` is two.

    Raises:
        InvalidArgument: no port.

    See: go-connections nat.ParsePortSpec.
    """
    match = _PORT.fullmatch(text.rpartition(":")[2])  # a host's port before a colon means nothing
    protocol = (match[3] or "tcp").lower() if match else ""
    if match is None or protocol not in _PROTOCOLS:
        raise InvalidArgument(
            f"Invalid containerPort: {text}", hint="write it as 80, 53/udp or 8000-8010"
        )
    first, last = int(match[1]), int(match[2] or match[1])
    if not first <= last <= _PORTS_MAX:
        raise InvalidArgument(f"Invalid containerPort: {text}", hint="ports end at 65535")
    return [f"{port}/{protocol}" for port in range(first, last + 1)]


def _volume(state: ChangingConfig, given: words.Volume) -> str:
    if not all(path.strip() for path in given.paths):
        raise InvalidArgument("VOLUME specified can not be an empty string")
    known = dict(state.run.volumes or {})
    for path in given.paths:
        known.setdefault(path, {})
    state.run.volumes = known
    return f"VOLUME {go_format.plain_list(given.paths)}"


def _user(state: ChangingConfig, given: words.User) -> str:
    state.run.user = given.user
    return f"USER {given.user}"


def _stop_signal(state: ChangingConfig, given: words.StopSignal) -> str:
    try:
        parse_signal(given.signal)
    except ValueError:
        raise InvalidArgument(
            f"Invalid signal: {given.signal}", hint="a name such as SIGTERM, or a number"
        ) from None
    state.run.stop_signal = given.signal
    return f"STOPSIGNAL {given.signal}"


def _health(state: ChangingConfig, given: words.HealthCheck) -> str:
    state.run.healthcheck = HealthConfig(
        test=list(given.test),
        interval=given.interval_ns,
        timeout=given.timeout_ns,
        start_period=given.start_period_ns,
        start_interval=given.start_interval_ns,
        retries=given.retries,
    )
    return f"HEALTHCHECK {go_format.health(state.run.healthcheck)}"


def _shell(state: ChangingConfig, given: words.Shell) -> str:
    state.run.shell = list(given.words)
    return f"SHELL {go_format.plain_list(given.words)}"


def _on_build(state: ChangingConfig, given: words.OnBuild) -> str:
    state.run.on_build = [*(state.run.on_build or ()), given.trigger]
    return f"ONBUILD {given.trigger}"


def _maintainer(state: ChangingConfig, given: words.Maintainer) -> str:
    state.author = given.name
    return f"MAINTAINER {given.name}"


def change_directory(state: ChangingConfig, given: words.Workdir) -> str:
    """Set the working directory; return it.

    Raises:
        InvalidArgument: it is empty.
    """
    if not given.path:
        raise InvalidArgument("cannot normalize nothing")
    path = posixpath.normpath(posixpath.join("/", state.run.working_dir, given.path))
    state.run.working_dir = "/" + path.lstrip("/")
    return state.run.working_dir


def _work_dir(state: ChangingConfig, given: words.Workdir) -> str:
    return f"WORKDIR {change_directory(state, given)}"


_CHANGES: dict[type[words.Instruction], Callable[[ChangingConfig, Any], str]] = {
    words.Env: _env,
    words.Label: _label,
    words.Cmd: _cmd,
    words.Entrypoint: _entrypoint,
    words.Expose: _expose,
    words.Volume: _volume,
    words.User: _user,
    words.StopSignal: _stop_signal,
    words.HealthCheck: _health,
    words.Shell: _shell,
    words.OnBuild: _on_build,
    words.Maintainer: _maintainer,
    words.Workdir: _work_dir,
}
# See: moby builder/dockerfile/builder.go, validCommitCommands
_LINES = frozenset(
    (
        "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "STOPSIGNAL",
        "USER", "VOLUME", "WORKDIR",
    )
)  # fmt: skip


def apply(state: ChangingConfig, instruction: words.Instruction) -> str:
    """Change the state's config as the instruction says; return the history's words for it.

    Raises:
        InvalidArgument: the instruction makes no sense.
    """
    return _CHANGES[type(instruction)](state, instruction)


def apply_lines(run: RunConfig, lines: Sequence[str]) -> None:
    """Apply Dockerfile lines to a config (``--change``), variables of the config put in.

    Args:
        run: changed in place.
        lines: one instruction each.

    Raises:
        InvalidArgument: an instruction that does not only change the config, or a malformed one.

    See: moby builder/dockerfile/builder.go, BuildFromConfig.
    """
    state = ChangingConfig(run)
    for line in lines:
        word = line.strip().partition(" ")[0]
        if word.upper() not in _LINES:
            raise InvalidArgument(f"{word.lower()} is not a valid change command")
        env = dict(item.partition("=")[::2] for item in run.env)
        apply(state, expanded(parse_change(line), env.get))
