"""Lesson 02: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "host-view",
        "The container `nap` runs `sleep 999`. You look for that process on your machine, outside "
        "the container. What do you find?",
        (
            Option(
                "Nothing: what runs in a container is hidden from the machine",
                "That would be so if the container ran on a machine of its own. Here the kernel "
                "that lists your processes is the one that runs this process too.",
                "hidden-from-host",
                when="absent",
            ),
            Option(
                "The process, with the same number as inside",
                "That would be so if there were one list of numbers. Each pid namespace numbers "
                "its processes anew, starting at 1.",
                "same-pid",
                when="same number",
            ),
            Option(
                "The process, with another number than inside",
                "One process, several numbers: the kernel gives it one in every pid namespace it "
                "can be seen from.",
                when="another number",
            ),
        ),
    ),
    Question(
        "kernel",
        "You ask for the kernel's release and its boot id, first in the container, then on your "
        "machine. How do the answers compare?",
        (
            Option(
                "They differ: the image brings its own kernel",
                "That would be so if the container had booted. Nothing booted: the image holds "
                "programs and no kernel.",
                "own-kernel",
                when=(False, False),
            ),
            Option(
                "Same release, but another boot id: the container started later",
                "That would be so if starting a container started a second kernel of the same "
                "release. The boot id is made once, when a kernel boots; equal ids mean one boot.",
                "small-vm",
                when=(True, False),
            ),
            Option(
                "Both are the same",
                "One kernel, booted once, answers both. This is the difference from a virtual "
                "machine, which brings its own.",
                when=(True, True),
            ),
        ),
    ),
    Question(
        "lens",
        "Linux has eight kinds of namespaces. How many of the eight do this notebook and the "
        "container `nap` have in common?",
        (
            Option(
                "None: the container has its own of every kind",
                "That would be so if the engine had asked for all eight. It leaves the time "
                "namespace as it is, and so does Docker: look at the joined row.",
                "clock-private",
                when="none",
            ),
            Option(
                "One or two",
                "Most parts of the view are private, and some stay shared on purpose. The shared "
                "rows are where inside and outside see the same thing.",
                when="one or two",
            ),
            Option(
                "Nearly all: a container differs only in its files",
                "That would be so for chroot(2), which changes the root directory and nothing "
                "else. Look at the split rows: pid, net, uts and ipc differ as well.",
                "only-a-directory",
                when="most",
            ),
        ),
    ),
    Question(
        "kill-inside",
        "A process inside the container `family` sends SIGKILL to pid 1 of the container, as root. "
        "What happens?",
        (
            Option(
                "Pid 1 is killed: nothing survives SIGKILL",
                "That would be so for every other process. The kernel protects the first process "
                "of a pid namespace from signals that come from inside it.",
                "pid1-ordinary",
                when="ended",
            ),
            Option(
                "The command is refused with an error",
                "That would be so for a process of another user. Here the command succeeds, and "
                "the kernel drops the signal without a word.",
                "root-harmless",
                when="refused",
            ),
            Option(
                "Nothing: the command succeeds and pid 1 goes on",
                "Inside its own namespace pid 1 gets only the signals it has a handler for, and "
                "SIGKILL cannot have one (pid_namespaces(7)).",
                when="unharmed",
            ),
        ),
    ),
    Question(
        "pid1-dies",
        "In the container `family`, pid 1 is a shell with three children. From outside, only that "
        "shell is killed. What becomes of the three children?",
        (
            Option(
                "They go on, as orphans do on any Linux machine",
                "That would be so for an ordinary parent: its children get a new one. Pid 1 of a "
                "namespace has no successor, so the kernel ends the namespace.",
                "pid1-ordinary",
                when="survive",
            ),
            Option(
                "They are killed as well",
                "When pid 1 of a pid namespace ends, the kernel sends SIGKILL to all others in it "
                "(pid_namespaces(7)).",
                when="killed",
            ),
            Option(
                "They go on, because the engine starts pid 1 again",
                "That would be so with a restart policy, and then with a new set of processes. "
                "This container has none.",
                "supervised",
                when="restarted",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-what",
        "Which sentence describes a running container best?",
        (
            Option(
                "A small virtual machine with its own kernel",
                "That would be so if a kernel had booted for it; look at the boot ids in section "
                "2, which are equal.",
                "small-vm",
            ),
            Option(
                "A directory with programs in it",
                "That would be an unpacked image. Look at the lens: a running container also has "
                "its own list of processes, its own network and its own name.",
                "only-a-directory",
            ),
            Option(
                "Processes that the one kernel shows a limited view",
                "Yes: ordinary processes, and namespaces that decide what they see.",
            ),
        ),
    ),
    Question(
        "q-nspid",
        "The file /proc/PID/status shows `NSpid: 4711 23 1`. What does it say?",
        (
            Option(
                "One process that has three numbers, one in each namespace it is seen from",
                "Yes: from the outermost namespace to its own, where it is number 1.",
            ),
            Option(
                "Three processes: 4711, its child 23 and its grandchild 1",
                "That would be a list of processes; this line is about one. Count the pid "
                "namespaces it is seen from instead.",
                "same-pid",
            ),
            Option(
                "The process runs on three kernels",
                "That would be so for three nested virtual machines; look at the boot id: there is "
                "one kernel.",
                "own-kernel",
            ),
        ),
    ),
    Question(
        "q-limit",
        "A container uses 4 GB of memory although it has all namespaces of its own. Why is that "
        "possible?",
        (
            Option(
                "Namespaces decide what is seen, not how much is used",
                "Yes: limits are the task of control groups (lesson 11).",
            ),
            Option(
                "A namespace for memory was forgotten",
                "That would be so if there were one; look at the eight rows of the lens: memory is "
                "not among them.",
                "namespaces-limit",
            ),
            Option(
                "Inside, it runs on its own machine with its own memory",
                "That would be so in a virtual machine that was given 4 GB; here the pages come "
                "from the one kernel's memory.",
                "small-vm",
            ),
        ),
    ),
    Question(
        "q-137",
        "A container ended with exit code 137. What do you know?",
        (
            Option(
                "Its program has a bug with number 137",
                "That would be so for a code that the program chose itself, as a rule below 126. "
                "Subtract 128 and look the rest up in signal(7).",
                "error-is-vague",
            ),
            Option(
                "The container was removed",
                "That would leave no exit code to read; look with `minidocker ps -a`: the "
                "container is still there.",
                "stopped-is-removed",
            ),
            Option(
                "Its first process was ended by signal 9, SIGKILL",
                "Yes: 137 is 128 + 9. Who sent the signal is the next question: a person, the "
                "engine after a stop that took too long, or the kernel when memory ran out.",
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "pid1_killed",
        "`family` was running with four processes. What is the cause of what you see?",
        (
            Option(
                "Its program ended by itself",
                "That would be so with an exit code the program chose, 0 as a rule. Look at "
                "the exit code: what is 137 minus 128?",
                "exit-is-crash",
            ),
            Option(
                "All four processes were killed, one by one",
                "That would be so if somebody had sent four signals. One was enough; look at "
                "section 4 for what the kernel does when pid 1 ends.",
                "pid1-ordinary",
            ),
            Option(
                "Pid 1 was killed from outside, and the kernel ended the rest",
                "Yes: 137 is 128 + 9, and nothing inside the container can kill its pid 1.",
            ),
            Option(
                "The container was removed",
                "That would be so if `ps -a` did not list it any more. It is there, in state "
                "exited.",
                "stopped-is-removed",
            ),
        ),
    ),
)
