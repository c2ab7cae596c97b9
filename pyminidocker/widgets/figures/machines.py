"""Virtual machines, containers, and both side by side: where the kernels are."""

from pyminidocker.widgets.figures.kit import arrow, frame, note, slab, title
from pyminidocker.widgets.scene import Box, Item, Label, Scene

_LEFT = 28.0


def _virtual_machine(
    x: float, y: float, w: float, app: str, userland: str, kernel: str
) -> list[Item]:
    inner = x + 10
    room = w - 20
    return [
        *frame(x, y, w, 238, "virtual machine"),
        *slab(inner, y + 30, room, 44, "green", app),
        *slab(inner, y + 80, room, 44, "green", userland, "libraries and tools"),
        *slab(inner, y + 130, room, 44, "blue", kernel, "its own, booted"),
        *slab(
            inner, y + 180, room, 46, "slate", "virtual hardware", "CPU, memory, disk", dash=True
        ),
    ]


def _container(x: float, y: float, w: float, h: float, app: str, userland: str) -> list[Item]:
    return [
        *frame(x, y, w, h, "container", edge="orange-edge", dash=True),
        *slab(x + 10, y + h - 106, w - 20, 44, "green", app),
        *slab(x + 10, y + h - 56, w - 20, 44, "green", userland, "files of its image"),
    ]


def vm_layers() -> Scene:
    """Draw a machine that runs three virtual machines."""
    scene = Scene(
        880,
        452,
        "Virtual machines",
        "A stack. At the bottom the hardware. On it a hypervisor, which shares out processor time, "
        "memory and disks. On the hypervisor three virtual machines side by side. Each holds, from "
        "bottom to top, virtual hardware, a kernel of its own that was booted, libraries and tools "
        "of its own, and an application: one Debian, one Windows, one Alpine system.",
    )
    scene.add(title("A virtual machine brings a whole operating system"))
    for index, (app, userland, kernel) in enumerate(
        (
            ("app A", "Debian", "Linux kernel"),
            ("app B", "Windows", "Windows kernel"),
            ("app C", "Alpine", "Linux kernel"),
        )
    ):
        scene.add(*_virtual_machine(_LEFT + index * 190, 60, 178, app, userland, kernel))
    scene.add(
        *slab(
            _LEFT,
            312,
            558,
            50,
            "orange",
            "hypervisor",
            "shares out CPU time, memory, disks and network",
        ),
        *slab(_LEFT, 372, 558, 50, "slate", "hardware", "CPU, memory, disks, network"),
    )
    x = 614.0
    scene.add(
        *note(
            x,
            104,
            230,
            "Any system that runs on this hardware: Linux, Windows, BSD, side by side.",
            bold="Free choice of system",
        ),
        *note(
            x,
            204,
            230,
            "A guest meets only virtual hardware: a strong wall. The price is a kernel to boot and "
            "to keep in memory, for each.",
            bold="One kernel per machine",
        ),
        *note(
            x,
            328,
            230,
            "Type 1 stands on the hardware. Type 2 is a program of a host system. KVM makes Linux "
            "itself a hypervisor.",
            bold="Two kinds of hypervisor",
        ),
    )
    return scene


def docker_layers() -> Scene:
    """Draw a machine that runs three containers and an engine."""
    scene = Scene(
        880,
        398,
        "Containers",
        "A stack. At the bottom the hardware. On it one Linux kernel, shared by everything above; "
        "its namespaces decide what a container sees, its control groups how much it may use. On "
        "the kernel three containers side by side, each an application with the files of its own "
        "image: Debian, Alpine, and a single file. Beside them, not under them, the container "
        "engine: an ordinary process that makes the walls and starts the applications. System "
        "calls go from each application straight to the kernel.",
    )
    scene.add(title("Containers bring their files and share the kernel"))
    for index, (app, userland) in enumerate(
        (("app A", "Debian"), ("app B", "Alpine"), ("app C", "one file"))
    ):
        x = _LEFT + index * 140
        scene.add(*_container(x, 60, 128, 138, app, userland))
        scene.add(*arrow(x + 64, 200, x + 64, 232, "blue"))
    scene.add(
        *frame(_LEFT + 420, 60, 138, 138, "ordinary process"),
        *slab(_LEFT + 430, 92, 118, 94, "orange", "engine", "makes the walls,"),
        Label(_LEFT + 489, 169, "starts, watches", 11.5, 400, "orange-text", "middle"),
        *arrow(_LEFT + 489, 200, _LEFT + 489, 232, "blue"),
        Label(_LEFT + 134, 221, "system calls", 11.5, 400, "muted", "middle"),
        *slab(
            _LEFT,
            236,
            558,
            72,
            "blue",
            "one Linux kernel",
            "namespaces: what each container sees · cgroups: how much it may use",
        ),
        *slab(_LEFT, 318, 558, 50, "slate", "hardware", "CPU, memory, disks, network"),
    )
    x = 614.0
    scene.add(
        *note(
            x,
            92,
            230,
            "Each image carries its own libraries and tools. They are not shared with the host.",
            bold="The userland is its own",
        ),
        *note(
            x,
            164,
            230,
            "The engine stands beside the containers. An application talks to the "
            "kernel directly, as fast as any other process.",
            bold="Nothing in between",
        ),
        *note(
            x,
            272,
            230,
            "It cannot be another system, and a hole in it is a hole in every wall.",
            bold="The kernel is shared",
        ),
    )
    return scene


def _compared(scene: Scene, y: float, rows: tuple[tuple[str, str, str], ...]) -> None:
    for topic, machine, container in rows:
        scene.add(
            Box(_LEFT, y - 20, 904, 1, "line"),
            Label(_LEFT, y, topic, 12, 600, "muted"),
            Label(_LEFT + 108, y, machine, 12.5),
            Label(_LEFT + 512, y, container, 12.5),
        )
        y += 30


def docker_comparison() -> Scene:
    """Draw virtual machines and containers on the same hardware."""
    scene = Scene(
        960,
        546,
        "Virtual machines and containers compared",
        "Two stacks on the same hardware. Left, a hypervisor carries two virtual machines, each "
        "with virtual hardware, a kernel, libraries and an application. Right, one Linux kernel "
        "carries two containers, each with the files of its image and an application, and beside "
        "them the engine, an ordinary process. Where the virtual machines have kernels and virtual "
        "hardware, the containers have nothing. Below, three rows compare them. The wall: a "
        "virtual machine's is the virtual hardware, a container's is the kernel's system calls. "
        "Starting: a virtual machine boots a kernel and its services, a container starts one "
        "process. Idle cost: a virtual machine keeps a kernel and its memory, a container keeps "
        "the memory of its process.",
    )
    scene.add(
        Label(_LEFT, 40, "Virtual machines", 17, 600),
        Label(508, 40, "Containers", 17, 600),
        *_virtual_machine(_LEFT, 60, 200, "app A", "Debian", "Linux kernel"),
        *_virtual_machine(_LEFT + 212, 60, 200, "app B", "Alpine", "Linux kernel"),
        *slab(_LEFT, 310, 412, 50, "orange", "hypervisor"),
        *_container(508, 160, 140, 138, "app A", "Debian"),
        *_container(660, 160, 140, 138, "app B", "Alpine"),
        *frame(812, 160, 120, 138, "ordinary process"),
        *slab(822, 192, 100, 94, "orange", "engine"),
        *note(
            508,
            92,
            380,
            "No kernel and no virtual hardware in a container: there is nothing "
            "to boot, and nothing between an application and the kernel.",
        ),
        *slab(
            508,
            310,
            424,
            50,
            "blue",
            "one Linux kernel, shared",
            "namespaces and cgroups make the walls",
        ),
        *slab(_LEFT, 372, 904, 46, "slate", "the same hardware"),
    )
    _compared(
        scene,
        462,
        (
            ("the wall", "virtual hardware: a narrow interface", "system calls: a wide interface"),
            ("to start", "boot a kernel and its services", "start one process"),
            ("while idle", "a kernel and its memory", "the memory of one process"),
        ),
    )
    return scene
