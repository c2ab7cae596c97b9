"""Lesson 01: virtual machines and hypervisors, from one of eight calls to a whole Linux."""

from __future__ import annotations

from pyminidocker.teach import guest_faults as guest_faults  # noqa: PLC0414 - registers its fault
from pyminidocker.teach.plan import Check, Claim, Objective, Plan
from pyminidocker.teach.plans import checks_01 as checks
from pyminidocker.teach.plans.questions_01 import DIAGNOSES, PREDICTIONS, QUIZ

PLAN = Plan(
    number="01",
    title="Virtual machines and hypervisors",
    minutes=(30, 40),
    needs=("busybox",),
    objectives=(
        Objective("tell from the kernel's own words whether a machine is virtual", "virtual"),
        Objective("make a device that answers the exits of a guest", "device"),
        Objective("measure how much of its memory a guest has really taken", "memory"),
        Objective("diagnose a guest that does not end, and mend it", "greeter"),
        Objective(
            "put eight statements where they belong: virtual machine, container, or both", "sorted"
        ),
    ),
    predictions=PREDICTIONS,
    quiz=QUIZ,
    checks=(
        Check("virtual", checks.virtual, exercise="in_vm"),
        Check("device", checks.device, exercise="answer"),
        Check("memory", checks.memory, exercise="memory_of"),
        Check("greeter", checks.greeter, exercise="mend_greeter"),
        Check("sorted", checks.sorted_, exercise="place"),
    ),
    claims=(
        Claim(
            "emulation",
            "A virtual machine (VM) is an emulation of a computer system.",
            "half true",
            "Devices are emulated. The processor is not, where it helps: it executes the guest's "
            "instructions itself, and comes back for what the guest may not do alone.",
            "Popek and Goldberg, “Formal Requirements for Virtualizable Third Generation "
            "Architectures”, CACM 17(7), 1974: most instructions execute without the monitor",
        ),
        Claim(
            "loads-systems",
            "The hypervisor, in turn, loads the client operating systems of the virtual machines.",
            "half true",
            "It puts bytes into memory and sets where the processor begins. Those bytes are a "
            "firmware or a kernel, which loads the rest; they need not be an operating system.",
            "measured here",
        ),
        Claim(
            "requests",
            "A virtual machine can create requests to the hypervisor through a variety of "
            "methods, including API calls.",
            "half true",
            "A guest makes exits: an access to a port or to an address without memory, a halt, or "
            "a special instruction, the hypercall. API calls are for those who manage machines.",
            "Linux Documentation/virt/kvm/api.rst, “The kvm_run structure”; hypercalls.rst",
        ),
        Claim(
            "allocates",
            "The hypervisor allocates the correct CPU resources, memory, bandwidth and disk "
            "storage space for each virtual machine.",
            "half true",
            "It promises them. Memory is taken page by page when the guest touches it, and "
            "processor time is shared out by the host's scheduler, as for any thread.",
            "measured here; Linux Documentation/virt/kvm/api.rst, KVM_SET_USER_MEMORY_REGION",
        ),
        Claim(
            "full-copy",
            "Each VM runs not just a full copy of an operating system, but a virtual copy of all "
            "the hardware that the operating system needs to run.",
            "half true",
            "Usually, and not by necessity: your tiny guest had no operating system, and a serial "
            "port for all its hardware. Firecracker gives its guests a handful of devices.",
            "Firecracker, docs/design.md",
        ),
        Claim(
            "all-resources",
            "Benefits of VMs: all OS resources available to apps.",
            "true",
            "Root in a guest is root of a whole kernel: it sets the clock, loads modules, changes "
            "every setting. In a container most of that would be everybody's, and is refused.",
            "measured here; capabilities(7), CAP_SYS_TIME",
        ),
    ),
    containers=("beside",),
    folders=("guests",),
    faults=("endless_guest",),
    diagnoses=DIAGNOSES,
    terms=("virtual machine", "hypervisor", "guest", "exit", "kvm", "firmware", "page"),
)
