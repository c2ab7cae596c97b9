"""What an image's config gives a container: Docker's merge rules (moby daemon/commit.go)."""

from collections.abc import Sequence

from pyminidocker.engine.records import ContainerConfig, Healthcheck
from pyminidocker.errors import InvalidArgument
from pyminidocker.oci import command_line
from pyminidocker.oci.image_spec import HealthConfig, RunConfig


def merge(config: ContainerConfig, image: RunConfig) -> None:
    """Fill in what the user left open, in place.

    An entrypoint given by the user drops the image's command; an environment variable, a label or
    a port given by the user wins over the image's of the same name.

    Raises:
        InvalidArgument: neither says what to run.
    """
    if not config.user:
        config.user = image.user
    for port in image.exposed_ports:
        if port not in config.exposed_ports:
            config.exposed_ports.append(port)
    given = {item.partition("=")[0] for item in config.env}
    config.env.extend(item for item in image.env if item.partition("=")[0] not in given)
    if image.labels:
        config.labels = {**image.labels, **config.labels}
    config.entrypoint, config.cmd = command_line.of_container(config.entrypoint, config.cmd, image)
    if not config.working_dir:
        config.working_dir = image.working_dir
    for path in image.volumes or ():
        if path not in config.volumes:
            config.volumes.append(path)
    if not config.stop_signal:
        config.stop_signal = image.stop_signal
    if image.healthcheck is not None:
        config.healthcheck = _merged_check(config.healthcheck, image.healthcheck)
    if not config.entrypoint and not config.cmd:
        raise InvalidArgument("No command specified")


def _merged_check(given: Healthcheck | None, image: HealthConfig) -> Healthcheck:
    """Return what the user said of the check, the rest as the image has it."""
    given = given or Healthcheck()
    return Healthcheck(
        test=given.test or list(image.test),
        interval_ns=given.interval_ns or image.interval,
        timeout_ns=given.timeout_ns or image.timeout,
        start_period_ns=given.start_period_ns or image.start_period,
        start_interval_ns=given.start_interval_ns or image.start_interval,
        retries=given.retries or image.retries,
    )


def health_over(given: HealthConfig | None, below: HealthConfig) -> HealthConfig:
    """Return what ``given`` says of the check, the rest as ``below`` has it."""
    if given is None:
        return below
    return HealthConfig(
        test=given.test or below.test,
        interval=given.interval or below.interval,
        timeout=given.timeout or below.timeout,
        start_period=given.start_period or below.start_period,
        start_interval=given.start_interval or below.start_interval,
        retries=given.retries or below.retries,
    )


def health_config(check: Healthcheck) -> HealthConfig:
    """Return a container's check as an image's config keeps it."""
    return HealthConfig(
        test=check.test,
        interval=check.interval_ns,
        timeout=check.timeout_ns,
        start_period=check.start_period_ns,
        start_interval=check.start_interval_ns,
        retries=check.retries,
    )


def command(config: ContainerConfig) -> list[str]:
    """Return argv: the entrypoint followed by the command."""
    return [*(config.entrypoint or ()), *(config.cmd or ())]


def environment(config: ContainerConfig, default_path: str, more: Sequence[str] = ()) -> list[str]:
    """Return the process's environment, as dockerd composes it.

    Args:
        config: the merged config.
        default_path: PATH when neither user nor image sets it.
        more: variables that win over the config's.
    """
    composed = {"PATH": default_path, "HOSTNAME": config.hostname}
    if config.tty:
        composed["TERM"] = "xterm"
    for item in (*config.env, *more):
        name, equals, value = item.partition("=")
        if equals:
            composed[name] = value
        else:  # ``-e NAME`` of a variable the client did not have: unset it
            composed.pop(name, None)
    return [f"{name}={value}" for name, value in composed.items()]
