"""Beliefs about containers that do not hold, each with the lesson that lets a learner test it.

Every wrong option of every question names one of these, so that answers add up to a picture:
which beliefs were shaken, and which are still waiting for their experiment.  No published
inventory of container misconceptions was found; this list was gathered from trainers' reports,
bug trackers and Docker's own documentation (docs/glossary.md, "Where the beliefs come from").
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Belief:
    """A belief, what holds instead, and where it is tested.

    Attributes:
        says: the belief, in the words of someone who holds it.
        instead: what holds, in one sentence.
        lesson: number of the lesson with the experiment.
    """

    says: str
    instead: str
    lesson: str


BELIEFS = {
    "small-vm": Belief(
        "A container is a small virtual machine.",
        "A container is a group of ordinary processes that see a limited view of one shared "
        "kernel.",
        "02",
    ),
    "own-kernel": Belief(
        "A container boots a kernel of its own.",
        "Nothing boots: the host's kernel runs the container's program directly.",
        "02",
    ),
    "hidden-from-host": Belief(
        "The host cannot see the processes inside a container.",
        "The host sees every process of every container, under its own number for it.",
        "02",
    ),
    "same-pid": Belief(
        "A process has one pid, the same inside and outside.",
        "A process has one pid in each pid namespace it is visible from.",
        "02",
    ),
    "only-a-directory": Belief(
        "A container is only another root directory.",
        "Besides its files, its processes, network, names and users are seen apart.",
        "02",
    ),
    "supervised": Belief(
        "The engine restarts whatever ends.",
        "It does so only when the container has a restart policy that says so.",
        "06",
    ),
    "pid1-ordinary": Belief(
        "Pid 1 of a container is a process like any other.",
        "When pid 1 ends, the kernel kills everything else in its pid namespace.",
        "02",
    ),
    "namespaces-limit": Belief(
        "Namespaces limit how much memory and CPU a container may use.",
        "Namespaces limit what a process sees; control groups limit what it uses.",
        "11",
    ),
    "clock-private": Belief(
        "Everything in a container is its own, also the clock and the kernel's modules.",
        "The wall clock, kernel modules and most kernel settings are shared.",
        "02",
    ),
    "loopback-is-host": Belief(
        "localhost inside a container is my machine.",
        "Each network namespace has a loopback interface of its own.",
        "08",
    ),
    "expose-opens": Belief(
        "EXPOSE opens a port.",
        "EXPOSE is a note in the image; only publishing makes a port reachable from outside.",
        "08",
    ),
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
    "data-in-container": Belief(
        "My data is safe in the container.",
        "Stop keeps a container's files, rm deletes them; data that must stay goes to a volume.",
        "06",
    ),
    "stopped-is-removed": Belief(
        "A container whose program ended is gone.",
        "An ended container keeps its files, logs and exit code until it is removed.",
        "06",
    ),
    "container-waits": Belief(
        "A container goes on until somebody stops it.",
        "A container lives exactly as long as its main process.",
        "06",
    ),
    "exit-is-crash": Belief(
        "A container that ends at once has crashed.",
        "A container lives as long as its main process; when that is done, it ends.",
        "06",
    ),
    "stop-is-slow": Belief(
        "docker stop takes ten seconds because containers are slow to stop.",
        "Stop waits for a program that does not react to SIGTERM, and then kills it.",
        "06",
    ),
    "free-shows-limit": Belief(
        "free and nproc inside a container show its limits.",
        "They show the machine; the limits are in the control group's files.",
        "11",
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
    "root-harmless": Belief(
        "root in a container can do no harm.",
        "It has fewer rights than the host's root, yet what is mounted into the container is "
        "within its reach.",
        "12",
    ),
    "root-is-host-root": Belief(
        "root in a container can do everything that root on the host can.",
        "Capabilities, the seccomp filter and a user namespace take most of it away.",
        "12",
    ),
    "secure-or-not": Belief(
        "Containers are secure, or they are not.",
        "Isolation is a set of settings; each one stops some attacks and not others.",
        "12",
    ),
    "names-everywhere": Belief(
        "Containers on one host always reach each other by name.",
        "On a user-defined network they do; on the default bridge only by address.",
        "07",
    ),
    "network-is-there": Belief(
        "A container has a network by itself, and its interfaces are like real cards.",
        "A new network namespace has a loopback and nothing else; somebody puts a cable into it.",
        "07",
    ),
    "bridge-knows-addresses": Belief(
        "A bridge knows the IP addresses of what is plugged in.",
        "A bridge learns MACs from the packets it sees, and floods the rest.",
        "07",
    ),
    "host-is-router-of-all": Belief(
        "The host handles every packet between containers.",
        "On one bridge containers talk directly; the host routes only what leaves the network.",
        "07",
    ),
    "nat-is-forwarding": Belief(
        "Masquerade is what lets packets leave the host.",
        "ip_forward lets them leave; masquerade gives them a sender that can be answered.",
        "07",
    ),
    "addresses-are-global": Belief(
        "A container's address means the same everywhere.",
        "It is known on its own host only; every host may use the same subnet for others.",
        "07",
    ),
    "published-to-me": Belief(
        "A published port can be reached from my machine only.",
        "By default it is published on all addresses of the host.",
        "08",
    ),
    "published-is-heard": Belief(
        "A published port is answered, whatever the program listens on.",
        "Publishing brings a connection to the container's address and port; the program has to "
        "listen there.",
        "08",
    ),
    "own-ports-always": Belief(
        "Each container has ports of its own.",
        "Ports belong to a network namespace; containers that share one share its ports.",
        "08",
    ),
    "engine-finds-a-port": Belief(
        "When a port is taken, the engine takes another one.",
        "It does so only when you leave the choice to it; a port you name is had, or refused.",
        "08",
    ),
    "publish-to-get-out": Belief(
        "A container needs published ports to reach others.",
        "Publishing is for connections that come in from outside its networks.",
        "08",
    ),
    "host-mode-is-naked": Belief(
        "A container with the host's network is not isolated any more.",
        "It shares one namespace; files, processes and limits stay its own.",
        "08",
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
    "commit-is-build": Belief(
        "commit is the way images are meant to be made.",
        "commit keeps a result without its recipe; a Dockerfile keeps the recipe.",
        "13",
    ),
    "needs-boot": Belief(
        "Starting a container takes seconds, as a small boot does.",
        "Starting one is creating a process; it takes milliseconds.",
        "03",
    ),
    "runs-anywhere": Belief(
        "An image runs the same on every machine.",
        "It brings its own files, but it needs a kernel and a CPU it was made for.",
        "05",
    ),
    "error-is-vague": Belief(
        "An error message of an engine says little; trying again is the way.",
        "Exit code and message name the step that failed; reading them is faster.",
        "00",
    ),
    "output-is-check": Belief(
        "An exercise is done when the cell printed something without an error.",
        "A check looks at the state of the engine and the kernel, whichever way it came about.",
        "00",
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
    "ping-is-one-way": Belief(
        "A ping's time is the time to the other side.",
        "It is the time there and back; a delay on the way counts twice.",
        "15",
    ),
    "route-is-permission": Belief(
        "Whoever knows the way to a container can reach all its ports.",
        "A route says where to send; the other host's packet filter decides what is let in.",
        "15",
    ),
    "one-way-is-enough": Belief(
        "A route to the other side is enough to talk.",
        "Answers need a way back, over another route or to an address that is known already.",
        "15",
    ),
    "overlay-is-a-cable": Belief(
        "An overlay network is a connection of its own, beside the one between the hosts.",
        "Its frames travel as the content of packets between the hosts, and pay for the wrapping.",
        "15",
    ),
    "ping-proves-all": Belief(
        "When ping answers, the network works.",
        "A ping is short; where a piece of the way carries less, only long packets vanish.",
        "15",
    ),
    "packed-is-encrypted": Belief(
        "What travels in an overlay network cannot be read on the way.",
        "VXLAN wraps frames and encrypts nothing.",
        "15",
    ),
}
