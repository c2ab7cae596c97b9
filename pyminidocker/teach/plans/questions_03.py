"""Lesson 03: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "start",
        "You start a container, and a virtual machine with a Linux of its own. Each runs one small "
        "program to its end. How many times as long does the machine take?",
        (
            Option(
                "About as long",
                "That would be so if a container booted something as well. It starts a process; "
                "the machine starts firmware, a kernel and a first process before it gets to "
                "yours.",
                "own-kernel",
                when="about as long",
            ),
            Option(
                "Three to thirty times",
                "That would be so if the engine were slow, or the guest had no kernel to boot.",
                "start-is-engine",
                when="three to thirty times",
            ),
            Option(
                "More than thirty times",
                "Firmware, kernel and first process come before the program, and a container has "
                "none of them. With hardware's help the machine is faster than emulated, and "
                "still boots.",
                when="more than thirty times",
            ),
        ),
    ),
    Question(
        "idle",
        "A container does nothing but sleep. How much memory does its process take?",
        (
            Option(
                "Less than 5 MB",
                "It is one small process. The pages of its program it shares with whoever else "
                "runs it.",
                when="less than 5 MB",
            ),
            Option(
                "Tens of megabytes: a copy of its image, and of the libraries",
                "That would be so if an image were loaded into memory to run. Files are read as "
                "they are used.",
                "copy-per-container",
                when="5 to 100 MB",
            ),
            Option(
                "Hundreds of megabytes: a small operating system",
                "That would be so if a system were started. Nothing but `sleep` was.",
                "small-vm",
                when="more than 100 MB",
            ),
        ),
    ),
    Question(
        "limit",
        "You gave the virtual machine a memory size. You said nothing about memory when you "
        "started the container. How much may its processes take?",
        (
            Option(
                "As much as the image's author decided",
                "That would be so if images had a limit in them. They have none.",
                "image-limits",
                when="a size of its own",
            ),
            Option(
                "All that the machine has",
                "Without an option, nothing limits it. `free` inside shows the machine, and this "
                "time that is the truth.",
                when="all of the machine",
            ),
            Option(
                "A share: the machine's memory divided by the number of containers",
                "That would be so if the kernel divided by containers. It gives memory to "
                "processes, as they ask for it.",
                "namespaces-limit",
                when="a share",
            ),
        ),
    ),
    Question(
        "cpu",
        "The same program counts to 100,000: as a process of this machine, and in a container. "
        "Which is faster?",
        (
            Option(
                "The process, clearly",
                "That would be so if something stood between the program and the processor. In "
                "both cases the kernel lets it run, and nobody looks on.",
                "container-slows-cpu",
                when="a",
            ),
            Option(
                "No difference that these numbers show",
                "A container's process is a process. The first milliseconds, in which it is "
                "started, are all that differs.",
                when="unclear",
            ),
            Option(
                "The container, clearly",
                "That would be so if fewer things ran beside it. The processor is shared with all "
                "of the machine.",
                "small-vm",
                when="b",
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "slow_entry",
        "Which explanation fits all of the evidence?",
        (
            Option(
                "The engine needs two seconds to start a container",
                "That would be so if `start` returned after two seconds. Look at the first of the "
                "two times.",
                "start-is-engine",
            ),
            Option(
                "The program waits for something before it does its work",
                "The container was started within milliseconds. Everything after that is the "
                "program's own time.",
            ),
            Option(
                "The image is too large",
                "That would be so if starting copied the image, or loaded it. Its size is "
                "above; and starting does neither.",
                "copy-per-container",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-outlier",
        "Twenty starts: nineteen of them take 4 to 6 ms, and one takes 200 ms. What do you report?",
        (
            Option(
                "The mean, 14 ms",
                "That would be fair if values lay around it. No start took 14 ms.",
                "mean-is-typical",
            ),
            Option(
                "The median, the spread and n, and that one was far out",
                "It says what to expect, how surely, and what may happen once in a while.",
            ),
            Option(
                "The fastest of them",
                "That would be enough if the question were what is possible at best.",
                "mean-is-typical",
            ),
        ),
    ),
    Question(
        "q-noise",
        "A: median 5.1 ms, middle half 4.6 to 5.9. B: median 5.4 ms, middle half 4.8 to 6.0. What "
        "follows?",
        (
            Option(
                "A is 6 % faster",
                "That would be so if the same difference came out again and again. These two "
                "overlap almost entirely.",
                "mean-is-typical",
            ),
            Option(
                "B is broken",
                "That would be a thought if B had been far from A.",
                "exit-is-crash",
            ),
            Option(
                "Nothing yet: measure more, or accept that it does not matter",
                "A difference that is smaller than the spread needs many more values, and is "
                "often not worth them.",
            ),
        ),
    ),
    Question(
        "q-memory",
        "`ps` says that each of ten containers of one image has 5 MB resident. How much do they "
        "take together?",
        (
            Option(
                "Less than 50 MB: pages of the program that they share are counted ten times",
                "RSS counts every page in full. PSS divides it among those who have it, so that "
                "sums make sense.",
            ),
            Option(
                "50 MB",
                "That would be so if they had no page in common. They execute the same file.",
                "copy-per-container",
            ),
            Option(
                "More than 50 MB, because of their kernels",
                "That would be so if they had kernels.",
                "own-kernel",
            ),
        ),
    ),
    Question(
        "q-emulated",
        "In a virtual machine on your laptop, a program computes twenty times as slowly as "
        "outside. The most likely reason?",
        (
            Option(
                "The machine emulates the processor, in software",
                "With the processor's help (on Linux: /dev/kvm) the guest's instructions are "
                "executed directly.",
            ),
            Option(
                "That is what virtual machines are like",
                "That would be so without the processor's help. With it, they compute nearly as "
                "fast as the machine.",
                "vm-is-slow",
            ),
            Option(
                "The guest's kernel is older",
                "That would be visible in system calls, and hardly in computing.",
                "own-kernel",
            ),
        ),
    ),
)
