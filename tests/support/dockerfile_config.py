"""The least builder: what a Dockerfile without RUN and COPY says about the image's configuration.

Its rules are written down once more here, apart from the real builder's, so that a test of the
language does not need the engine.
"""

import posixpath

from pyminidocker.dockerfile import instructions as kinds
from pyminidocker.dockerfile.expansion import expanded
from pyminidocker.dockerfile.parser import parse
from pyminidocker.dockerfile.shell_words import expand

SHELL = ["/bin/sh", "-c"]


def config_of(text):
    """Return the configuration of the last stage, in Docker's words, without what is empty."""
    dockerfile = parse(text)
    escape = dockerfile.directives.escape
    everywhere = {}
    for arg in dockerfile.global_args:
        for one in arg.arguments:
            if one.default is not None:
                everywhere[one.key] = expand(one.default, everywhere.get, escape)
    by_name = {}
    config = {}
    for stage in dockerfile.stages:
        base = expanded(stage.from_, everywhere.get, escape, dockerfile=dockerfile).base
        config = dict(by_name.get(base.lower(), {}))
        values = {}
        for instruction in stage.instructions:
            env = dict(pair.split("=", 1) for pair in config.get("Env", []))
            apply(instruction, config, {**values, **env}, values, everywhere, dockerfile)
        by_name[stage.name or str(stage.index)] = config
    return {key: value for key, value in config.items() if value}


def apply(instruction, config, seen, values, everywhere, dockerfile):
    """Change ``config`` as one instruction says."""
    escape = dockerfile.directives.escape
    one = expanded(instruction, seen.get, escape, dockerfile=dockerfile)
    match one:
        case kinds.Arg():
            for argument in one.arguments:
                if argument.default is not None:
                    value = expand(argument.default, {**values, **seen}.get, escape)
                    values[argument.key] = value
                elif argument.key in everywhere:
                    values[argument.key] = everywhere[argument.key]
        case kinds.Env():
            env = dict(pair.split("=", 1) for pair in config.get("Env", []))
            env.update({pair.key: pair.value for pair in one.pairs})
            config["Env"] = [f"{key}={value}" for key, value in env.items()]
        case kinds.Label():
            config["Labels"] = {
                **config.get("Labels", {}),
                **{pair.key: pair.value for pair in one.pairs},
            }
        case kinds.Expose():
            ports = [port for text in one.ports for port in port_range(text)]
            config["ExposedPorts"] = {
                **config.get("ExposedPorts", {}),
                **{port: {} for port in ports},
            }
        case kinds.Volume():
            config["Volumes"] = {**config.get("Volumes", {}), **{path: {} for path in one.paths}}
        case kinds.User():
            config["User"] = one.user
        case kinds.Workdir():
            config["WorkingDir"] = posixpath.normpath(
                posixpath.join("/", config.get("WorkingDir", ""), one.path)
            )
        case kinds.StopSignal():
            config["StopSignal"] = one.signal
        case _:
            apply_other(one, config)


def apply_other(one, config):
    """Change ``config`` as one of the other instructions says."""
    match one:
        case kinds.Maintainer():
            config["Author"] = one.name
        case kinds.Cmd():
            config["Cmd"] = argv(one.command, config)
        case kinds.Entrypoint():
            config["Entrypoint"] = argv(one.command, config)
        case kinds.Shell():
            config["Shell"] = list(one.words)
        case kinds.OnBuild():
            config["OnBuild"] = [*config.get("OnBuild", []), one.trigger]
        case kinds.HealthCheck():
            health = {
                "Test": list(one.test),
                "Interval": one.interval_ns,
                "Timeout": one.timeout_ns,
                "StartPeriod": one.start_period_ns,
                "Retries": one.retries,
            }
            config["Healthcheck"] = {key: value for key, value in health.items() if value}


def argv(command, config):
    """Return the words of a command, the shell's before them when it has the shell form."""
    return [*(config.get("Shell", SHELL) if command.is_shell else ()), *command.words]


def port_range(text):
    """Yield ``8000/tcp`` ... for ``8000-8002``; of ``80:81`` the second counts."""
    ports, _, protocol = text.rpartition(":")[2].partition("/")
    first, _, last = ports.partition("-")
    if not first.isdecimal():
        return
    for port in range(int(first), int(last or first) + 1):
        yield f"{port}/{protocol or 'tcp'}"
