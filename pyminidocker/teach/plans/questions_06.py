"""Lesson 06: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "brief",
        "`brief` is run in the background with the command `echo hello`. In which state is it one "
        "second later, and can its output still be read?",
        (
            Option(
                "It runs and waits until somebody stops it",
                "That would be so if a container were a machine that is on. It lives as long as "
                "its first process, and `echo` has nothing more to do.",
                "container-waits",
                when=("running", True),
            ),
            Option(
                "It has ended; its output can be read",
                "When process 1 ends, the container has ended. Layer, log and exit code stay until "
                "somebody removes it.",
                when=("exited", True),
            ),
            Option(
                "It is gone, and its output with it",
                "That would be so with `--rm`. Without it, an ended container stays until it is "
                "removed.",
                "stopped-is-removed",
                when=("removed", False),
            ),
        ),
    ),
    Question(
        "quick",
        "Four containers get the wish to stop, and three seconds of patience. `shop` runs a script "
        "that handles SIGTERM. `deaf` runs the same script from a shell: `sh -c '/shop; echo "
        "bye'`. `plain` runs `sleep 600`. `tended` runs `sleep 600`, with an init process in "
        "front of it. Which of them end before the three seconds are over?",
        (
            Option(
                "All four: SIGTERM ends a process",
                "That would be so for processes of your own shell. The kernel spares process 1 of "
                "a pid namespace every signal that it has no handler for.",
                "sigterm-ends",
                when=("shop", "deaf", "plain", "tended"),
            ),
            Option(
                "shop and deaf, which have the script",
                "That would be so if the signal went to every process of a container. It goes to "
                "process 1, and in `deaf` that is the shell.",
                "signal-reaches-all",
                when=("shop", "deaf"),
            ),
            Option(
                "shop and tended",
                "`shop` handles it. In `tended`, `sleep` is process 2: an ordinary process, which "
                "gets the signal from the init process and ends.",
                when=("shop", "tended"),
            ),
        ),
    ),
    Question(
        "zombies",
        "`parent` runs `sleep 600` as process 1. Ten times, `exec` starts a shell in it that "
        "leaves a short-lived process behind and ends. All ten have ended. How many processes "
        "does the list of the container show?",
        (
            Option(
                "1, since the ten are gone",
                "That would be so if ending were enough. A process stays in the list until its "
                "parent has asked for its exit code.",
                "ended-is-gone",
                when=1,
            ),
            Option(
                "11",
                "Process 1 inherits orphans and has to ask how they ended. `sleep` never does.",
                when=11,
            ),
            Option(
                "1, since the engine tidies up",
                "That would be so if the engine were their parent. Orphans in a pid namespace go "
                "to its process 1.",
                "engine-reaps",
                when="1, by the engine",
            ),
        ),
    ),
    Question(
        "runs",
        "`failing` always ends with exit code 1 and has the policy `on-failure:3`. How many times "
        "does its program run, and what is the state of the container in the end?",
        (
            Option(
                "3 times, then exited",
                "That would be so if the 3 counted runs. It counts restarts, and the first run is "
                "none.",
                "supervised",
                when=(3, "exited"),
            ),
            Option(
                "For ever: it is restarting",
                "That would be so with the policy `always`. This one gives up.",
                "supervised",
                when=(9, "restarting"),
            ),
            Option(
                "4 times, then exited",
                "One run and three restarts; after that the policy is exhausted.",
                when=(4, "exited"),
            ),
        ),
    ),
    Question(
        "places",
        "A container has written a line into each of four places: its own layer, a volume, a bind "
        "mount, a tmpfs. It is stopped and started again; later it is removed, and a new one is "
        "created with the same options. Where is the line still there, in the end?",
        (
            Option(
                "In the layer, the volume and the bind mount",
                "That would be so if a new container got the layer of the old one. It gets an "
                "empty layer on top of the same image.",
                "data-in-container",
                when=("layer", "volume", "bind mount"),
            ),
            Option(
                "In the volume and the bind mount",
                "Both are outside of the container. The layer went with it, and the tmpfs went "
                "already when it stopped.",
                when=("volume", "bind mount"),
            ),
            Option(
                "In all four, since all options are the same",
                "That would be so if a tmpfs were on a disk. It is memory, and the options say "
                "where to mount it, not what is in it.",
                "tmpfs-is-disk",
                when=("layer", "volume", "bind mount", "tmpfs"),
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "deaf_entry",
        "Which explanation fits all of the evidence?",
        (
            Option(
                "Process 1 is the entry script; it does not hand the signal on to /till",
                "The script is in front of the program, without a handler. The program's own "
                "handler was never asked.",
            ),
            Option(
                "The engine needs two seconds to stop a container",
                "That would be so for every container; `shop` was gone at once.",
                "stop-is-slow",
            ),
            Option(
                "/till has lost its handler for SIGTERM",
                "That would be so if the second line of SigCgt had no bit for signal 15. It has.",
                "sigterm-ends",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-137",
        "A container has exit code 137. What is known for certain?",
        (
            Option(
                "It has used too much memory",
                "That would be so if only the kernel sent SIGKILL. `stop` does when patience is "
                "over, and `kill` does at once; `inspect` says OOMKilled when it was memory.",
                "137-is-memory",
            ),
            Option(
                "Its program has a bug and crashed",
                "That would be more likely with 139, which is SIGSEGV. 137 says that somebody else "
                "ended it.",
                "exit-is-crash",
            ),
            Option(
                "Nearly nothing: probably it got SIGKILL, from whomever",
                "128 + 9. Log, events and `inspect` say from whom. A program may also return 137 "
                "by itself.",
            ),
        ),
    ),
    Question(
        "q-shell-form",
        "An image says `CMD node server.js && echo ended`. Its containers take ten seconds to "
        "stop. What helps?",
        (
            Option(
                '`CMD ["node", "server.js"]`, and a handler for SIGTERM in the program',
                "Then the program is process 1 and hears the signal itself.",
            ),
            Option(
                "`--stop-timeout 1`",
                "That would help against waiting, and not against being killed in the middle of "
                "something.",
                "stop-is-slow",
            ),
            Option(
                "`--init`",
                "That would help if the child of the init process were the program. It is the "
                "shell, which ends and takes the program with it, unasked.",
                "init-forwards-to-all",
            ),
        ),
    ),
    Question(
        "q-policy",
        "`db` has the policy `unless-stopped`. You stop it, and the machine is switched off and on "
        "again. What then?",
        (
            Option(
                "It runs: the engine starts what has a policy",
                "That would be so with `always`, which forgets at a start of the engine what was "
                "stopped.",
                "stop-is-failure",
            ),
            Option(
                "It does not run",
                "What somebody stopped stays stopped; that is what the name says.",
            ),
            Option(
                "A new container is created, with an empty layer",
                "That would be so if a restart made a container. It starts the one there is.",
                "restart-is-new",
            ),
        ),
    ),
    Question(
        "q-commit",
        "A database keeps its tables in a volume. You commit its container and run the image on "
        "another machine. What does the new container have?",
        (
            Option(
                "Everything up to the commit",
                "That would be so if a commit took volumes along. It takes the writable layer and "
                "the settings.",
                "commit-takes-all",
            ),
            Option(
                "The program and its settings, and no tables",
                "A volume is outside of the container, so it is outside of the image.",
            ),
            Option(
                "The tables, but read-only",
                "That would be so if the volume had become a layer of the image.",
                "bind-is-copy",
            ),
        ),
    ),
)
