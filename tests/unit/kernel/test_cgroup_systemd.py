"""Asking systemd by D-Bus: a real bus, and a stand-in for the manager behind it."""

import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest
from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

from pyminidocker.kernel.cgroup import opening, place, systemd
from pyminidocker.kernel.cgroup.opening import open_manager
from tests.unit.kernel.test_cgroup_groups import UNIFIED, remove

pytestmark = pytest.mark.requires("dbus-daemon")
JOB = "/org/freedesktop/systemd1/job/7"
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={path}</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


@pytest.fixture
def bus(tmp_path, monkeypatch):
    """A bus of our own, as a user's session has one."""
    config = tmp_path / "bus.conf"
    config.write_text(CONFIG.format(path=tmp_path / "bus"))
    daemon = subprocess.Popen(
        [shutil.which("dbus-daemon"), f"--config-file={config}", "--nofork", "--print-address=1"],
        stdout=subprocess.PIPE,
    )
    address = daemon.stdout.readline().decode().strip()
    assert address
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    yield address
    daemon.terminate()
    daemon.wait()
    daemon.stdout.close()


class Manager:
    """The part of systemd's manager that is asked."""

    def __init__(self, address: str, answer) -> None:
        self.calls: list[tuple] = []
        self._connection = open_dbus_connection(address)
        self._answer = answer
        owned = self._connection.send_and_get_reply(message_bus.RequestName(systemd._BUS))
        assert owned.body == (1,)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            message = self._connection.receive()
            fields = message.header.fields
            if message.header.message_type is not MessageType.method_call:
                continue
            if fields[HeaderFields.member] == "End":
                return
            assert fields[HeaderFields.member] == "StartTransientUnit"
            assert fields[HeaderFields.path] == systemd._PATH
            self.calls.append(message.body)
            self._answer(self, message)

    def job(self, message, *, result: str = "done", job: str = JOB) -> None:
        """Say that a job is there, and how it ended."""
        self._connection.send(new_method_return(message, "o", (JOB,)))
        emitter = DBusAddress(systemd._PATH, interface=systemd._MANAGER)
        for path in ("/another/job", job):
            self._connection.send(
                new_signal(emitter, "JobRemoved", "uoss", (7, path, message.body[0], result))
            )

    def refuse(self, message) -> None:
        """Refuse, as polkit does."""
        name = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
        self._connection.send(
            new_error(message, name, "s", ("Interactive authentication required.",))
        )

    def close(self, address: str) -> None:
        from jeepney import new_method_call

        with open_dbus_connection(address) as other:
            to_us = DBusAddress(systemd._PATH, bus_name=systemd._BUS, interface=systemd._MANAGER)
            other.send(new_method_call(to_us, "End"))
        self._thread.join(5)
        self._connection.close()


@pytest.fixture
def manager(bus):
    """``manager(answer)``: a stand-in for systemd that answers so."""
    made = []

    def make(answer) -> Manager:
        made.append(Manager(bus, answer))
        return made[-1]

    yield make
    for each in made:
        each.close(bus)


def test_what_systemd_is_asked(manager):
    stand_in = manager(Manager.job)
    assert systemd.move_to_scope("default-4711", 4711) == ""
    unit, mode, properties, more = stand_in.calls[0]
    assert (unit, mode, more) == ("minidocker-default_4711.scope", "fail", [])
    asked = dict(properties)
    assert asked["PIDs"] == ("au", [4711])
    assert asked["Delegate"] == ("b", True)
    assert asked["TasksMax"] == ("t", (1 << 64) - 1)


def test_it_refuses(manager):
    manager(Manager.refuse)
    assert systemd.move_to_scope("x", 1) == "systemd refused: Interactive authentication required."


def test_its_job_fails(manager):
    manager(lambda it, message: it.job(message, result="failed"))
    assert systemd.move_to_scope("x", 1) == "systemd's job ended as 'failed'"


def test_it_is_silent(manager):
    manager(lambda _it, _message: None)
    assert systemd.move_to_scope("x", 1, 0.05) == "systemd did not answer within 0.05 s"


def test_its_job_does_not_end(manager):
    manager(lambda it, message: it.job(message, job="/some/other"))
    assert systemd.move_to_scope("x", 1, 0.05) == "systemd did not answer within 0.05 s"


def test_there_is_a_bus_without_systemd(bus):
    assert systemd.move_to_scope("x", 1).startswith("systemd refused: The name org.freedesktop.sys")


def test_there_is_no_bus(monkeypatch, tmp_path):
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert "there is no user bus" in systemd.move_to_scope("x", 1)
    assert not systemd.can_be_asked(1000)
    (tmp_path / "bus").touch()
    assert systemd.bus_address(1000) == f"unix:path={tmp_path}/bus"
    assert systemd.move_to_scope("x", 1).startswith("systemd cannot be asked: ")
    assert not systemd.can_be_asked(1000)
    (tmp_path / "systemd").mkdir()
    (tmp_path / "systemd/private").touch()
    assert systemd.can_be_asked(1000)


@pytest.mark.requires("root")
def test_from_nothing_to_groups(manager, monkeypatch, tmp_path):
    """All steps, in the kernel's own tree: this machine's version 2, though without controllers.

    The stand-in does what systemd does: makes the scope and moves the process there.  We then move
    it further down, and have groups beside it.
    """
    user = f"{UNIFIED}/minidocker-test.slice"
    mounts = [item for item in place.procfs.mounts() if item.fstype == "cgroup2"]
    monkeypatch.setattr(place.procfs, "mounts", lambda: mounts[:1])
    monkeypatch.setattr(place, "machine_uid", lambda: 1234)

    def move(stand_in: Manager, message) -> None:
        scope = Path(user, message.body[0])
        scope.mkdir()
        (pid,) = dict(message.body[2])["PIDs"][1]
        (scope / "cgroup.procs").write_text(str(pid))
        stand_in.job(message)

    manager(move)
    ready, go = os.pipe()
    Path(user).mkdir()
    # The terminal's group is systemd's own business, so nothing can be made here.
    session = Path(user, "session.scope")
    session.mkdir()
    child = os.fork()
    if child == 0:
        (session / "cgroup.procs").write_text("0")
        os.write(go, b"!")
        signal.pause()
    try:
        os.read(ready, 1)
        monkeypatch.setattr(place, "is_ours", lambda path: path.startswith(f"{user}/minidocker-"))
        assert place.find_place(child).ask_systemd
        assert opening.settle("default-1", child) == ""
        scope = f"{user}/minidocker-default_1.scope"
        assert Path(scope, "processes/cgroup.procs").read_text().split() == [str(child)]
        assert opening.settle("default-1", child) == ""  # nothing to do any more
        found = place.find_place(child)
        assert (found.kind, found.crowded, found.ask_systemd) == ("v2", "", False)
        assert found.bases["freezer"] == f"{scope}/minidocker"
        groups = open_manager("default-1", found)
        group = groups.make("slot-1")
        assert group.pids() == []
        group.remove()
        remove(groups)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for directory, _, _ in os.walk(user, topdown=False):
            os.rmdir(directory)
        os.close(ready)
        os.close(go)
