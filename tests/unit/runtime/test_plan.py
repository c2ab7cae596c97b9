"""Plans: the right steps in the right order, readable, and without doing anything."""

from pyminidocker.kernel.constants import MOUNT_ATTR_NODEV, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY
from pyminidocker.runtime import options, prelude
from pyminidocker.runtime.defaults import (
    DEFAULT_MASKED_PATHS,
    DEFAULT_READONLY_PATHS,
    default_mounts,
)
from pyminidocker.runtime.handover import start_message
from pyminidocker.runtime.inheritance import record_of
from pyminidocker.runtime.operations import (
    BindMount,
    ConfigureNetwork,
    MaskPath,
    MountFilesystem,
    MountOverlay,
    PivotRoot,
    ReadonlyRoot,
    SetHostname,
)
from pyminidocker.runtime.plan import plan_container, plan_defaults
from pyminidocker.runtime.prelude import MoveTree, SwitchRoot
from pyminidocker.runtime.spec import ContainerSpec, Mount, ProcessSpec, to_wire


def spec_with(**changes):
    values = {
        "hostname": "box",
        "lower_dirs": ["/l/2", "/l/1"],
        "upper_dir": "/c/diff",
        "work_dir": "/c/work",
        "mounts": default_mounts(),
        "masked_paths": list(DEFAULT_MASKED_PATHS),
        "readonly_paths": list(DEFAULT_READONLY_PATHS),
        **changes,
    }
    return ContainerSpec("ab" * 32, ProcessSpec(["true"]), **values)


def test_the_order_of_a_start():
    steps = plan_container(
        spec_with(
            netlink=["00"],
            read_only=True,
            mounts=[*default_mounts(), Mount("/data", "bind", "/src", ["ro"])],
            files=[("/c/hosts", "/etc/hosts")],
        )
    )
    kinds = [type(step) for step in steps]
    assert kinds[:3] == [SetHostname, ConfigureNetwork, MountOverlay]
    assert kinds[-2:] == [ReadonlyRoot, PivotRoot]
    assert BindMount("/src", "/data", ["ro"]) in steps
    assert kinds.index(MaskPath) > steps.index(BindMount("/c/hosts", "/etc/hosts", []))


def test_descriptions_read_like_commands():
    lines = [step.describe() for step in plan_container(spec_with())]
    assert lines[0] == "hostname box"
    assert lines[1] == (
        "mount -t overlay overlay -o "
        "lowerdir=/l/2:/l/1,upperdir=/c/diff,workdir=/c/work,userxattr /c/diff"
    )
    assert "mount -t proc proc -o nosuid,noexec,nodev /proc" in lines
    assert lines[-1].startswith("cd <rootfs> && pivot_root")
    assert MoveTree("/dev").describe() == "mount --move /dev <rootfs>/dev"


def test_steps_are_values():
    step = MountFilesystem("/proc", "proc", "proc", ["ro"])
    assert step == MountFilesystem("/proc", "proc", "proc", ["ro"])
    assert step != MountFilesystem("/proc", "proc", "proc", [])
    assert repr(step) == "MountFilesystem('/proc', 'proc', 'proc', ['ro'])"


def test_default_mounts_travel_as_a_word():
    message = start_message(spec_with(mounts=[*default_mounts(), Mount("/x", "tmpfs", "tmpfs")]))
    assert message["prepared"]
    assert [mount["destination"] for mount in message["spec"]["mounts"]] == ["/x"]
    assert message["spec"]["masked_paths"] == []
    steps = prelude.take_over(plan_container(record_of(message["spec"])), prepared=True)
    assert steps[1:5] == [
        MountOverlay([], "", ""), MoveTree("/proc"), MoveTree("/sys"), MoveTree("/dev"),
    ]  # fmt: skip
    assert steps[-1] == SwitchRoot()


def test_other_mounts_travel_in_full():
    for changes in ({"mounts": default_mounts(1 << 20)}, {"masked_paths": []}):
        message = start_message(spec_with(**changes))
        assert not message["prepared"]
        steps = prelude.take_over(plan_container(record_of(message["spec"])), prepared=False)
        assert not any(isinstance(step, MoveTree) for step in steps)
        assert isinstance(steps[-1], SwitchRoot)


def test_the_prelude_is_the_plan_of_the_defaults():
    whole = plan_container(spec_with())
    assert all(step in whole for step in plan_defaults())


def test_mount_options_fall_into_two_kinds():
    attributes, own = options.split(
        ["rw", "ro", "nosuid", "noexec", "nodev", "rbind", "size=64k", "mode=755", "exec"]
    )
    assert attributes == MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV
    assert own == ["size=64k", "mode=755"]


def test_the_wire_carries_every_field():
    wire = to_wire(spec_with())
    assert set(wire) == set(ContainerSpec.__slots__)
    assert set(wire["process"]) == set(ProcessSpec.__slots__)
    assert wire["mounts"][0]["destination"] == "/proc"
