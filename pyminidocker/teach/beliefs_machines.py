"""Beliefs about virtual machines and hypervisors (lesson 01)."""

from __future__ import annotations

from pyminidocker.teach.belief import Belief

BELIEFS = {
    "vm-emulates-all": Belief(
        "In a virtual machine, every instruction is carried out by software.",
        "The processor executes the guest's instructions itself; software answers the exits.",
        "01",
    ),
    "vm-takes-all-memory": Belief(
        "A virtual machine takes all the memory it was given from the start.",
        "The memory is a promise; a page of it is taken when the guest first touches it.",
        "01",
    ),
    "guest-keeps-processor": Belief(
        "A guest that never ends keeps the processor.",
        "The host's timer interrupts it like any program; a guest can be stopped at any time.",
        "01",
    ),
    "root-may-everything": Belief(
        "Root may execute every instruction of the processor.",
        "Some are for kernel mode only, and root's programs run in user mode as all others do.",
        "01",
    ),
    "vm-uses-host-kernel": Belief(
        "A virtual machine runs on the host's kernel.",
        "It boots a kernel of its own; the host's kernel only sees a process.",
        "01",
    ),
    "guest-is-hidden": Belief(
        "The host cannot see what happens inside a virtual machine.",
        "Memory, registers and devices of a guest are in the hypervisor's hands.",
        "01",
    ),
    "hypervisor-checks": Belief(
        "A hypervisor checks a guest's code before it runs.",
        "It runs whatever is there; what code may do is limited by the virtual hardware.",
        "01",
    ),
    "hang-is-host": Belief(
        "When a guest hangs, the hypervisor or the hardware is to blame.",
        "It may be computing in a circle, which from outside looks like any other work.",
        "01",
    ),
    "vm-always-tells": Belief(
        "From inside one can always find out whether a machine is virtual.",
        "A hypervisor usually says who it is, and need not.",
        "01",
    ),
    "wall-costs": Belief(
        "A virtual machine starts slowly because of the wall around it.",
        "The wall is made in a millisecond; what takes time is booting what is inside.",
        "01",
    ),
}
