"""What a lesson builds around its containers: networks, links by hand, hosts, a registry, images.

A further host is an engine of its own, on the same machine and by the same user.  It is started
when a lesson asks for it and stopped when the lesson cleans up; what it has on disk, its images,
stays for the next time.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pyminidocker.client import connect, registry_server, registry_start
from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.wire_start import label
from pyminidocker.client.wires import wires
from pyminidocker.errors import NotFound, Unavailable
from pyminidocker.teach.by_hand import ByHand
from pyminidocker.teach.network_faults import WHOLE_LAB

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine
    from pyminidocker.client.registry_server import RegistryServer
    from pyminidocker.client.wires import Wire
    from pyminidocker.teach.lesson import Lesson


def host(lesson: Lesson, name: str) -> Engine:
    """Start another lab host, with the lesson's base images.

    Raises:
        NotFound: the lesson has no such host.
    """
    if name not in lesson.plan.hosts:
        known = ", ".join(lesson.plan.hosts) or "none"
        raise NotFound(f"no host {name!r} in this lesson", hint=f"there are: {known}")
    engine = connect(name)
    fetch(engine.api, lesson.plan.needs)
    return engine


def fetch(calls: EngineClient, images: tuple[str, ...]) -> None:
    """Make the base images that a host has not got."""
    missing = []
    for image in images:
        try:
            calls.image_inspect(image)
        except NotFound:
            missing.append(image)
    if missing:
        for _ in calls.image_bootstrap(missing):
            pass


def images(lesson: Lesson, calls: EngineClient) -> list[str]:
    """Return the lesson's images on a host: its tags, and ids of images that lost theirs meanwhile.

    A cell that is run again commits to the same tag again; the image before it stays, nameless.
    """
    mine = []
    for one in calls.image_list():
        tags = [tag for tag in one["RepoTags"] or () if tag != "<none>:<none>"]
        mine += [tag for tag in tags if _plain(tag) in lesson.plan.images]
        if not tags and one["Created"] >= lesson.started:
            mine.append(one["Id"])
    return mine


def _plain(tag: str) -> str:
    """Return an image's name as a plan has it: without ``latest``; in a registry the repository."""
    host, slash, path = tag.partition("/")
    if slash and ":" in host:
        return path.partition(":")[0]
    return tag.removesuffix(":latest")


def running_registry(lesson: Lesson) -> RegistryServer:
    """Return the lesson's registry; it is not started.

    Raises:
        NotFound: it does not run.
    """
    try:
        return registry_server.running_registry(lesson.plan.registry)
    except NotFound:
        raise NotFound(
            "the registry of this lesson does not run", hint="run the cell that starts it"
        ) from None


def registries(lesson: Lesson) -> list[str]:
    """Return the name of the lesson's registry, when it runs."""
    if not lesson.plan.registry:
        return []
    with suppress(NotFound):
        return [running_registry(lesson).name]
    return []


def networks(lesson: Lesson) -> list[str]:
    """Return the lesson's networks that are there."""
    names = {str(one["Name"]) for one in lesson.calls.network_list()}
    return sorted(names & set(lesson.plan.networks))


def folder(lesson: Lesson, name: str, *, fresh: bool) -> Path:
    """Return a directory for files of the lesson, beside the engine's socket; see ``Lesson``."""
    if name not in lesson.plan.folders:
        known = ", ".join(lesson.plan.folders) or "none"
        raise NotFound(f"no folder {name!r} in this lesson", hint=f"there are: {known}")
    place = _workplace(lesson) / name
    if fresh:
        _remove(place)
    place.mkdir(parents=True, exist_ok=True)
    return place


def folders(lesson: Lesson) -> list[str]:
    """Return the lesson's directories that are there."""
    return [name for name in lesson.plan.folders if (_workplace(lesson) / name).exists()]


def _workplace(lesson: Lesson) -> Path:
    """Return where the lesson keeps files: with the engine, so that two engines never meet."""
    return Path(lesson.calls.socket_path).parent / f"lesson-{lesson.number}"


def _remove(folder: Path) -> None:
    # Containers write nowhere near it, so that nothing can be mounted there.
    shutil.rmtree(folder, ignore_errors=True)  # noqa: TID251


def links(lesson: Lesson) -> list[str]:
    """Return the links the lesson made by hand in the lab that are there."""
    if not lesson.plan.links:
        return []
    with closing(ByHand(lesson.calls.netlink(), "the lab host")) as lab:
        present = {str(link.get("ifname")) for link in lab.get_links()}
    return sorted(present & set(lesson.plan.links))


def running_hosts(lesson: Lesson) -> list[str]:
    """Return the lesson's further hosts that run."""
    found = []
    for name in lesson.plan.hosts:
        with suppress(Unavailable), EngineClient(name, autostart=False) as calls:
            calls.ping()
            found.append(name)
    return found


@contextmanager
def running_host(lesson: Lesson, name: str) -> Iterator[Engine]:
    """Yield one of the lesson's further hosts; it is not started.

    Raises:
        NotFound: it does not run.
    """
    if name not in running_hosts(lesson):
        raise NotFound(f"the host {name} does not run", hint=f"`lesson.host('{name}')` starts it")
    with connect(name) as engine:
        yield engine


def lesson_wires(lesson: Lesson) -> list[Wire]:
    """Return the wires between the lesson's hosts."""
    own = {label(lesson.calls), *lesson.plan.hosts}
    return [wire for wire in wires() if set(wire.hosts) <= own]


def need_wires(lesson: Lesson) -> list[Wire]:
    """Return the wires between the lesson's hosts; there is one at least.

    Raises:
        NotFound: there is none.
    """
    found = lesson_wires(lesson)
    if not found:
        raise NotFound("there is no wire to another host", hint="run the cell that makes it")
    return found


def remove_all(lesson: Lesson) -> None:
    """Take down what the lesson built; its containers have gone before."""
    for fault in set(WHOLE_LAB) & set(lesson.plan.faults):
        lesson.calls.fault_repair(fault)
    if lesson.plan.hosts:
        for wire in lesson_wires(lesson):
            wire.cut()
    for name in running_hosts(lesson):
        with suppress(Unavailable):
            _shut_down(lesson, EngineClient(name, autostart=False))
    if lesson.plan.registry:
        registry_start.stop(lesson.plan.registry)
    for name in networks(lesson):
        with suppress(NotFound):
            lesson.calls.network_remove(name)
    _remove(_workplace(lesson))
    for link in links(lesson):
        remove_link(lesson, link)


def _shut_down(lesson: Lesson, calls: EngineClient) -> None:
    """Empty a host of what a lesson made there, and stop it; its base images stay."""
    with calls:
        for one in calls.container_list(all=True):
            calls.container_remove(one["Id"], force=True, volumes=True)
        for tag in images(lesson, calls):
            with suppress(NotFound):
                calls.image_remove(tag, force=True)
        calls.image_prune()
        calls.network_prune()
        calls.shutdown()


def remove_link(lesson: Lesson, name: str) -> None:
    """Delete a link that was made by hand in the lab; a missing one is fine."""
    with closing(ByHand(lesson.calls.netlink(), "the lab host")) as lab:
        for index in lab.link_lookup(ifname=name):
            with suppress(lab.NetlinkError):  # a cable goes by itself with a container's end
                lab.link("del", index=index)
