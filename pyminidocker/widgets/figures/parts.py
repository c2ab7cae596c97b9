"""What Docker is made of: components, and the ways between client, engine and registry."""

from pyminidocker.widgets.figures.kit import SMALL, arrow, frame, note, slab, step, title
from pyminidocker.widgets.scene import Item, Label, Scene


def _object(y: float, hue: str, name: str, what: str, how: str, verb: str) -> list[Item]:
    """Draw one kind of object that a container uses, and how it comes to it."""
    return [
        *slab(410, y, 236, 66, hue, "", ""),
        Label(424, y + 26, name, 14, 600, f"{hue}-text"),
        Label(632, y + 26, how, SMALL, 400, f"{hue}-text", "end", mono=True),
        Label(424, y + 49, what, 12, 400, f"{hue}-text"),
        *arrow(648, y + 33, 736, y + 33, hue),
        Label(690, y + 26, verb, SMALL, 600, "muted", "middle"),
    ]


def docker_components() -> Scene:
    """Draw clients, the API, the engine and what it manages."""
    scene = Scene(
        960,
        420,
        "Components of a container engine",
        "Left, three clients: the command line, a program and a notebook. They all speak to the "
        "Engine API, HTTP over a unix socket. Behind the API stands the engine, a process that "
        "manages four kinds of objects. Containers are processes behind walls, made with "
        "namespaces and cgroups. A container is run from an image, read-only files in layers, "
        "stacked by overlayfs; it is connected to a network, made of bridges, veth pairs and NAT; "
        "and it can mount a volume, data that outlives it. All of it is done by the Linux kernel "
        "at the bottom; the engine asks for it.",
    )
    scene.add(title("One engine, one API, four kinds of objects"))
    clients = (
        ("command line", "docker, minidocker"),
        ("program", "any language"),
        ("notebook", "Python"),
    )
    for index, (name, sub) in enumerate(clients):
        y = 90.0 + index * 78
        scene.add(*slab(28, y, 170, 58, "slate", name, sub))
        scene.add(*arrow(200, y + 29, 244, y + 29, "slate", both=True))
    scene.add(
        *slab(248, 58, 96, 278, "slate", "Engine API", ""),
        Label(296, 218, "HTTP over a", SMALL, 400, "slate-text", "middle"),
        Label(296, 234, "unix socket", SMALL, 400, "slate-text", "middle"),
        *arrow(346, 197, 386, 197, "slate", both=True),
        *frame(390, 58, 542, 278, "engine: dockerd, minidockerd", edge="orange-edge"),
        *_object(92, "violet", "images", "read-only files, in layers", "overlayfs", "run"),
        *_object(172, "blue", "networks", "bridges and cables", "veth, bridge, NAT", "connect"),
        *_object(252, "slate", "volumes", "data that outlives containers", "mounts", "mount"),
        *slab(740, 92, 174, 226, "green", "", ""),
        Label(756, 120, "containers", 14, 600, "green-text"),
        Label(756, 143, "processes behind walls", 12, 400, "green-text"),
        Label(756, 280, "namespaces,", SMALL, 400, "green-text", mono=True),
        Label(756, 298, "cgroups", SMALL, 400, "green-text", mono=True),
        *arrow(661, 338, 661, 356, "blue"),
        *slab(28, 358, 904, 40, "blue", "Linux kernel: it does the work, the engine asks for it"),
    )
    return scene


def docker_architecture() -> Scene:
    """Draw what build, pull and run make the parts do."""
    scene = Scene(
        960,
        500,
        "Docker architecture: client, host, registry",
        "Three columns. The client gives three commands: 1 build, 2 pull, 3 run, and sends them to "
        "the engine over the Engine API. In the middle the host with the engine, a store of images "
        "and the containers, all on one Linux kernel. Build turns a Dockerfile into an image in "
        "the store. Pull copies the layers of an image that the store lacks from the registry. Run "
        "makes a container from an image. Right, the registry holds repositories with tags; push "
        "is the way back.",
    )
    scene.add(
        title("Who does what when you build, pull and run"),
        *frame(28, 60, 190, 342, "client"),
        *frame(290, 60, 426, 410, "host"),
        *frame(760, 60, 172, 342, "registry"),
    )
    commands = ((1, "orange", "build"), (2, "violet", "pull"), (3, "green", "run"))
    for number, hue, command in commands:
        y = 92.0 + (number - 1) * 60
        scene.add(*slab(76, y, 126, 44, "slate", f"docker {command}", mono=True))
        scene.add(*step(56, y + 22, number, hue))
    scene.add(
        *note(44, 300, 160, "The client only asks. The engine may be on another machine."),
        *slab(308, 92, 390, 56, "orange", "engine", "dockerd, minidockerd"),
        *arrow(220, 120, 304, 120, "slate", both=True),
        Label(254, 110, "Engine API", 11, 600, "muted", "middle"),
        *frame(308, 208, 164, 190, "containers"),
        *slab(324, 238, 132, 44, "green", "web", "running"),
        *slab(324, 290, 132, 44, "green", "db", "running"),
        *slab(324, 342, 132, 44, "slate", "test", "exited", dash=True),
        *frame(534, 208, 164, 190, "image store"),
        *slab(550, 238, 132, 44, "violet", "friendly:1.0"),
        *slab(550, 290, 132, 44, "violet", "python:3"),
        *slab(550, 342, 132, 44, "violet", "busybox"),
        *arrow(640, 150, 640, 234, "orange"),
        *step(640, 178, 1, "orange"),
        *arrow(774, 312, 686, 312, "violet"),
        *step(738, 312, 2, "violet"),
        *arrow(546, 260, 460, 260, "green"),
        *step(503, 260, 3, "green"),
        *arrow(686, 260, 774, 260, "slate", dash=True),
        Label(738, 250, "push", 11.5, 600, "muted", "middle"),
        *slab(308, 414, 390, 44, "blue", "one Linux kernel runs every container"),
        *note(774, 102, 146, "Keeps repositories of images. A tag is a name that may move."),
        *slab(776, 238, 140, 44, "slate", "friendly", "tags: 1.0"),
        *slab(776, 290, 140, 44, "slate", "python", "tags: 3, 3.13"),
        *slab(776, 342, 140, 44, "slate", "busybox", "tags: 1.37, latest"),
    )
    return scene
