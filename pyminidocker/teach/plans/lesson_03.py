"""Lesson 03: the comparison of virtual machines and containers, with the learner's own numbers."""

from __future__ import annotations

from pyminidocker.teach import start_faults as start_faults  # noqa: PLC0414 - registers its fault
from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_03 as checks
from pyminidocker.teach.plans.questions_03 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="03",
    title="Virtual machine or container, measured",
    minutes=(30, 40),
    needs=("busybox",),
    objectives=(
        Objective(
            "measure something several times, and sum it up without hiding its spread", "summary"
        ),
        Objective("tell a difference between two samples from noise", "faster"),
        Objective("read from the kernel how much memory a process costs", "memory"),
        Objective(
            "say for six tasks whether a container or a virtual machine fits, and why", "choice"
        ),
        Objective("diagnose a start that takes too long, and mend it", "prompt"),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("summary", checks.summary, exercise="summarise"),
        Check("faster", checks.faster, exercise="faster"),
        Check("memory", checks.memory, exercise="memory_in_use"),
        Check("choice", checks.choice, exercise="choose"),
        Check("prompt", checks.prompt, exercise="mend_start"),
    ),
    claims=(
        Claim(
            "start",
            "Startup time in minutes (VM); startup time in milliseconds (container).",
            "dated",
            "A container starts in milliseconds, and so does a virtual machine that was made for "
            "it: Firecracker promises 125 ms until the guest's first process. A general Linux "
            "guest needs seconds. Minutes were the time of a whole server with its services.",
            "Firecracker, SPECIFICATION.md; Manco et al., “My VM is Lighter (and Safer) than your "
            "Container”, SOSP 2017",
        ),
        Claim(
            "seconds",
            "Containers … take just seconds to start.",
            "wrong",
            "The notes' own table says milliseconds. When a container takes seconds, it is the "
            "program in it that takes them.",
            "this lesson, “Break it”",
        ),
        Claim(
            "weight",
            "Heavyweight (VM); lightweight (container).",
            "true",
            "What weighs is the second kernel and what belongs to it, and not the wall between "
            "the machines: a guest without an operating system is small as well (lesson 01).",
            "Firecracker, SPECIFICATION.md: at most 5 MiB for the monitor of one machine",
        ),
        Claim(
            "allocates",
            "Allocates required memory (VM); requires less memory space (container).",
            "half true",
            "A virtual machine is promised its memory, and takes a page of it when the guest first "
            "touches it. What it has touched, it rarely gives back. A container takes what its "
            "processes take, up to a limit; without one, up to all there is.",
            "docs.docker.com, “Resource constraints”: by default, a container has none",
        ),
        Claim(
            "density",
            "You can put two to three times as many applications on a single server with "
            "containers than you can with a VM.",
            "half true",
            "It depends on the application. Where it is small, the kernel beside it is most of "
            "the weight, and the factor is far greater; where it needs 20 GB itself, there is "
            "next to no difference.",
            "measured here; the sentence is a vendor's (backblaze.com, “VMs vs Containers”)",
        ),
        Claim(
            "native",
            "Limited performance (VM); native performance (container).",
            "half true",
            "A container's program is a process, and computes like one. A virtual machine's does "
            "so too, when the processor helps; emulated, it is many times slower. What costs in a "
            "container is the way to disk and network.",
            "Felter et al., “An Updated Performance Comparison of Virtual Machines and Linux "
            "Containers”, IBM Research Report RC25482, 2014",
        ),
        Claim(
            "own-os",
            "Each VM runs in its own OS; all containers share the host OS.",
            "half true",
            "All containers share the host's kernel. The rest of what is called an operating "
            "system, its programs and libraries, each image brings along.",
            "namespaces(7); lesson 02",
        ),
        Claim(
            "level",
            "Hardware-level virtualization (VM); OS virtualization (container).",
            "true",
            "A guest sees a machine that is not there. A process in a container sees the machine "
            "that is there, and names of its own for parts of it.",
            "lesson 01 has the machine, lesson 02 the names",
        ),
        Claim(
            "isolated",
            "Fully isolated and hence more secure (VM); process-level isolation, possibly less "
            "secure (container).",
            "half true",
            "A guest speaks to its monitor by a few devices, a container to a kernel with more "
            "than 300 calls: less to attack, and not nothing. There were ways out of both. "
            "What a container may ask for can be cut down a great deal: lesson 12.",
            "docs.docker.com, “Docker security”; CVE-2015-3456 (QEMU), CVE-2024-21626 (runc)",
        ),
        Claim(
            "snapshots",
            "Reduced size of snapshots.",
            "true",
            "A commit has the files that changed, and nothing else. A machine's snapshot has its "
            "memory as well: it can go on where it was. They are different things: lesson 13.",
            "docs.docker.com, “docker container commit”",
        ),
        Claim(
            "same-instances",
            "If your organization is running a large number of instances of the same operating "
            "system, … [containers] might save you significant time and money over VMs.",
            "true",
            "This is the case in which there is most to share: the kernel, and the layers of the "
            "image, on disk and in memory.",
            "measured here and in lesson 05",
        ),
        Claim(
            "overkill",
            "VMs … can take up a lot of system resources. … for some applications it can be "
            "overkill.",
            "true",
            "For one small program, what is around it in a virtual machine is many times what it "
            "needs itself.",
            "measured here",
        ),
    ),
    containers=("idle", "worker"),
    images=("slowpoke", "worker-copy"),
    folders=("bench",),
    volumes=("bench",),
    faults=("slow_entry",),
    diagnoses=DIAGNOSES,
    terms=("median", "pss", "density", "emulation"),
)
