"""Asking systemd for a group of our own, by D-Bus.

On hosts with version 2, systemd owns the tree, and each user's own systemd a branch of it.  It
gives a part of that branch to whoever asks: a *scope* unit with ``Delegate=yes`` and with processes
that exist already.  It moves them there itself; below, the tree is ours.  The scope ends with its
last process, so nothing is left on the machine.

jeepney speaks D-Bus; it is imported only here and only when somebody asks.

See: systemd's docs/CGROUP_DELEGATION.md, docs/CONTROL_GROUP_INTERFACE.md;
org.freedesktop.systemd1(5) StartTransientUnit.
"""

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jeepney import Message
    from jeepney.io.blocking import DBusConnection

_BUS, _PATH = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
_MANAGER = "org.freedesktop.systemd1.Manager"
_PATIENCE_S = 5.0
_NO_LIMIT = (1 << 64) - 1


def bus_address(uid: int) -> str:
    """Return the address of a user's bus; empty when there is none.

    See: sd_bus_open_user(3).
    """
    if address := os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return address
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{uid}")
    path = f"{runtime}/bus"
    return f"unix:path={path}" if os.path.exists(path) else ""


def can_be_asked(uid: int) -> bool:
    """Tell whether a user has a systemd of their own, as far as a look goes.

    See: user@.service(5).
    """
    private = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{uid}") + "/systemd/private"
    return bool(bus_address(uid)) and os.path.exists(private)


def scope_of(name: str) -> str:
    """Return the name of a unit: what is not a letter or digit in it would be escaped.

    See: systemd.unit(5), systemd-escape(1).
    """
    return f"minidocker-{''.join(c if c.isalnum() else '_' for c in name)}.scope"


def move_to_scope(name: str, pid: int, patience_s: float = _PATIENCE_S) -> str:
    """Have systemd put a process into a scope that is delegated to us.

    Args:
        name: of the engine; part of the scope's name.
        pid: the process.
        patience_s: how long systemd may take.

    Returns:
        Nothing, or why it was not done.

    See: org.freedesktop.systemd1(5).
    """
    address = bus_address(os.getuid())
    if not address:
        return "systemd cannot be asked: there is no user bus (DBUS_SESSION_BUS_ADDRESS)"
    try:
        from jeepney.io.blocking import open_dbus_connection
    except ImportError:
        return "systemd cannot be asked: the package jeepney is not installed"
    try:
        with open_dbus_connection(address) as connection:
            return _start_scope(connection, scope_of(name), pid, time.monotonic() + patience_s)
    except TimeoutError:
        return f"systemd did not answer within {patience_s:g} s"
    except Exception as error:  # noqa: BLE001 - a bus that misbehaves in whatever way is no bus
        return f"systemd cannot be asked: {str(error) or type(error).__name__}"


def _start_scope(connection: "DBusConnection", unit: str, pid: int, deadline: float) -> str:
    from jeepney import DBusAddress, MatchRule, MessageType, message_bus, new_method_call

    done = MatchRule(type="signal", interface=_MANAGER, member="JobRemoved", path=_PATH)
    manager = DBusAddress(_PATH, bus_name=_BUS, interface=_MANAGER)
    properties = [
        ("Description", ("s", "pyminidocker's engine and its containers")),
        ("PIDs", ("au", [pid])),
        ("Delegate", ("b", True)),
        ("TasksMax", ("t", _NO_LIMIT)),  # the engine has a limit of its own
        ("CollectMode", ("s", "inactive-or-failed")),
    ]
    ask = new_method_call(
        manager, "StartTransientUnit", "ssa(sv)a(sa(sv))", (unit, "fail", properties, [])
    )
    with connection.filter(done) as jobs:
        connection.send_and_get_reply(message_bus.AddMatch(done), timeout=_left(deadline))
        reply = connection.send_and_get_reply(ask, timeout=_left(deadline))
        if reply.header.message_type is MessageType.error:
            return f"systemd refused: {_text(reply)}"
        job = reply.body[0]
        while True:
            body = connection.recv_until_filtered(jobs, timeout=_left(deadline)).body
            if body[1] == job:
                return "" if body[3] == "done" else f"systemd's job ended as {body[3]!r}"


def _left(deadline: float) -> float:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s


def _text(reply: "Message") -> str:
    from jeepney import HeaderFields

    name = str(reply.header.fields.get(HeaderFields.error_name, ""))
    return str(reply.body[0]) if reply.body else name
