"""Hypervisors: where they stand, and how a guest's processor comes and goes."""

from pyminidocker.widgets.figures.kit import arrow, frame, note, slab, step, title
from pyminidocker.widgets.scene import Box, Item, Label, Scene, line

_LEFT = 28.0


def _guest(x: float, y: float, w: float, h: float, name: str, *, dash: bool = False) -> list[Item]:
    return [
        *frame(x, y, w, h, name, edge="green-edge", dash=dash),
        *slab(x + 8, y + 28, w - 16, 34, "green", "app"),
        *slab(x + 8, y + 68, w - 16, h - 76, "blue", "kernel"),
    ]


def hypervisor_types() -> Scene:
    """Draw the two types of hypervisor, and KVM, which is a bit of both."""
    scene = Scene(
        960,
        452,
        "Where a hypervisor stands",
        "Three stacks, each on hardware. Type 1, such as Xen, ESXi or Hyper-V: the hypervisor "
        "stands on the hardware, and all systems are its guests, each with a kernel of its own; "
        "one of them is for the administrator. Type 2, such as VirtualBox: a host system stands on "
        "the hardware, the hypervisor is a program beside other programs, and the guests are "
        "inside it. KVM: Linux stands on the hardware and has the hypervisor in its kernel; each "
        "guest is a process, qemu, beside other processes.",
    )
    scene.add(title("Where a hypervisor stands"))
    width, gap = 284.0, 26.0
    first, second, third = (_LEFT + n * (width + gap) for n in range(3))
    top, floor = 96.0, 330.0
    for x, name, examples in (
        (first, "type 1", "Xen, VMware ESXi, Hyper-V"),
        (second, "type 2", "VirtualBox, VMware Workstation"),
        (third, "KVM", "Linux, with qemu or Firecracker"),
    ):
        scene.add(
            Label(x, 72, name, 14.5, 600),
            Label(x, 89, examples, 12, 400, "muted"),
            *slab(x, floor + 8, width, 38, "slate", "hardware"),
        )
    third_of = (width - 16) / 3
    names = ("the admin's", "guest", "guest")
    for number, name in enumerate(names):
        scene.add(*_guest(first + number * (third_of + 8), top + 12, third_of, 158, name))
    scene.add(*slab(first, 276, width, 54, "orange", "hypervisor"))
    scene.add(
        *slab(second, top + 136, 62, 62, "green", "editor"),
        *frame(second + 72, top + 12, width - 72, 192, "hypervisor, a program", edge="orange-edge"),
        *_guest(second + 80, top + 40, 98, 156, "guest"),
        *_guest(second + 184, top + 40, 92, 156, "guest"),
        *slab(second, 310, width, 24, "blue", "host system"),
    )
    scene.add(
        *slab(third, top + 136, 62, 62, "green", "editor"),
        *frame(third + 72, top + 12, 102, 192, "qemu", edge="orange-edge"),
        *_guest(third + 80, top + 40, 86, 156, "guest"),
        *frame(third + 182, top + 12, 102, 192, "qemu", edge="orange-edge"),
        *_guest(third + 190, top + 40, 86, 156, "guest"),
        *slab(third, 310, 176, 24, "blue", "Linux"),
        *slab(third + 182, 310, 102, 24, "orange", "KVM"),
    )
    for x, text in (
        (first, "Every system is a guest, also the one from which it is managed."),
        (second, "Started like any program; the host system shares out time and memory."),
        (third, "Each guest is a process of Linux, and a module does what needs the processor."),
    ):
        scene.add(*note(x, 400, width - 8, text))
    return scene


def vm_exits() -> Scene:
    """Draw how control goes between a hypervisor, KVM and a guest."""
    scene = Scene(
        900,
        530,
        "A guest runs until it needs something",
        "Three columns: our program, which is the hypervisor; KVM in the host's kernel; the "
        "processor in guest mode. Time runs downwards. 1: our program calls KVM_RUN, KVM enters "
        "the guest. 2: the guest computes, with the processor's full speed, and nobody is asked. "
        "3: it touches a page of its memory for the first time: an exit to KVM, which finds a page "
        "and enters the guest again; our program does not notice. 4: the guest sends a byte to a "
        "port: an exit to KVM, and KVM_RUN returns to our program with the reason; it prints the "
        "character and calls KVM_RUN again. 5: the guest halts; KVM_RUN returns, and our program "
        "ends the machine.",
    )
    scene.add(title("A guest runs until it needs something"))
    ours, kernel, guest = 128.0, 450.0, 760.0
    for x, hue, name, sub in (
        (ours, "orange", "our program", "the hypervisor"),
        (kernel, "blue", "KVM", "in the host's kernel"),
        (guest, "green", "guest mode", "the same processor"),
    ):
        scene.add(
            line(x, 108, x, 506, f"{hue}-edge", 1.4, (3.0, 4.0)),
            *slab(x - 100, 60, 200, 48, hue, name, sub),
        )
    y = 138.0
    scene.add(
        *step(ours - 88, y, 1, "orange"),
        *_message(ours, kernel, y, "ioctl(vcpu, KVM_RUN)"),
        *_message(kernel, guest, y, "enter"),
        *_work(guest, y + 14, 72, ("mov, add, jmp, ...", "at full speed,", "nobody is asked")),
        *step(guest + 92, y + 50, 2, "green"),
    )
    y = 248.0
    scene.add(
        *_message(guest, kernel, y, "exit: a page is not there yet"),
        *_work(kernel, y + 10, 30, ("finds a page",)),
        *step(kernel - 88, y + 25, 3, "blue"),
        *_message(kernel, guest, y + 54, "enter"),
    )
    y = 336.0
    scene.add(
        *_work(guest, y - 24, 24, ("out 0x3f8, al",), mono=True),
        *_message(guest, kernel, y + 14, "exit: a byte for a port"),
        *_message(kernel, ours, y + 14, "KVM_RUN returns: 2, IO"),
        *_work(ours, y + 24, 30, ("prints it",)),
        *step(ours - 88, y + 39, 4, "orange"),
        *_message(ours, kernel, y + 70, "KVM_RUN, again"),
        *_message(kernel, guest, y + 70, "enter"),
    )
    y = 446.0
    scene.add(
        *_work(guest, y - 22, 24, ("hlt",), mono=True),
        *_message(guest, kernel, y + 14, "exit: it halts"),
        *_message(kernel, ours, y + 14, "KVM_RUN returns: 5, HLT"),
        *_work(ours, y + 22, 30, ("ends the machine",)),
        *step(ours - 88, y + 37, 5, "orange"),
    )
    return scene


def _message(start: float, end: float, y: float, text: str) -> list[Item]:
    """Draw an arrow between two columns with a word above its middle."""
    return [
        *arrow(start, y, end - (3 if end > start else -3), y),
        Label((start + end) / 2, y - 6, text, 11.5, 400, "muted", "middle"),
    ]


def _work(
    x: float, y: float, height: float, words: tuple[str, ...], *, mono: bool = False
) -> list[Item]:
    """Draw a box on a column's line: what is done there."""
    first = y + height / 2 - 8 * (len(words) - 1) + 4.5
    return [
        Box(x - 72, y, 144, height, "paper", "slate-edge", 1.2, 6),
        *(
            Label(x, first + 16 * number, word, 12, 400, "ink", "middle", mono)
            for number, word in enumerate(words)
        ),
    ]
