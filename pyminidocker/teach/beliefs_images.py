"""Beliefs about images, builds, registries and what runs of them (lessons 05, 09, 10, 14)."""

from __future__ import annotations

from pyminidocker.teach.belief import Belief

BELIEFS = {
    "delete-shrinks": Belief(
        "Deleting a file in a later layer makes the image smaller.",
        "A layer below keeps its bytes; the layer above only hides them.",
        "05",
    ),
    "deleted-is-gone": Belief(
        "What was deleted from an image cannot be read any more.",
        "Whoever has the image has every layer, also the files a later layer hides.",
        "05",
    ),
    "image-is-container": Belief(
        "Image and container are two words for one thing.",
        "An image is read-only; each container adds a writable layer of its own on top.",
        "05",
    ),
    "copy-per-container": Belief(
        "Each container has a full copy of its image.",
        "Containers share the image's layers and store only what they change.",
        "05",
    ),
    "write-through": Belief(
        "A container that changes a file changes the image.",
        "The change goes to the container's own layer; image and siblings stay as they were.",
        "05",
    ),
    "small-write-small-cost": Belief(
        "Changing one byte of a big file costs one byte.",
        "The first write copies the whole file up into the container's layer.",
        "05",
    ),
    "layers-merge": Belief(
        "Layers are merged into one when the image is made.",
        "Layers stay apart on disk; the kernel shows them as one tree while they are mounted.",
        "05",
    ),
    "tag-is-identity": Belief(
        "A tag such as latest always means the same image, and latest the newest.",
        "A tag is a label that can be moved; a digest is computed from the content.",
        "14",
    ),
    "each-instruction-layer": Belief(
        "Each Dockerfile instruction makes a layer, and only the changed ones are rebuilt.",
        "Only instructions that change files make layers, and everything after the first change "
        "is rebuilt.",
        "09",
    ),
    "cmd-entrypoint": Belief(
        "CMD and ENTRYPOINT mean the same.",
        "ENTRYPOINT is the program, CMD its default arguments; arguments to run replace CMD.",
        "09",
    ),
    "cache-by-time": Belief(
        "The build cache goes by the time at which a file was changed.",
        "It compares content, owner and mode; a new time alone changes nothing.",
        "09",
    ),
    "build-starts-over": Belief(
        "A build begins at its first step every time.",
        "It begins at the first step whose result is not known yet.",
        "09",
    ),
    "build-reads-my-disk": Belief(
        "A build can copy any file of my disk.",
        "It sees the build context that was sent to it, and nothing else.",
        "09",
    ),
    "run-is-fresh": Belief(
        "RUN is executed with every build, so its packages are always the newest.",
        "The same words on the same layers are taken from the cache, however old they are.",
        "09",
    ),
    "rebuild-updates-running": Belief(
        "A container follows its image: a new build, or a restart, brings it up to date.",
        "A container keeps the image it was created from; to change the program, replace it.",
        "10",
    ),
    "error-ends-container": Belief(
        "An error in the program ends its container.",
        "A container ends with its main process; a server that fails one request goes on.",
        "10",
    ),
    "runs-anywhere": Belief(
        "An image runs the same on every machine.",
        "It brings its own files, but it needs a kernel and a CPU it was made for.",
        "05",
    ),
    "image-is-one-file": Belief(
        "An image is one file, and travels as one.",
        "It is a manifest, a configuration and layers; each is stored and sent by itself.",
        "14",
    ),
    "push-sends-all": Belief(
        "Every push and every pull moves the whole image.",
        "Both sides compare digests first; only what the other one lacks is sent.",
        "14",
    ),
    "repository-has-copies": Belief(
        "Each repository of a registry has a copy of its layers.",
        "Content is stored once; a repository has the right to hand it out.",
        "14",
    ),
    "run-asks-registry": Belief(
        "run always takes the newest image from the registry.",
        "run takes what the name stands for on its own host; only a pull asks the registry.",
        "14",
    ),
    "registry-is-trusted": Belief(
        "What a registry hands out is what was pushed.",
        "The client computes each digest again, and refuses what does not fit.",
        "14",
    ),
}
