"""Lesson 00: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "how-fast",
        "You run `true` in a fresh container: a program that ends at once. How long does it take "
        "to make the container, run the program and clear everything away?",
        (
            Option(
                "More than a second, since a small system has to boot",
                "That would be so if something booted. Starting a container is starting a "
                "process; lesson 03 takes the time apart.",
                "needs-boot",
                when="more than 1 s",
            ),
            Option(
                "Between a quarter of a second and a second",
                "That would be so with an engine that does many things around each container. "
                "The kernel's share is small; lesson 03 takes the time apart.",
                "needs-boot",
                when="0.25 s to 1 s",
            ),
            Option(
                "Less than a quarter of a second",
                "Nothing boots. The kernel makes a process with a view of its own and runs the "
                "program.",
                when="less than 0.25 s",
            ),
        ),
    ),
    Question(
        "after-end",
        "The container `first` has printed its line, and its program has ended. What is left of "
        "the container?",
        (
            Option(
                "Nothing: with its program it is gone",
                "That would be so if it had been started with `remove=True` (`--rm`). Without it, "
                "an ended container stays until somebody removes it.",
                "stopped-is-removed",
                when="gone",
            ),
            Option(
                "It goes on running and waits for the next command",
                "That would be so if its program waited for something. A container lives exactly "
                "as long as its first process.",
                "container-waits",
                when="running",
            ),
            Option(
                "Its files, its output and its exit code, but no process",
                "An ended container is a record and some files on disk. It can be looked at, "
                "started again, or removed.",
                when="exited",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-words",
        "You start three containers from the image `busybox`. How many images are needed?",
        (
            Option(
                "Three, one for each container",
                "That would be so if a container were a copy of its image. Look at the output of "
                "`images` above: `busybox` is listed once.",
                "copy-per-container",
            ),
            Option(
                "One: all three use it, and none of them changes it",
                "Yes: an image is read, never written, by the containers made from it.",
            ),
            Option(
                "None, as soon as the containers run",
                "That would be so if starting used the image up. Look at `images` again: it is "
                "still there, and still needed.",
                "image-is-container",
            ),
        ),
    ),
    Question(
        "q-127",
        "A container ends at once with exit code 127. Where do you look first?",
        (
            Option(
                "At the spelling of the command, and whether the image has that program",
                "Yes: 127 means that the program to run was not found in the container.",
            ),
            Option(
                "Nowhere: I start it again and see whether it works now",
                "That would help if chance were involved. 127 has a fixed meaning: the program "
                "was not found. Look at the command.",
                "error-is-vague",
            ),
            Option(
                "At the memory of the machine, since the container crashed",
                "That would be so for 137, when the kernel kills a process for want of memory. "
                "Look at the number: 127 is not above 128, so no signal was involved.",
                "exit-is-crash",
            ),
        ),
    ),
    Question(
        "q-check",
        "When does `lesson.check(...)` say MET?",
        (
            Option(
                "When my code is the same as the solution",
                "That would be so if it compared text. It looks at containers and processes; any "
                "way that leads there counts.",
                "output-is-check",
            ),
            Option(
                "When the cell ran without an error",
                "That would be so if it looked at outputs. A cell may run well and leave "
                "something else behind; look at what the check says it observed.",
                "output-is-check",
            ),
            Option(
                "When the engine and the kernel are in the state that was asked for",
                "Yes: state, whichever way you got there.",
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "wrong_command",
        "Why did `greeter` say nothing?",
        (
            Option(
                "The image is damaged",
                "That would be so if no program of it ran. Look at `first`: it ran from the "
                "same image.",
                "image-is-container",
            ),
            Option(
                "The program it was told to run does not exist",
                "Yes: there is no `ehco`. The engine looked for it in the container and said so.",
            ),
            Option(
                "It said something, but the output was lost",
                "That would be so if its log were gone. The log is there and empty; look at "
                "the command instead.",
                "stopped-is-removed",
            ),
            Option(
                "It crashed, for reasons that cannot be known",
                "That would be so without an exit code and a message. Read both once more: "
                "they name the step that failed.",
                "error-is-vague",
            ),
        ),
    ),
)
