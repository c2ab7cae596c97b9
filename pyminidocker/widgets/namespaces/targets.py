"""From what a learner names (a container, a pid, this notebook) to processes under the lens."""

import os
from typing import Any

from pyminidocker.errors import Conflict, InvalidArgument
from pyminidocker.ids import short_id
from pyminidocker.widgets.namespaces.model import Subject
from pyminidocker.widgets.namespaces.reading import read_subject

NOTEBOOK = "notebook"
_OTHER_NAME = "another name"


def _container(target: Any, engine: Any) -> Subject:
    """Look a container up; its first process stands for it."""
    name = target if isinstance(target, str) else target.id
    if engine is None:
        from pyminidocker.client import connect

        engine = connect()
    attrs = getattr(engine, "api", engine).container_inspect(name)
    label = attrs["Name"].lstrip("/")
    pid = attrs["State"]["Pid"]
    if not pid:
        raise Conflict(
            f"container {label} is not running: it has no process to look at",
            hint=f"start it with: minidocker start {label}",
        )
    hostname = attrs["Config"].get("Hostname", "")
    return read_subject(
        pid, label, hostname=hostname, still_hostname=_steady(hostname, attrs["Id"])
    )


def _steady(hostname: str, container_id: str) -> str:
    """Return the host name for a saved picture: one that Docker made up differs on every run."""
    return "its short id" if hostname == short_id(container_id) else hostname or _OTHER_NAME


def find_subject(target: Any, *, engine: Any = None, label: str = "") -> Subject:
    """Return the process that ``target`` names.

    Args:
        target: ``"notebook"``, a pid, a container's name, or an object with an ``id``.
        engine: whose containers names refer to; the default engine when None.
        label: what to call it instead of its own name.

    Raises:
        InvalidArgument: none of these.
        NotFound: no such process or container.
        Conflict: the container does not run.
    """
    if isinstance(target, bool) or not (isinstance(target, int | str) or hasattr(target, "id")):
        raise InvalidArgument(f"not a process or a container: {target!r}")
    if target == NOTEBOOK:
        return read_subject(os.getpid(), label or "this notebook")
    if isinstance(target, int):
        return read_subject(target, label or f"process {target}")
    found = _container(target, engine)
    return found.renamed(label) if label else found
