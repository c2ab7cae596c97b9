"""From a specification to the list of steps that build the container's surroundings.

See: operations; OCI runtime-spec runtime.md "Lifecycle".
"""

from pyminidocker.runtime import defaults
from pyminidocker.runtime.groups import MountCgroups
from pyminidocker.runtime.operations import (
    BindMount,
    ConfigureNetwork,
    FromOutside,
    JoinNetwork,
    MakeDevices,
    MaskPath,
    MountFilesystem,
    MountOverlay,
    Operation,
    PivotRoot,
    ReadonlyPath,
    ReadonlyRoot,
    SetHostname,
)
from pyminidocker.runtime.tuning import SetSysctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.runtime.spec import ContainerSpec, Mount


def plan_container(spec: "ContainerSpec") -> list[Operation]:
    """Return the steps from a process in fresh namespaces to one inside the container's root.

    See: OCI runtime-spec config.md, config-linux.md.
    """
    steps: list[Operation] = []
    if spec.hostname:
        steps.append(SetHostname(spec.hostname))
    if spec.network == "join":
        steps.append(JoinNetwork())
    if spec.netlink:
        steps.append(ConfigureNetwork(spec.netlink))
    steps.append(MountOverlay(spec.lower_dirs, spec.upper_dir, spec.work_dir))
    steps += plan_mounts(spec.mounts)
    if spec.sysctls:
        _insert_sysctls(steps, spec.sysctls)
    steps += [BindMount(source, destination, []) for source, destination in spec.files]
    steps += plan_covers(spec.masked_paths, spec.readonly_paths)
    if spec.read_only:
        steps.append(ReadonlyRoot())
    steps.append(PivotRoot())
    return steps


def _insert_sysctls(steps: list[Operation], sysctls: dict[str, str]) -> None:
    """Set parameters as soon as /proc is there, before any mount of the user's can lie over it."""
    proc = next(
        (
            number
            for number, step in enumerate(steps)
            if isinstance(step, MountFilesystem) and step.type == "proc"
        ),
        len(steps) - 1,
    )
    steps[proc + 1 : proc + 1] = [SetSysctl(name, value) for name, value in sysctls.items()]


def open_sources(spec: "ContainerSpec", opened: list[int], *, skip: int = 0) -> None:
    """Do the outer half of the steps that need the host's tree, in the order of the plan.

    Args:
        spec: what is to be started.
        opened: the detached mounts are added here one by one; the caller closes them, also after
            an error.
        skip: so many of the mounts, the first ones, have been made already.

    Raises:
        StepError: the kernel refused one.

    See: operations.FromOutside.
    """
    steps: list[FromOutside] = [MountOverlay(spec.lower_dirs, spec.upper_dir, spec.work_dir)]
    binds = [mount for mount in spec.mounts[skip:] if mount.type == "bind"]
    steps += [BindMount(mount.source, mount.destination, mount.options) for mount in binds]
    steps += [BindMount(source, destination, []) for source, destination in spec.files]
    for step in steps:
        try:
            opened.append(step.open_source())
        except OSError as error:
            raise StepError(step) from error


class StepError(Exception):
    """A step failed; the cause is the system's error.

    Args:
        step: which.
    """

    def __init__(self, step: Operation) -> None:
        super().__init__(step.describe())
        self.step = step


def plan_mounts(mounts: "list[Mount]") -> list[Operation]:
    """Return the steps for a specification's mounts, with what belongs into /dev.

    See: OCI runtime-spec config.md "Mounts".
    """
    steps: list[Operation] = []
    for item in mounts:
        steps += plan_mount(item.destination, item.type, item.source, item.options)
    return steps


def plan_mount(destination: str, fstype: str, source: str, options: list[str]) -> list[Operation]:
    """Return the steps for one mount: a new /dev comes with its devices.

    See: OCI runtime-spec config.md "Mounts", config-linux.md "Default Devices".
    """
    if fstype == "bind":
        return [BindMount(source, destination, options)]
    if fstype == "cgroup":
        return [MountCgroups(destination, options)]
    steps: list[Operation] = [MountFilesystem(destination, fstype, source, options)]
    if destination == "/dev" and fstype == "tmpfs":
        steps.append(MakeDevices(destination))
    return steps


def plan_covers(masked_paths: list[str], readonly_paths: list[str]) -> list[Operation]:
    """Return the steps that hide paths and forbid writing to them.

    See: OCI runtime-spec config-linux.md "Masked Paths", "Readonly Paths".
    """
    steps: list[Operation] = [ReadonlyPath(path) for path in readonly_paths]
    steps += [MaskPath(path) for path in masked_paths]
    return steps


def plan_defaults(network: str = "new") -> list[Operation]:
    """Return the steps that are the same for nearly every container on this kind of network.

    See: defaults.
    """
    steps: list[Operation] = []
    for destination, fstype, source, options in defaults.mount_table(network=network):
        steps += plan_mount(destination, fstype, source, options)
    return steps + plan_covers(
        list(defaults.DEFAULT_MASKED_PATHS), list(defaults.DEFAULT_READONLY_PATHS)
    )
