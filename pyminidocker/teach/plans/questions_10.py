"""Lesson 10: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "next-visit",
        "`friendly` has counted 3 visits. You restart it, and visit it once. Then you remove it, "
        "start a new container from the same image, and visit that one once. What do the two pages "
        "count?",
        (
            Option(
                "4 after the restart, 5 after the replacement",
                "That would be so if the volume belonged to the image. `VOLUME /data` gives every "
                "new container a new, empty volume, unless you name one.",
                "data-in-container",
                when=(4, 5),
            ),
            Option(
                "4 after the restart, 1 after the replacement",
                "A restart keeps what a container has written. A new container gets a new volume, "
                "and nobody told it about the old one.",
                when=(4, 1),
            ),
            Option(
                "1 after the restart, 1 after the replacement",
                "That would be so if a container that stops lost its files. It loses them when it "
                "is removed.",
                "stopped-is-removed",
                when=(1, 1),
            ),
        ),
    ),
    Question(
        "running",
        "`friendly` runs. You edit app.py, build again under the same tag, and look at the page; "
        "then you restart the container, and look again. Which program serves the page?",
        (
            Option(
                "The new one, as soon as it is built",
                "That would be so if a container looked its image's tag up again and again. It "
                "stands on the image it was created from, whatever the tag names later.",
                "rebuild-updates-running",
                when=("new", "new"),
            ),
            Option(
                "The old one, and the new one after the restart",
                "That would be so if a restart created the container anew. It starts the same "
                "container once more, with the image that it has.",
                "rebuild-updates-running",
                when=("old", "new"),
            ),
            Option(
                "The old one, both times",
                "A container keeps the image it was created from. To change the program is to "
                "replace the container.",
                when=("old", "old"),
            ),
        ),
    ),
    Question(
        "one-error",
        "The new version stops with an exception when somebody asks for the page without a name. "
        "What is the state of the container after such a visit?",
        (
            Option(
                "It runs, and serves other visitors",
                "The server caught the exception, answered with status 500, and went on. Only the "
                "log tells.",
                when="running",
            ),
            Option(
                "It has ended, with an exit code other than 0",
                "That would be so if the exception had reached the top of process 1. A web server "
                "ends one answer, and not itself.",
                "error-ends-container",
                when="exited",
            ),
            Option(
                "The engine restarts it",
                "That would be so with a restart policy, and if the process had ended.",
                "supervised",
                when="restarting",
            ),
        ),
    ),
    Question(
        "old-image",
        "The build has moved the tag `friendly_docker` to the new image. What has become of the "
        "old one?",
        (
            Option(
                "It was overwritten",
                "That would be so if a tag were the image. It is a name, and was moved; the digest "
                "leads to the old image as before.",
                "tag-is-identity",
                when="gone",
            ),
            Option(
                "It is there, without a name",
                "A tag names one image at a time. The old one has lost its name and nothing else.",
                when="there",
            ),
            Option(
                "It is part of the new one, as its lowest layers",
                "That would be so if the new image stood on the old. They have layers in common, "
                "and each has a configuration of its own.",
                "layers-merge",
                when="inside",
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "foreign_files",
        "Which explanation fits all of the evidence?",
        (
            Option(
                "The new container lost the volume, as containers lose what they write",
                "That would be so if the counter had begun again at 1. The number is there, and "
                "can be read.",
                "data-in-container",
            ),
            Option(
                "The image is damaged since the last build",
                "That would be so if nothing worked. The program starts, and answers at /healthz; "
                "and nobody has built anything.",
                "rebuild-updates-running",
            ),
            Option(
                "The files in the volume belong to root, and the program is not root",
                "The log says “Permission denied”, and `ls` shows the owner. Reading is allowed to "
                "everybody; writing is not.",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-500",
        "A page answers with status 500. `ps` says that the container is up, and healthy. What do "
        "you look at first?",
        (
            Option(
                "Nothing is to be done: the engine will restart it",
                "That would be so if process 1 had ended, and with a restart policy. It runs.",
                "supervised",
            ),
            Option(
                "The container's log",
                "What a program says about its failures is there, as long as the container is.",
            ),
            Option(
                "The exit code",
                "That would be something to look at if it had ended. A program that runs has none.",
                "error-ends-container",
            ),
        ),
    ),
    Question(
        "q-edit",
        "You corrected app.py on your disk and restarted the container. The page is as before. "
        "Why?",
        (
            Option(
                "The container has the copy that COPY made when the image was built",
                "Build, and replace the container. While you develop, a bind mount saves you both.",
            ),
            Option(
                "Restarting takes a while until it shows",
                "That would be so if the file on your disk mattered to the container at all.",
                "rebuild-updates-running",
            ),
            Option(
                "The build cache still has the old file",
                "That would be so if you had built. And a build looks at the content of the file.",
                "each-instruction-layer",
            ),
        ),
    ),
    Question(
        "q-database",
        "A database runs in a container without further options. It gets a security update: a new "
        "image, a new container. What has to be done for its data?",
        (
            Option(
                "Nothing, since the image declares a VOLUME",
                "That would be so if every container of an image got the same volume. Each gets "
                "one of its own.",
                "data-in-container",
            ),
            Option(
                "`docker commit` before the update",
                "That would be a way for files in the container. Volumes are not in a commit.",
                "commit-is-build",
            ),
            Option(
                "The new container has to get the volume of the old one, by name",
                "Give it a name from the first day on; then that is one option of `run`.",
            ),
        ),
    ),
    Question(
        "q-roll-back",
        "Everybody runs `shop:latest`, and since this morning it is broken. What brings back "
        "yesterday's program for certain?",
        (
            Option(
                "Removing the image and pulling `shop:latest` again",
                "That would be of use if the tag still named yesterday's image.",
                "tag-is-identity",
            ),
            Option(
                "Running the digest that yesterday's deployment noted",
                "A digest names these bytes, and no others.",
            ),
            Option(
                "Building yesterday's source again",
                "That would be certain if the base image and the packages were those of yesterday.",
                "rebuild-updates-running",
            ),
        ),
    ),
)
