"""Groups for the zygote's children: taken away a few at a time; one that cannot be opened."""

import errno
import os
import socket

import pytest

from pyminidocker.runtime import control
from pyminidocker.runtime.slot_groups import GroupFailure, SlotGroups


class Group:
    """A group in which processes are dying until ``is_empty``."""

    def __init__(self, name="slot-1", *, is_empty=True, entrance_errno=0):
        self.name = name
        self.is_empty = is_empty
        self.is_removed = False
        self.enters_by_clone = False
        self._entrance_errno = entrance_errno

    def entrance(self):
        if self._entrance_errno:
            raise OSError(self._entrance_errno, os.strerror(self._entrance_errno), self.name)
        return [os.open("/dev/null", os.O_WRONLY | os.O_CLOEXEC)]

    def remove(self):
        if not self.is_empty:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), self.name)
        self.is_removed = True


def test_a_few_at_a_time():
    groups, ended = SlotGroups(), [Group(f"slot-{number}") for number in range(20)]
    for group in ended:
        groups.ended(group)
    rounds = 1
    while groups.tidy():
        assert sum(group.is_removed for group in ended) == 8 * rounds
        rounds += 1
    assert rounds == 3
    assert all(group.is_removed for group in ended)


def test_a_group_that_does_not_go_is_asked_less_and_less_often():
    groups, stuck = SlotGroups(), Group(is_empty=False)
    groups.ended(stuck)
    pauses = [groups.tidy() for _ in range(12)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 0.01
    assert pauses[-1] == 1.0
    other = Group()
    groups.ended(other)
    assert groups.tidy() < 0.01
    assert other.is_removed
    stuck.is_empty = True
    assert groups.tidy() == 0.0


@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.EMFILE, "ulimit -n"), (errno.ENOENT, "start the container again")]
)
def test_a_running_container_keeps_its_group_when_an_exec_fails(number, remedy):
    groups, group = SlotGroups(), Group(entrance_errno=number)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    before = len(os.listdir("/proc/self/fd"))
    with ours, theirs:
        with pytest.raises(GroupFailure, match="cannot open the control group slot-1") as caught:
            control.ask_for_child(ours, {"op": "exec"}, [], groups, group)
        assert remedy in caught.value.hint
        assert len(os.listdir("/proc/self/fd")) == before
    assert groups.waiting == 0


def test_a_zygote_that_is_gone_leaves_no_descriptors():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.close()
    before = len(os.listdir("/proc/self/fd"))
    with ours:
        with pytest.raises(Exception, match="the lab is gone"):
            control.ask_for_child(ours, {"op": "exec"}, [], SlotGroups(), Group())
        assert len(os.listdir("/proc/self/fd")) == before
