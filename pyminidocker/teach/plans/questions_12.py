"""Lesson 12: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "root-can",
        "A container runs as root, with no option at all. Which of these will it manage: put a "
        "program into /usr/local/bin, open a socket that sees all packets, set the clock, read "
        "the kernel's log?",
        (
            Option(
                "All four: it is root",
                "That would be so if root were one right. It is forty-one of them, and the clock "
                "and the log are not among the fourteen.",
                "root-is-host-root",
                when=(True, True, True, True),
            ),
            Option(
                "The first two",
                "Its own files and its own interface are its own to spoil; the clock and the log "
                "belong to the machine.",
                when=(True, True, False, False),
            ),
            Option(
                "None: in a container, root is an ordinary user",
                "That would be so without any capability. By default there are fourteen, and raw "
                "sockets are one of them.",
                "root-harmless",
                when=(False, False, False, False),
            ),
        ),
    ),
    Question(
        "mounted",
        "You mount a directory of yours into a container. In it is a file that nobody but you may "
        "read or write. Root inside removes it, and makes a new one. What do you find outside?",
        (
            Option(
                "Your file is gone, and the new one is yours",
                "What is mounted in is within reach, with your rights: root inside is you outside.",
                when=("gone", "mine"),
            ),
            Option(
                "Your file is still there, and the new one is yours",
                "That would be so if the mount were a copy, or if file modes held root back. "
                "Nothing of both is the case.",
                "root-harmless",
                when=("there", "mine"),
            ),
            Option(
                "Your file is gone, and the new one belongs to somebody else",
                "That would be so with Docker as it is mostly installed, where root inside is the "
                "machine's root. Here the engine is yours, and so is its root.",
                "root-is-host-root",
                when=("gone", "other"),
            ),
        ),
    ),
    Question(
        "wall",
        "Look at the row “Make a user namespace”. Which is the first level that stops it?",
        (
            Option(
                "The first: it is in a container, after all",
                "That would be so if namespaces forbade anything. They show less; what may be "
                "called is not their affair.",
                "secure-or-not",
                when="none",
            ),
            Option(
                "The second, which takes most capabilities away",
                "That would be so if the call asked for one. Any user may make a user namespace.",
                "capabilities-are-all",
                when="capabilities",
            ),
            Option(
                "The third, which has the filter",
                "The call asks for no capability, so only a filter of calls can refuse it.",
                when="default",
            ),
        ),
    ),
    Question(
        "without",
        "The friendly app is a web server on port 80 that counts its visits. You start it with no "
        "capability at all, on a read-only root file system, its data in a volume. What comes?",
        (
            Option(
                "Nothing: port 80 is for root",
                "That would be so on a machine. In a container's network every port is free to "
                "all, as with Docker since 20.10.",
                "servers-need-root",
                when="nothing",
            ),
            Option(
                "The page, with a counter that counts",
                "It runs as user 10001 anyhow, needs no capability, and writes to its volume only.",
                when="counts",
            ),
            Option(
                "An error: it cannot write its counter",
                "That would be so if its data were in the root file system. Volumes stay writable.",
                "read-only-is-all",
                when="error",
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "too_strict",
        "Which explanation fits all of the evidence?",
        (
            Option(
                "The read-only root file system: it cannot write its page",
                "That would be so if the log said “Read-only file system”. It says something else, "
                "and about another call.",
                "read-only-is-all",
            ),
            Option(
                "The program needs to be privileged",
                "That would be a way, as taking the door out is a way to open it. The log names "
                "one call, and that call needs one capability.",
                "privileged-fixes",
            ),
            Option(
                "It calls chroot, and the capability for that was dropped",
                "The log says “chroot”, and “Operation not permitted”. capabilities(7) has one "
                "capability for that call.",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-privileged",
        "A tutorial says: “If it does not work, add --privileged.” What does that do?",
        (
            Option(
                "It makes root in the container the root of the machine",
                "That would be so if the namespaces went as well. They stay, the one of users "
                "among them.",
                "root-is-host-root",
            ),
            Option(
                "It leaves the namespaces, and takes the other walls away",
                "All capabilities, no filter, nothing covered or read-only; with Docker all of the "
                "machine's devices too.",
            ),
            Option(
                "It gives the right that is missing",
                "That would be so with --cap-add and its name. This gives all of them.",
                "privileged-fixes",
            ),
        ),
    ),
    Question(
        "q-socket",
        "A monitoring tool wants the engine's socket mounted, read-only. It runs without "
        "capabilities, on a read-only file system. How much could it do?",
        (
            Option(
                "Whatever the engine's user may, by starting other containers",
                "It needs no right of its own: it asks the engine, and a read-only mount does not "
                "make a socket deaf.",
            ),
            Option(
                "Read what containers there are, and nothing else",
                "That would be so if a read-only mount made the requests read-only. It forbids to "
                "change the file, not to talk.",
                "read-only-is-all",
            ),
            Option(
                "Nothing, as it has no capabilities",
                "That would be so if connecting asked for one.",
                "capabilities-are-all",
            ),
        ),
    ),
    Question(
        "q-user",
        "An image says USER 10001. What has been gained, compared to root with no capabilities?",
        (
            Option(
                "Nothing, since capabilities are what counts",
                "That would be so if root's files were nothing. Uid 0 owns most files of an image, "
                "and may change what it owns, without any capability.",
                "capabilities-are-all",
            ),
            Option(
                "It cannot do any harm any more",
                "That would be so if harm needed power over files. A network and a kernel are "
                "within its reach as before.",
                "secure-or-not",
            ),
            Option(
                "It owns few files, so it can change few",
                "And with no-new-privileges no program with a set-user-id bit changes that.",
            ),
        ),
    ),
    Question(
        "q-defect",
        "Tomorrow a defect of the kernel becomes known that gives root to whoever can set up "
        "io_uring. Your containers run with Docker's defaults, version 25 or later. What follows?",
        (
            Option(
                "All containers can get out, since they share the kernel",
                "That would be so if all of it were within their reach. The filter refuses the "
                "call that is needed.",
                "secure-or-not",
            ),
            Option(
                "Containers cannot reach the defect, unless their filter was switched off",
                "That is what a small attack surface is for: one does not have to know the next "
                "defect.",
            ),
            Option(
                "Nothing: a container has a kernel of its own",
                "That would be so for a virtual machine, which has one.",
                "own-kernel",
            ),
        ),
    ),
)
