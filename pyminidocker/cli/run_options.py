"""The options that ``run`` and ``create`` share, as Docker words them."""

from __future__ import annotations

from pyminidocker.cli.command import Option

# also of ``update``
LIMITS = (
    Option(
        "--blkio-weight",
        "uint16",
        "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)",
    ),
    Option("--cpu-period", "int", "Limit CPU CFS (Completely Fair Scheduler) period"),
    Option("--cpu-quota", "int", "Limit CPU CFS (Completely Fair Scheduler) quota"),
    Option("--cpu-rt-period", "int", ""),
    Option("--cpu-rt-runtime", "int", ""),
    Option("-c, --cpu-shares", "int", "CPU shares (relative weight)"),
    Option("--cpus", "decimal", "Number of CPUs"),
    Option("--cpuset-cpus", "string", "CPUs in which to allow execution (0-3, 0,1)"),
    Option("--cpuset-mems", "string", "MEMs in which to allow execution (0-3, 0,1)"),
    Option("--kernel-memory", "bytes", ""),
    Option("-m, --memory", "bytes", "Memory limit"),
    Option("--memory-reservation", "bytes", "Memory soft limit"),
    Option(
        "--memory-swap",
        "bytes",
        "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
    ),
    Option("--pids-limit", "int", "Tune container pids limit (set -1 for unlimited)"),
)
_OF_CREATION = (
    Option("--blkio-weight-device", "list", "Block IO weight (relative device weight)"),
    Option("--cgroup-parent", "string", ""),
    Option("--cgroupns", "string", ""),
    Option("--device", "list", "Add a host device to the container"),
    Option("--device-cgroup-rule", "list", ""),
    Option("--device-read-bps", "list", "Limit read rate (bytes per second) from a device"),
    Option("--device-read-iops", "list", "Limit read rate (IO per second) from a device"),
    Option("--device-write-bps", "list", "Limit write rate (bytes per second) to a device"),
    Option("--device-write-iops", "list", "Limit write rate (IO per second) to a device"),
    Option("--memory-swappiness", "int", "Tune container memory swappiness (0 to 100)", -1),
    Option("--oom-kill-disable", "bool", ""),
    Option("--oom-score-adj", "int", "Tune host's OOM preferences (-1000 to 1000)"),
    Option("--sysctl", "map", "Sysctl options"),
    Option("--ulimit", "ulimit", "Ulimit options"),
)
_COMMON = (
    Option("--add-host", "list", "Add a custom host-to-IP mapping (host:ip)"),
    Option("-a, --attach", "list", "Attach to STDIN, STDOUT or STDERR"),
    Option("--cap-add", "list", "Add Linux capabilities"),
    Option("--cap-drop", "list", "Drop Linux capabilities"),
    Option("--cidfile", "string", "Write the container ID to the file"),
    Option("--dns", "list", "Set custom DNS servers"),
    Option("--dns-option", "list", "Set DNS options"),
    Option("--dns-search", "list", "Set custom DNS search domains"),
    Option("--domainname", "string", "Container NIS domain name"),
    Option("--entrypoint", "string", "Overwrite the default ENTRYPOINT of the image"),
    Option("-e, --env", "list", "Set environment variables"),
    Option("--env-file", "list", "Read in a file of environment variables"),
    Option("--expose", "list", "Expose a port or a range of ports"),
    Option("--group-add", "list", "Add additional groups to join"),
    Option("--health-cmd", "string", "Command to run to check health"),
    Option(
        "--health-interval",
        "duration",
        "Time between running the check (ms|s|m|h) (default 0s)",
    ),
    Option("--health-retries", "int", "Consecutive failures needed to report unhealthy"),
    Option(
        "--health-start-interval",
        "duration",
        "Time between running the check during the start period (ms|s|m|h) (default 0s)",
    ),
    Option(
        "--health-start-period",
        "duration",
        "Start period for the container to initialize before starting health-retries countdown"
        " (ms|s|m|h) (default 0s)",
    ),
    Option(
        "--health-timeout",
        "duration",
        "Maximum time to allow one check to run (ms|s|m|h) (default 0s)",
    ),
    Option("-h, --hostname", "string", "Container host name"),
    Option(
        "--init",
        "bool",
        "Run an init inside the container that forwards signals and reaps processes",
    ),
    Option("-i, --interactive", "bool", "Keep STDIN open even if not attached"),
    Option("--ip", "string", "IPv4 address (e.g., 172.30.100.104)"),
    Option("--ip6", "string", "IPv6 address (e.g., 2001:db8::33)"),
    Option("-l, --label", "list", "Set meta data on a container"),
    Option("--label-file", "list", "Read in a line delimited file of labels"),
    Option("--link", "list", "Add link to another container"),
    Option("--link-local-ip", "list", "Container IPv4/IPv6 link-local addresses"),
    Option("--mac-address", "string", "Container MAC address (e.g., 92:d0:c6:0a:29:33)"),
    Option("--mount", "mount", "Attach a filesystem mount to the container"),
    Option("--name", "string", "Assign a name to the container"),
    Option("--network", "network", "Connect a container to a network"),
    Option("--net", "network", ""),
    Option("--network-alias", "list", "Add network-scoped alias for the container"),
    Option("--net-alias", "list", ""),
    Option("--no-healthcheck", "bool", "Disable any container-specified HEALTHCHECK"),
    Option("--privileged", "bool", "Give extended privileges to this container"),
    Option("-p, --publish", "list", "Publish a container's port(s) to the host"),
    Option("-P, --publish-all", "bool", "Publish all exposed ports to random ports"),
    Option("--platform", "string", "Set platform if server is multi-platform capable"),
    Option(
        "--pull", "string", 'Pull image before running ("always", "missing", "never")', "missing"
    ),
    Option("-q, --quiet", "bool", "Suppress the pull output"),
    Option("--read-only", "bool", "Mount the container's root filesystem as read only"),
    Option("--restart", "string", "Restart policy to apply when a container exits", "no"),
    Option(
        "--rm",
        "bool",
        "Automatically remove the container and its associated anonymous volumes when it exits",
    ),
    Option("--security-opt", "list", "Security Options"),
    Option("--shm-size", "bytes", "Size of /dev/shm"),
    Option("--stop-signal", "string", "Signal to stop the container"),
    Option("--stop-timeout", "int", "Timeout (in seconds) to stop a container"),
    Option("--tmpfs", "list", "Mount a tmpfs directory"),
    Option("-t, --tty", "bool", "Allocate a pseudo-TTY"),
    Option("-u, --user", "string", "Username or UID (format: <name|uid>[:<group|gid>])"),
    Option("--userns", "string", "User namespace to use"),
    Option("-v, --volume", "list", "Bind mount a volume"),
    Option("--volumes-from", "list", "Mount volumes from the specified container(s)"),
    Option("-w, --workdir", "string", "Working directory inside the container"),
)
COMMON = tuple(sorted((*_COMMON, *LIMITS, *_OF_CREATION), key=lambda one: one.long))
LIMITING = frozenset(option.long for option in (*LIMITS, *_OF_CREATION))
ONLY_RUN = (
    Option("-d, --detach", "bool", "Run container in background and print container ID"),
    Option("--detach-keys", "string", "Override the key sequence for detaching a container"),
    Option("--sig-proxy", "bool", "Proxy received signals to the process", True),
)
