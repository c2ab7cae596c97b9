"""Lesson 05: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "three-containers",
        "Three containers, `anna`, `ben` and `cleo`, run from one image. `anna` writes the file "
        "/note. Who can read it?",
        (
            Option(
                "Only anna",
                "What a container writes goes to its own layer. The image and the other "
                "containers do not see it.",
                when=("anna",),
            ),
            Option(
                "All three: they run from the same image",
                "That would be so if they shared one writable tree. They share the layers of the "
                "image, which nobody writes to; each has a layer of its own on top.",
                "write-through",
                when=("anna", "ben", "cleo"),
            ),
            Option(
                "anna, and every container started later",
                "That would be so if the write had changed the image. `cleo` was started after "
                "it, and does not see the file.",
                "image-is-container",
                when=("anna", "cleo"),
            ),
        ),
    ),
    Question(
        "delete-size",
        "The image `secret:added` holds a file of 8 MB and a token. You delete both and commit the "
        "result as `secret:removed`. How does its size compare?",
        (
            Option(
                "It is about 8 MB smaller",
                "That would be so if the delete reached into the layer below. Layers are never "
                "changed; the new one only says that two names are not to be shown.",
                "delete-shrinks",
                when="smaller",
            ),
            Option(
                "It is the same, give or take a little",
                "The 8 MB still lie in the layer below; the new layer adds two marks that hide "
                "them.",
                when="the same",
            ),
            Option(
                "It is about 8 MB bigger",
                "That would be so if a delete stored what it deleted. The mark for a deleted "
                "file, a whiteout, has no content.",
                "layers-merge",
                when="bigger",
            ),
        ),
    ),
    Question(
        "one-byte",
        "The image holds a file of 8 MB. A container appends one byte to it. How much does the "
        "container store?",
        (
            Option(
                "One byte, perhaps a block of 4 kB",
                "That would be so if overlayfs kept differences. It knows whole files: the first "
                "write copies the file into the container's layer.",
                "small-write-small-cost",
                when="less than 1 MB",
            ),
            Option(
                "The whole file, 8 MB and one byte",
                "This is copy-up: before the first write, the whole file is copied from the image "
                "into the container's layer.",
                when="about 8 MB",
            ),
            Option(
                "The whole image",
                "That would be so if starting a container copied its image. Look at the files in "
                "the container's layer: it is one.",
                "copy-per-container",
                when="more than 9 MB",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-layer-secret",
        "Somebody committed a password by accident and deleted it in the next layer. The image is "
        "public. What now?",
        (
            Option(
                "Nothing to do: the file cannot be seen in a container",
                "That would be enough if a container were the only way to look. Remember the "
                "microscope: every layer can be read on its own.",
                "deleted-is-gone",
            ),
            Option(
                "Move the tag to another image",
                "That would help if a tag were the image. The old digest stays readable for "
                "whoever has it or asks for it.",
                "tag-is-identity",
            ),
            Option(
                "Change the password, and make the image anew without it",
                "Yes: whoever has the image has the password. Making it anew keeps it from the "
                "next reader only.",
            ),
        ),
    ),
    Question(
        "q-share",
        "Ten containers run from one image of 200 MB and each writes 1 MB of new files. About how "
        "much disk do image and containers need together?",
        (
            Option(
                "2,010 MB",
                "That would be so if each container had a copy of the image; look at the first "
                "experiment: three containers, one set of layers.",
                "copy-per-container",
            ),
            Option("210 MB", "Yes: the layers once, and what each container wrote."),
            Option(
                "200 MB",
                "That would be so if the writes went into the image; look at what `diff` shows "
                "for each container.",
                "write-through",
            ),
        ),
    ),
    Question(
        "q-chmod",
        "A layer changes only the permissions of a file of 500 MB. How big is that layer?",
        (
            Option(
                "About 500 MB",
                "Yes: copy-up again. In a Dockerfile, `COPY --chmod` sets the mode where the file "
                "comes in.",
            ),
            Option(
                "Nearly nothing: permissions are a few bytes",
                "That would be so if a layer stored attributes alone. An OCI layer is an archive "
                "of whole files: a changed mode brings the content along.",
                "small-write-small-cost",
            ),
            Option(
                "It is no layer: permissions belong to the container",
                "That would be so if the image held contents only; look at the microscope: mode "
                "and owner are part of every entry.",
                "image-is-container",
            ),
        ),
    ),
    Question(
        "q-order",
        "The bottom layer has /etc/motd with the text A, the middle one deletes it, the top one "
        "adds /etc/motd with the text B. What does a container read?",
        (
            Option(
                "Nothing: it was deleted",
                "That would be so if the delete came last. Go from the top down: the first layer "
                "that mentions the name decides.",
                "delete-shrinks",
            ),
            Option(
                "A and B, one after the other",
                "That would be so if layers were added up like text. For each name, one layer "
                "wins: the topmost one that mentions it.",
                "layers-merge",
            ),
            Option("B", "Yes: the topmost layer that mentions a name decides."),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "exec_format",
        "The engine says `exec format error`. What did the update do?",
        (
            Option(
                "It deleted the program",
                "That would be so if the message were `no such file or directory`. Look at "
                "the microscope: the file was changed, not deleted.",
                "error-is-vague",
            ),
            Option(
                "It put a program for another kind of processor there",
                "Yes: the kernel read the first bytes of the file and found a machine that "
                "this one is not. An image brings its programs, never a processor.",
            ),
            Option(
                "It removed the permission to execute it",
                "That would be so if the message were `permission denied`. Look at the mode "
                "in the microscope.",
                "error-is-vague",
            ),
            Option(
                "It damaged the whole image",
                "That would be so if nothing ran any more. `sh` from the same image still "
                "runs: the other layers are as they were.",
                "layers-merge",
            ),
        ),
    ),
)
