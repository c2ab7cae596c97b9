"""Every verb by name: where its code is, and its line in help.

``main`` looks a verb up here and imports the one module it needs.  The canonical spelling has the
object first (``container ls``); ``SHORT`` has Docker's older spellings of the same things.
"""

from __future__ import annotations

# path: (module in cli/commands, its Command, summary)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "builder du": ("builder", "DU", "List what builds can take from the cache"),
    "builder prune": ("builder", "PRUNE", "Remove build cache"),
    "container attach": ("attach", "ATTACH",
        "Attach local standard input, output, and error streams to a running container"),
    "container commit": ("container_changes", "COMMIT",
        "Create a new image from a container's changes"),
    "container confinement": ("confinement", "CONFINEMENT",
        "Report what holds a container's processes, or this shell"),
    "container cp": ("cp", "CP", "Copy files/folders between a container and the local filesystem"),
    "container create": ("run", "CREATE", "Create a new container"),
    "container diff": ("container_changes", "DIFF",
        "Inspect changes to files or directories on a container's filesystem"),
    "container exec": ("exec", "EXEC", "Execute a command in a running container"),
    "container export": ("archives", "EXPORT",
        "Export a container's filesystem as a tar archive"),
    "container inspect": ("inspect", "CONTAINER",
        "Display detailed information on one or more containers"),
    "container kill": ("container_states", "KILL", "Kill one or more running containers"),
    "container logs": ("logs", "LOGS", "Fetch the logs of a container"),
    "container ls": ("container_list", "LS", "List containers"),
    "container pause": ("container_states", "PAUSE",
        "Pause all processes within one or more containers"),
    "container port": ("container_facts", "PORT",
        "List port mappings or a specific mapping for the container"),
    "container prune": ("prune", "CONTAINERS", "Remove all stopped containers"),
    "container rename": ("container_states", "RENAME", "Rename a container"),
    "container restart": ("container_states", "RESTART", "Restart one or more containers"),
    "container rm": ("container_states", "RM", "Remove one or more containers"),
    "container run": ("run", "RUN", "Create and run a new container from an image"),
    "container start": ("start", "START", "Start one or more stopped containers"),
    "container stats": ("stats", "STATS",
        "Display a live stream of container(s) resource usage statistics"),
    "container stop": ("container_states", "STOP", "Stop one or more running containers"),
    "container top": ("container_facts", "TOP", "Display the running processes of a container"),
    "container unpause": ("container_states", "UNPAUSE",
        "Unpause all processes within one or more containers"),
    "container update": ("update", "UPDATE", "Update configuration of one or more containers"),
    "container wait": ("container_facts", "WAIT",
        "Block until one or more containers stop, then print their exit codes"),
    "image bootstrap": ("bootstrap", "BOOTSTRAP",
        "Make the base images on this machine, without a registry"),
    "image build": ("build", "BUILD", "Build an image from a Dockerfile"),
    "image diff": ("image_diff", "DIFF", "Compare two images, path by path"),
    "image history": ("image_history", "HISTORY", "Show the history of an image"),
    "image import": ("archives", "IMPORT",
        "Import the contents from a tarball to create a filesystem image"),
    "image inspect": ("inspect", "IMAGE", "Display detailed information on one or more images"),
    "image load": ("archives", "LOAD", "Load an image from a tar archive or STDIN"),
    "image ls": ("image_list", "LS", "List images"),
    "image prune": ("prune", "IMAGES", "Remove unused images"),
    "image pull": ("pull", "PULL", "Download an image from a registry"),
    "image push": ("pull", "PUSH", "Upload an image to a registry"),
    "image rm": ("image_names", "RM", "Remove one or more images"),
    "image save": ("archives", "SAVE",
        "Save one or more images to a tar archive (streamed to STDOUT by default)"),
    "image tag": ("image_names", "TAG", "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE"),
    "image waste": ("image_diff", "WASTE",
        "Tell how many bytes of an image's layers are carried in vain"),
    "inspect": ("inspect", "ALL", "Return low-level information on Docker objects"),
    "login": ("login", "LOGIN", "Authenticate to a registry"),
    "logout": ("login", "LOGOUT", "Log out from a registry"),
    "network capture": ("network_capture", "CAPTURE",
        "Show packets as they travel, or write them to a file"),
    "network connect": ("network_changes", "CONNECT", "Connect a container to a network"),
    "network create": ("network_changes", "CREATE", "Create a network"),
    "network disconnect": ("network_changes", "DISCONNECT",
        "Disconnect a container from a network"),
    "network fault": ("network_rules", "FAULT",
        "Break something in the lab's network on purpose, or repair it"),
    "network flows": ("network_rules", "FLOWS", "Show tracked connections, and NAT's part in them"),
    "network inspect": ("inspect", "NETWORK",
        "Display detailed information on one or more networks"),
    "network ls": ("network_list", "LS", "List networks"),
    "network prune": ("prune", "NETWORKS", "Remove all unused networks"),
    "network rm": ("network_changes", "RM", "Remove one or more networks"),
    "network rules": ("network_rules", "RULES", "Show the lab's packet filter"),
    "network switch": ("network_rules", "SWITCH", "Show or set ip-forward and masquerade"),
    "registry ls": ("registry", "LS", "List what is in a registry"),
    "registry serve": ("registry", "SERVE",
        "Serve a directory as a registry, for classrooms without internet"),
    "registry stop": ("registry", "STOP", "End registries that run in the background"),
    "route add": ("route", "ADD", "Send packets for a subnet over a wire"),
    "route ls": ("route", "LS", "List the static routes of this host"),
    "route rm": ("route", "RM", "Remove a static route"),
    "network topology": ("network_topology", "TOPOLOGY",
        "Show the lab's network as the kernel has it"),
    "system df": ("system_df", "DF", "Show where the disk space went"),
    "system doctor": ("doctor", "DOCTOR",
        "Say what this host allows, and what that means for the lessons"),
    "system events": ("events", "EVENTS", "Get real time events from the server"),
    "system info": ("info", "INFO", "Display system-wide information"),
    "system prune": ("prune", "SYSTEM", "Remove unused data"),
    "system start": ("engine", "START", "Start the engine (any other command does, when needed)"),
    "system stop": ("engine", "STOP", "Stop all containers and the engine"),
    "version": ("version", "VERSION", "Show the version information of client and engine"),
    "volume create": ("volumes", "CREATE", "Create a volume"),
    "volume export": ("volume_archives", "EXPORT", "Write what a volume holds into a tar archive"),
    "volume import": ("volume_archives", "IMPORT", "Give a volume what a tar archive holds"),
    "volume inspect": ("inspect", "VOLUME", "Display detailed information on one or more volumes"),
    "volume ls": ("volumes", "LS", "List volumes"),
    "volume prune": ("prune", "VOLUMES", "Remove unused local volumes"),
    "volume rm": ("volumes", "RM", "Remove one or more volumes"),
    "wire change": ("wire", "CHANGE", "Change what a wire does to packets"),
    "wire create": ("wire", "CREATE", "Join hosts with a wire"),
    "wire ls": ("wire", "LS", "List wires"),
    "wire rm": ("wire", "RM", "Cut one or more wires"),
    "wire stats": ("wire", "STATS", "Show what went over wires, and what was lost"),
}  # fmt: skip

# other spellings -> path, in the order help lists them
SHORT: dict[str, str] = {
    "builder ls": "builder du",
    "builder build": "image build",
    "build": "image build",
    "container list": "container ls",
    "container ps": "container ls",
    "ps": "container ls",
    "image list": "image ls",
    "images": "image ls",
    "image remove": "image rm",
    "rmi": "image rm",
    "container remove": "container rm",
    "rm": "container rm",
    "network list": "network ls",
    "network remove": "network rm",
    "volume list": "volume ls",
    "volume remove": "volume rm",
    "registry list": "registry ls",
    "route list": "route ls",
    "route remove": "route rm",
    "wire list": "wire ls",
    "wire remove": "wire rm",
    "history": "image history",
    "pull": "image pull",
    "push": "image push",
    "import": "image import",
    "load": "image load",
    "save": "image save",
    "tag": "image tag",
    "info": "system info",
    "events": "system events",
    **{
        name: f"container {name}"
        for name in (
            "attach", "commit", "confinement", "cp", "create", "diff", "exec", "export", "kill",
            "logs", "pause", "port", "rename", "restart", "run", "start", "stats", "stop",
            "top", "unpause", "update", "wait",
        )
    },
}  # fmt: skip

# The objects that have verbs of their own, with their line in help.
OBJECTS: dict[str, str] = {
    "builder": "Manage the cache of builds",
    "container": "Manage containers",
    "image": "Manage images",
    "network": "Manage networks",
    "registry": "Serve images to others, and look into registries",
    "route": "Manage routes between hosts",
    "system": "Manage the engine",
    "volume": "Manage volumes",
    "wire": "Manage wires between hosts",
}

# Top of ``minidocker --help``; the other top-level verbs follow under "Commands".
COMMON = (
    "run", "exec", "ps", "build", "pull", "push", "images", "login", "logout", "version", "info",
)  # fmt: skip


def resolve(path: str) -> str:
    """Return the canonical spelling of ``path``, or "" when there is no such verb."""
    path = SHORT.get(path, path)
    return path if path in COMMANDS else ""


def top_level() -> dict[str, str]:
    """Return the one-word verbs and their summaries."""
    words = {path for path in (*COMMANDS, *SHORT) if " " not in path}
    return {word: COMMANDS[resolve(word)][2] for word in sorted(words)}


def of_object(name: str) -> dict[str, str]:
    """Return the verbs of object ``name`` and their summaries."""
    start = name + " "
    return {
        path.removeprefix(start): COMMANDS[path][2] for path in COMMANDS if path.startswith(start)
    }


def spellings(path: str) -> list[str]:
    """Return every way to write the verb ``path``, the canonical one first."""
    return [path, *(other for other, target in SHORT.items() if target == path)]
