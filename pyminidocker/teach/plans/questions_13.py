"""Lesson 13: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "in-the-commit",
        "The container `till` has the prices in its own files, a receipt in a volume, and a draft "
        "in a tmpfs. An image is made of it by commit. What does a container of that image have?",
        (
            Option(
                "The prices and the receipt",
                "That would be so if a volume were part of the container's files. It is mounted "
                "over them; commit packs what is below.",
                "commit-keeps-volumes",
                when=("prices", "receipt"),
            ),
            Option(
                "The prices, the receipt and the draft",
                "That would be so if a commit were a picture of all the container sees. It packs "
                "the writable layer, and nothing else.",
                "snapshot-keeps-all",
                when=("prices", "receipt", "draft"),
            ),
            Option(
                "The prices",
                "They lie in the writable layer. Volume and tmpfs are mounts: other directories, "
                "of which the layer has the empty mount points.",
                when=("prices",),
            ),
        ),
    ),
    Question(
        "history",
        "Several commands changed the container. What does the image's history say about them?",
        (
            Option(
                "Each of them, as RUN would",
                "That would be so if they had been steps of a build. To the engine, they were "
                "processes that came and went.",
                "commit-is-build",
                when="each",
            ),
            Option(
                "The command that the container was started with",
                "The layer's entry has the container's command, which had nothing to do with it. "
                "Who changed what, and why, is not written down.",
                when="started with",
            ),
            Option(
                "The paths that were changed",
                "That would be so if the history were the diff. The layer has the paths; the "
                "history has one line for it.",
                "layers-merge",
                when="paths",
            ),
        ),
    ),
    Question(
        "imported",
        "The container is exported into a tar file, and the file imported as the image "
        '`till:flat`. Then `engine.run("till:flat")`, without a command. What happens?',
        (
            Option(
                "It does what `till` does: sleep",
                "That would be so if the file had the container's settings. It is a tree of files.",
                "export-keeps-settings",
                when="runs",
            ),
            Option(
                "It is refused",
                "An image without a command: the tree has no settings. They can be said again "
                "with `changes=`.",
                when="refused",
            ),
            Option(
                "A shell starts",
                "That would be so if there were a command for images that have none. busybox's "
                "shell is a setting of the image busybox.",
                "export-keeps-settings",
                when="shell",
            ),
        ),
    ),
    Question(
        "paused",
        "`counter` prints a number every tenth of a second. It is paused for one second. Which "
        "number does it print next?",
        (
            Option(
                "1: it begins anew",
                "That would be so if its process had ended. It stands still, and its memory with "
                "it.",
                "pause-ends",
                when="anew",
            ),
            Option(
                "The one after the last, and goes on from there",
                "The variable is in the memory of the process, and the process is the same one. "
                "It knows nothing of the second.",
                when="goes on",
            ),
            Option(
                "One about ten higher than the last",
                "That would be so if it had counted on, unseen, or made up for the time. Neither: "
                "it did not run.",
                "pause-is-noticed",
                when="jumps",
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "torn_copy",
        "Which explanation fits all of the evidence?",
        (
            Option(
                "The ledger makes mistakes when it adds up",
                "That would be so if the ledger itself disagreed. Its own files differ by one at "
                "the most, whenever you look.",
                "error-is-vague",
            ),
            Option(
                "The files were read at different moments, and the ledger wrote in between",
                "The total is of the moment when it was read, and the orders are of a later one. "
                "Each file is right, for its own moment.",
            ),
            Option(
                "Volumes are not in a backup",
                "That would be so of a commit. Here both files were copied, and both are there.",
                "commit-keeps-volumes",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-secret",
        "An image has a password in a lower layer. You export a container of it, and import the "
        "tree as a new image. Is the password in that one, when the container had deleted the "
        "file?",
        (
            Option(
                "Yes, since all layers are exported",
                "That would be so of save. An export is the tree as the container sees it, in one "
                "layer.",
                "layers-merge",
            ),
            Option(
                "No, and the command and the environment are gone as well",
                "What the container does not see is not in the tree; and the tree has no settings.",
            ),
            Option(
                "No, and otherwise it is the same image",
                "That would be so if the file had settings in it.",
                "export-keeps-settings",
            ),
        ),
    ),
    Question(
        "q-database",
        "A database runs in a container, with its files in a volume. Every night somebody runs "
        "`docker commit`. What is in the image?",
        (
            Option(
                "The database as it was that night",
                "That would be so if volumes were in a commit.",
                "commit-keeps-volumes",
            ),
            Option(
                "The files, and what the database had in its memory",
                "That would be so of a snapshot of a machine.",
                "snapshot-keeps-all",
            ),
            Option(
                "The program, as it came, and an empty directory for the data",
                "Export the volume, with the database paused, or use the database's own dump.",
            ),
        ),
    ),
    Question(
        "q-pause",
        "`docker commit` pauses the container by default. What is that good for?",
        (
            Option(
                "It saves the memory into the image",
                "That would be so if an image had a place for it. It has files and settings.",
                "snapshot-keeps-all",
            ),
            Option(
                "Nobody writes while the files are read",
                "All of them are of one moment then. What a program had not written yet is "
                "missing, as after a power cut.",
            ),
            Option(
                "The container ends properly before",
                "That would be so of stop. A paused container knows nothing of it.",
                "pause-ends",
            ),
        ),
    ),
    Question(
        "q-migrate",
        "A calculation has run for three days in a container. The machine has to be switched off, "
        "and the work must not be lost. What helps?",
        (
            Option(
                "`docker commit`, and run the image tomorrow",
                "That would help if the work lay in files. A new process begins anew.",
                "snapshot-keeps-all",
            ),
            Option(
                "`docker pause` tonight, `docker unpause` tomorrow",
                "That would help if the machine stayed on. What is paused is in its memory.",
                "pause-ends",
            ),
            Option(
                "A snapshot of the memory: of the virtual machine around it, or by CRIU",
                "Both write memory into files. Or a program that writes down where it is, from "
                "time to time.",
            ),
        ),
    ),
)
