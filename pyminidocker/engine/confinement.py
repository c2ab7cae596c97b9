"""``confinement``: what holds a container's processes, found out by one of them.

A process of ours enters as an exec does, gives up everything an exec gives up, and instead of
executing a program looks around and tries.  So it works in images without a single program.

See: kernel/confinement.py.
"""

import json
from typing import TYPE_CHECKING, Any

from pyminidocker.engine.records import ExecRecord
from pyminidocker.errors import SystemFailure
from pyminidocker.kernel import procfs

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine


async def examine(engine: "Engine", ref: str) -> dict[str, Any]:
    """Return the report of a running container; see ``client.confinement.Confinement``.

    Raises:
        NotFound: no such container.
        Conflict: it does not run.
        SystemFailure: the filter lets nobody look around.
    """
    execs = engine.execs
    record = execs.create(ref, ExecRecord("", "", ["(confinement)"], examines=True))
    try:
        subscription = execs.find(record.id).hub.subscribe()
        await execs.start(record.id)
        text = b"".join([data async for _, data in subscription])
        await execs.wait(record.id)
    finally:
        execs.discard(record.id)
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        raise SystemFailure(
            f"cannot look around in container {ref}: {text.decode(errors='replace')[:200]}",
            hint="its seccomp profile may refuse fork, read or write",
        ) from None
    ours = procfs.namespace_inodes("self")
    found["own_namespaces"] = [
        kind for kind, inode in found["namespaces"].items() if ours.get(kind) != inode
    ]
    found["root_is_machine_root"] = engine.lab.maps_machine_root and any(
        inside == 0 for inside, _, _ in found["uid_map"]
    )
    return found
