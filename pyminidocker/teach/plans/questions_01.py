"""Lesson 01: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "halt",
        "A process of this machine executes the instruction `hlt`, which halts the processor. What "
        "happens?",
        (
            Option(
                "The processor halts, and the machine with it",
                "That would be so if the processor obeyed whoever runs on it. In user mode it "
                "refuses, and tells the kernel.",
                "root-may-everything",
                when="halted",
            ),
            Option(
                "Nothing: the instruction is passed over",
                "That would be so if forbidden instructions were ignored. The processor raises a "
                "fault at that very place.",
                "hypervisor-checks",
                when="came to its end",
            ),
            Option(
                "The kernel ends the process",
                "The processor refuses and calls the kernel, and the kernel sends a signal.",
                when="killed",
            ),
        ),
    ),
    Question(
        "exits",
        "The guest executes 31 instructions and prints five characters. How often does its "
        "processor come back to us?",
        (
            Option(
                "31 times: for each instruction",
                "That would be so if software carried out the guest's instructions. Most of them "
                "need nobody.",
                "vm-emulates-all",
                when=31,
            ),
            Option(
                "6 times: for each character, and at the end",
                "A port is not the guest's to write to, and a halt is not its to decide. The rest "
                "it does alone.",
                when=6,
            ),
            Option(
                "Once: at the end",
                "That would be so if the guest had a serial port of its own. Somebody has to play "
                "the device.",
                "guest-is-hidden",
                when=1,
            ),
        ),
    ),
    Question(
        "pages",
        "The guest was given 160 pages of memory, and writes a byte into each of 100. The program "
        "itself is on one more. How many pages of memory are really there?",
        (
            Option(
                "160: what was given",
                "That would be so if memory were filled when it is promised. A page comes when it "
                "is first touched.",
                "vm-takes-all-memory",
                when=160,
            ),
            Option(
                "101: what was touched",
                "Giving memory is a promise of the kernel, kept page by page.",
                when=101,
            ),
            Option(
                "None that we could see: it is the guest's",
                "That would be so if the guest's memory were somewhere else. It is memory of this "
                "notebook's process.",
                "guest-is-hidden",
                when=0,
            ),
        ),
    ),
    Question(
        "spin",
        "This guest consists of one instruction, a jump to itself. It makes no exits at all. What "
        "happens?",
        (
            Option(
                "This cell hangs until somebody ends the guest",
                "That would be so if nothing interrupted a guest. The host's timer does, as it "
                "interrupts every program.",
                "guest-keeps-processor",
                when="hangs",
            ),
            Option(
                "The guest is refused: its code makes no sense",
                "That would be so if the code were looked at. Nobody reads it but the processor.",
                "hypervisor-checks",
                when="refused",
            ),
            Option(
                "When its time is over, we have the processor back",
                "A timer rings, the processor leaves the guest, and KVM sees a signal waiting.",
                when="time",
            ),
        ),
    ),
    Question(
        "kernel",
        "A container and a virtual machine. Which of them runs on the same kernel as this "
        "notebook?",
        (
            Option(
                "The container only",
                "A container is processes of this kernel. The machine has booted another one.",
                when=(True, False),
            ),
            Option(
                "Both: there is one processor, so there is one kernel",
                "That would be so if a kernel were part of the hardware. It is a program, and the "
                "machine has loaded its own.",
                "vm-uses-host-kernel",
                when=(True, True),
            ),
            Option(
                "Neither: each is a system of its own",
                "That would be so if a container booted something. Nothing boots there; lesson 02 "
                "looks closer.",
                "own-kernel",
                when=(False, False),
            ),
        ),
    ),
    Question(
        "clock",
        "Root sets the clock to the year 2001, once in the container, once in the virtual machine. "
        "Where does it succeed?",
        (
            Option(
                "In both: root is root",
                "That would be so if each had a clock. The container's would be this machine's, "
                "and it is refused.",
                "clock-private",
                when=(True, True),
            ),
            Option(
                "In the virtual machine only",
                "It has a kernel of its own, and in that kernel a clock of its own.",
                when=(False, True),
            ),
            Option(
                "In neither: both would change the host's clock",
                "That would be so if the machine asked the host's kernel. It has its own, which "
                "keeps its own time.",
                "vm-uses-host-kernel",
                when=(False, False),
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "endless_guest",
        "The machine prints its word, makes no more exits, and its time runs out. What is the "
        "cause?",
        (
            Option(
                "It waits for a byte from a device that does not answer",
                "That would be so if its last exit were a read. Its last one was the o of hello, "
                "and afterwards it asked for nothing.",
                "hang-is-host",
            ),
            Option(
                "It goes in a circle: a jump leads to itself",
                "The processor is at the same address whenever we look, and the byte there says "
                "two back.",
            ),
            Option(
                "The hypervisor does not give it processor time",
                "That would be so if it stood at its halt, or before its first character. It "
                "runs; look at where.",
                "hang-is-host",
            ),
            Option(
                "It has crashed",
                "That would be so if its end were a shutdown: a fault in a fault is an exit, too.",
                "exit-is-crash",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-hidden",
        "On a rented server, /proc/cpuinfo has no flag `hypervisor`, and the maker's name is that "
        "of a computer factory. What do you know?",
        (
            Option(
                "It is a real machine",
                "That would be so if hypervisors had to tell. Each of those answers is the "
                "hypervisor's to give.",
                "vm-always-tells",
            ),
            Option(
                "It is probably a real machine; a hypervisor may hide",
                "All that a guest can ask is answered by its hypervisor, also the question who "
                "that is.",
            ),
            Option(
                "It is a container",
                "That would be so if containers changed what the processor says. They have the "
                "host's /proc/cpuinfo.",
                "small-vm",
            ),
        ),
    ),
    Question(
        "q-slow",
        "The same virtual machine computes twenty times more slowly on another laptop, where there "
        "is no /dev/kvm. Why?",
        (
            Option(
                "Virtual machines are slow; on the first laptop one did not notice",
                "That would be so if the wall made instructions slower. With KVM the processor "
                "executes them itself.",
                "vm-is-slow",
            ),
            Option(
                "It has less memory there",
                "That would be so if it had to swap. A guest gets its pages in both cases.",
                "vm-takes-all-memory",
            ),
            Option(
                "There, software translates the guest's instructions",
                "Without the processor's help a program has to do what the guest's code says.",
            ),
        ),
    ),
    Question(
        "q-secret",
        "A key lies in the memory of a virtual machine. Who can read it, besides the guest?",
        (
            Option(
                "Root of the host, as the memory of any process",
                "The guest's memory is the hypervisor's memory. Encrypting it is a feature of some "
                "processors, and has to be switched on.",
            ),
            Option(
                "Nobody: the wall holds in both directions",
                "That would be so if the guest's memory were apart. You have read and written it "
                "in this lesson.",
                "guest-is-hidden",
            ),
            Option(
                "Who knows the password of the guest's root",
                "That would be so if one had to ask the guest's kernel. From outside nobody does.",
                "vm-uses-host-kernel",
            ),
        ),
    ),
    Question(
        "q-faster",
        "A virtual machine answers three seconds after its start. It is to answer within a tenth "
        "of a second. What helps most?",
        (
            Option(
                "A hypervisor that makes its machines faster",
                "That would be enough if making them took long. It takes about a millisecond.",
                "wall-costs",
            ),
            Option(
                "A smaller guest: fewer devices, a smaller kernel, fewer services",
                "Most of the time is the guest's own boot. Firecracker and the like begin there.",
            ),
            Option(
                "More memory for the guest",
                "That would help if it waited for pages. More memory to set up takes longer, if "
                "anything.",
                "vm-takes-all-memory",
            ),
        ),
    ),
)
