"""Lesson 11: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "free",
        "The container `small` may use 64 MiB of memory. What does `free` in it show as total?",
        (
            Option(
                "64 MiB",
                "That would be so if `free` asked the control group. It reads /proc/meminfo, and "
                "that file is about the machine.",
                "free-shows-limit",
                when="limit",
            ),
            Option(
                "The memory of the whole machine",
                "It reads /proc/meminfo, which is the same file for everybody on this kernel.",
                when="machine",
            ),
            Option(
                "Nothing: its namespaces hide the machine's memory",
                "That would be so if there were a namespace for memory. There is none; look at "
                "the list in lesson 02.",
                "namespaces-limit",
                when="nothing",
            ),
        ),
    ),
    Question(
        "over",
        "A program in a container with 64 MiB takes 4 MiB, and 4 MiB more, and so on. What happens "
        "at the limit?",
        (
            Option(
                "It gets an error, in Python a MemoryError",
                "That would be so if memory were given out when it is asked for. It is when it is "
                "used for the first time, and then nobody can be told “no”; look at its exit code.",
                "malloc-fails",
                when="error",
            ),
            Option(
                "It is killed",
                "The kernel finds no page for it any more, and ends a process of the group.",
                when="killed",
            ),
            Option(
                "It has to wait until memory becomes free",
                "That would be so if somebody in the container were about to give memory back. For "
                "processor time, waiting is what happens; look at the next section.",
                "limit-kills",
                when="waits",
            ),
        ),
    ),
    Question(
        "quota",
        "`tenth` computes without a pause, and may use a tenth of a processor (`cpus=0.1`). What "
        "happens to it?",
        (
            Option(
                "It is killed as soon as it has used too much",
                "That would be so if processor time were like memory. Time comes again: the "
                "kernel lets it wait.",
                "limit-kills",
                when="killed",
            ),
            Option(
                "It computes for a tenth of the time, and waits for the rest",
                "In each 100 ms it gets 10 ms. Then it waits for the next 100.",
                when="waits",
            ),
            Option(
                "It computes all the time, on a processor that is ten times slower",
                "That would be so if the machine had a slow processor for it. It runs at full "
                "speed while it runs; look at cpu.stat.",
                "container-slows-cpu",
                when="slow",
            ),
        ),
    ),
    Question(
        "alone",
        "`light` has a quarter of the usual share (`cpu_shares=256`), and is alone on its "
        "processor. How much of it does it get?",
        (
            Option(
                "A quarter",
                "That would be so if a share were a limit. It is a weight, and weights need "
                "somebody on the other side.",
                "shares-are-limits",
                when="a quarter",
            ),
            Option(
                "All of it",
                "Nobody else wants it. A share says who gives way, and to whom.",
                when="all of it",
            ),
        ),
    ),
    Question(
        "bomb",
        "In `swarm`, each process starts two more, without end. It may have 20. Who notices?",
        (
            Option(
                "Everybody: the machine hangs",
                "That would be so without a limit: then the process table and the memory are "
                "filled up. Look at how fast the engine answered.",
                "bomb-kills-host",
                when="everybody",
            ),
            Option(
                "The container: it is killed with the 21st process",
                "That would be so if reaching this limit killed. The call that starts a process "
                "fails, and that is all.",
                "limit-kills",
                when="killed",
            ),
            Option(
                "The swarm alone: it cannot grow further",
                "fork says EAGAIN to whoever asks for the 21st. The others do not even hear of it.",
                when="swarm",
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "too_tight",
        "The exit code of `shop` is 137, it was started three times, and its log is blank. What is "
        "the cause?",
        (
            Option(
                "It needs more memory than it may use: the kernel kills it while it begins",
                "137 is 128 + 9, SIGKILL; and `OOMKilled` says who sent it, and why.",
            ),
            Option(
                "The program has a bug, and crashes",
                "That would be so if it had ended by itself: then the exit code would be its own, "
                "and Python would have written a traceback.",
                "exit-is-crash",
            ),
            Option(
                "Somebody stopped it",
                "That would be so if the policy had not started it again: whoever stops a "
                "container by hand is obeyed. Look at RestartCount.",
                "supervised",
            ),
            Option(
                "The engine gave it too little processor time, and lost patience",
                "That would be so if engines had patience. A quota makes a program slow and kills "
                "nobody.",
                "limit-kills",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-threads",
        "A server starts one thread per processor that it finds. On a machine with 64 of them it "
        "gets `--cpus 2`. How many threads does it start, if it asks as `nproc` does?",
        (
            Option(
                "2",
                "That would be so if nproc knew of the quota. It counts the processors the "
                "process may run on, and a quota leaves all of them open.",
                "free-shows-limit",
            ),
            Option(
                "64",
                "And all of them share two processors' time. Programs that know about containers "
                "read cpu.max; others have to be told.",
            ),
            Option(
                "2, because the container has a kernel with two processors",
                "That would be so in a virtual machine. Here there is one kernel, with 64.",
                "own-kernel",
            ),
        ),
    ),
    Question(
        "q-full",
        "A file server has used 100 % of its memory limit for days, and nothing happens. Why?",
        (
            Option(
                "Most of it is page cache, which the kernel takes back when it is needed",
                "Limits count the cache, too. `docker stats` leaves out the part that could go at "
                "once.",
            ),
            Option(
                "The limit is not enforced",
                "That would be so if a program could use more. It uses all it may, and the kernel "
                "drops old cache for new.",
                "cache-is-use",
            ),
            Option(
                "It had a MemoryError, and caught it",
                "That would be so if exceeding the limit were an error. Nobody exceeds it.",
                "malloc-fails",
            ),
        ),
    ),
    Question(
        "q-shares",
        "Two containers share one processor: one with `--cpu-shares 1024`, the other with 3072. "
        "The second one sleeps. What does the first get?",
        (
            Option(
                "A quarter of the processor",
                "That would be so while both compute. Shares of those who sleep go to the others.",
                "shares-are-limits",
            ),
            Option("All of it", "A weight decides only between those who want something."),
        ),
    ),
    Question(
        "q-update",
        "A database in a container needs 2 GB instead of 1 GB, from now on. What is to be done?",
        (
            Option(
                "`docker update --memory 2g --memory-swap 4g`, while it runs",
                "A number in a file of its group changes; its processes go on. With `run` or in "
                "the compose file, write it down for the next time.",
            ),
            Option(
                "Remove it, and run it again with `--memory 2g`",
                "That would be needed if a limit belonged to the container's beginning. It belongs "
                "to its group, and the group can be told another.",
                "limit-needs-new",
            ),
            Option(
                "Build its image anew with the larger limit",
                "That would be so if images had limits. They have not.",
                "image-limits",
            ),
        ),
    ),
)
