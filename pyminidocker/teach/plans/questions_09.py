"""Lesson 09: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "layers",
        "The Dockerfile above has eight instructions. How many layers does `kitchen` have that "
        "`busybox` has not?",
        (
            Option(
                "Eight: one for each instruction",
                "That would be so if ENV or CMD had something to store in a file system. They "
                "change the image's configuration; look at the sizes in its history.",
                "each-instruction-layer",
                when=8,
            ),
            Option(
                "Three: WORKDIR, COPY and RUN change files",
                "A layer is a set of changed files. Whatever changes none has no layer.",
                when=3,
            ),
            Option(
                "One: a build makes one image, and that is one layer",
                "That would be so if the steps were merged at the end. They stay apart, which is "
                "what the cache lives on.",
                "layers-merge",
                when=1,
            ),
        ),
    ),
    Question(
        "touch",
        "`menu.txt` gets a new time of change, as an editor does when you save without a change. "
        "Its content stays. Which steps are done again?",
        (
            Option(
                "None",
                "The cache compares content: the digest of what COPY would copy.",
                when=(),
            ),
            Option(
                "COPY and the steps below it",
                "That would be so if the cache went by the clock, as `make` does. It compares the "
                "files' content, owner and mode.",
                "cache-by-time",
                when=("COPY", "RUN", "EXPOSE", "CMD"),
            ),
            Option(
                "All: a build starts at the top",
                "That would be so without a cache. It starts at the first step whose result is not "
                "known yet.",
                "build-starts-over",
                when=("ENV", "WORKDIR", "COPY", "RUN", "EXPOSE", "CMD"),
            ),
        ),
    ),
    Question(
        "edit",
        "Now a dish is added to `menu.txt`. Which steps are done again?",
        (
            Option(
                "COPY only: nothing else has changed",
                "That would be so if steps knew what they use. RUN might have read the menu; the "
                "engine cannot know, and does it again.",
                "each-instruction-layer",
                when=("COPY",),
            ),
            Option(
                "COPY and every step below it",
                "A step stands on all that is above it. Where that has changed, its old result "
                "may not be used.",
                when=("COPY", "RUN", "EXPOSE", "CMD"),
            ),
            Option(
                "All: the context has changed",
                "That would be so if the context were one big input of the whole build. Only the "
                "steps from the first COPY on look at it.",
                "build-starts-over",
                when=("ENV", "WORKDIR", "COPY", "RUN", "EXPOSE", "CMD"),
            ),
        ),
    ),
    Question(
        "outside",
        "`token` lies one directory above the Dockerfile. What does `COPY ../token /token` do?",
        (
            Option(
                "It copies the file: it is there, after all",
                "That would be so if the engine read your disk. It gets a packed copy of the "
                "context, and nothing else; often it is on another machine.",
                "build-reads-my-disk",
                when="copied",
            ),
            Option(
                "The build fails: there is no such file for it",
                "What was not sent cannot be copied. The context is all that a build sees.",
                when="failed",
            ),
        ),
    ),
    Question(
        "arguments",
        'The image `words` has `ENTRYPOINT ["echo", "one"]` and `CMD ["two"]`. What does '
        "`run words three` print?",
        (
            Option(
                "one two three",
                "That would be so if arguments were appended to CMD. They take its place.",
                "cmd-entrypoint",
                when="one two three",
            ),
            Option(
                "one three",
                "CMD is what stands in for arguments while there are none.",
                when="one three",
            ),
            Option(
                "three",
                "That would be so if arguments replaced the whole command. They replace CMD; only "
                "`--entrypoint` replaces the rest.",
                "cmd-entrypoint",
                when="three",
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "inherited",
        "`shop` has the CMD it always had, and prints it instead of executing it. What is the "
        "cause?",
        (
            Option(
                "The base image has an ENTRYPOINT now, and CMD became its arguments",
                "`shop` says nothing about an entrypoint, so it has the one of its base. "
                "`echo` prints what it is given.",
            ),
            Option(
                "CMD is in the shell form",
                "That would be so if `inspect` showed /bin/sh in front of it. And a shell would "
                "execute it.",
                "cmd-entrypoint",
            ),
            Option(
                "The build took an old step from its cache",
                "That would be so if something in `shop` were older than its Dockerfile. Its CMD "
                "is as it should be; look at what stands in front.",
                "build-starts-over",
            ),
            Option(
                "The program cat is missing in the new base image",
                "That would be so if the kernel had tried to execute it: exit code 127. Here the "
                "exit code is 0.",
                "exit-is-crash",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-order",
        "A Python project takes two minutes to install its requirements. Which order lets you try "
        "a change in app.py within seconds?",
        (
            Option(
                "COPY . . then RUN pip install -r requirements.txt",
                "That would be so if pip's step knew that app.py does not matter to it. Every edit "
                "comes before it, and so it is done again.",
                "each-instruction-layer",
            ),
            Option(
                "COPY requirements.txt . then RUN pip install, then COPY . .",
                "What seldom changes comes first. The step with pip stands on requirements.txt "
                "alone.",
            ),
            Option(
                "The order does not matter, the cache finds out",
                "That would be so if the cache knew which files a command reads. It knows what "
                "lies below a step.",
                "build-starts-over",
            ),
        ),
    ),
    Question(
        "q-update",
        "`RUN apt-get update` was in the cache for three weeks. What does the next build do with "
        "it?",
        (
            Option(
                "It runs: packages may have changed",
                "That would be so if the cache knew the world outside. It compares the words of "
                "the instruction and what is below it.",
                "run-is-fresh",
            ),
            Option(
                "It takes the result of three weeks ago",
                "Same words, same files below: same result, as far as the cache can tell. "
                "--no-cache, or a change above, makes it new.",
            ),
            Option(
                "It runs when the package index has a new time",
                "That would be so if the cache went by time. It does not look outside at all.",
                "cache-by-time",
            ),
        ),
    ),
    Question(
        "q-secret",
        "COPY brings a password into the image, a later RUN deletes it. Who can read it?",
        (
            Option(
                "Nobody: the file is gone",
                "That would be so if layers were merged. The COPY's layer is in the image, and "
                "lesson 05 read it from there.",
                "layers-merge",
            ),
            Option(
                "Everybody who has the image",
                "Each step that changes files has a layer of its own, and layers stay. "
                "RUN --mount=type=secret shows a file to one step and stores it nowhere.",
            ),
            Option(
                "Only who has the build cache",
                "That would be so if the layer were in the cache alone. It is part of the image.",
                "build-reads-my-disk",
            ),
        ),
    ),
    Question(
        "q-context",
        "A project of 3 MB with a .git directory of 900 MB: the build takes long before its first "
        "step. What helps?",
        (
            Option(
                "An exact COPY in the Dockerfile, instead of COPY . .",
                "That would be so if only what is copied were sent. The client packs the context "
                "first, and does not send what .dockerignore names.",
                "build-reads-my-disk",
            ),
            Option(
                "A line `.git` in .dockerignore",
                "What it names is not sent, and a change there does not disturb the cache.",
            ),
            Option(
                "RUN rm -rf .git at the end",
                "That would be so if a later step could undo an earlier one. The layer with .git "
                "stays.",
                "layers-merge",
            ),
        ),
    ),
)
