"""What the engine remembers, in its own words.

``ContainerRecord``, ``ExecRecord``, ``NetworkRecord`` and ``VolumeRecord`` are written to disk as
JSON; Docker's names and wire format are added by ``api/schema.py`` only.  Times are float seconds
since the epoch, 0 = never.
"""

from msgspec import Struct, field

from pyminidocker.engine.resources import DeviceMapping, Resources


class Healthcheck(Struct, omit_defaults=True):
    """An image's or a user's health check; durations in nanoseconds, 0 = Docker's default.

    Attributes:
        test: ``["CMD", word, ...]``, ``["CMD-SHELL", line]``, or ``["NONE"]`` to switch it off.
    """

    test: list[str] = field(default_factory=list)
    interval_ns: int = 0
    timeout_ns: int = 0
    start_period_ns: int = 0
    start_interval_ns: int = 0
    retries: int = 0


class ProbeResult(Struct):
    """One run of a health check.

    Attributes:
        exit_code: 0 is healthy; -1 when it took too long or could not be run.
        output: of stdout and stderr, at most ``health_probe.OUTPUT_BYTES`` and a mark.
    """

    start: float
    end: float
    exit_code: int
    output: str


class HealthState(Struct):
    """What the health check has found so far (Docker's ``State.Health``).

    Attributes:
        status: starting, healthy or unhealthy.
        failing_streak: failures since the last success that count.
        log: the last five results, oldest first.
    """

    status: str = "starting"
    failing_streak: int = 0
    log: list[ProbeResult] = field(default_factory=list)


class ContainerConfig(Struct):
    """What of a container would also make sense on another host (Docker's ``Config``)."""

    image: str = ""
    hostname: str = ""
    domainname: str = ""
    user: str = ""
    env: list[str] = field(default_factory=list)
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    working_dir: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)
    exposed_ports: list[str] = field(default_factory=list)
    tty: bool = False
    open_stdin: bool = False
    stdin_once: bool = False
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    stop_signal: str = ""
    stop_timeout_s: int | None = None
    healthcheck: Healthcheck | None = None
    network_disabled: bool = False
    mac_address: str = ""


class MountRequest(Struct, omit_defaults=True):
    """One ``--mount`` (Docker's HostConfig.Mounts)."""

    type: str = "bind"  # bind | volume | tmpfs
    source: str = ""
    target: str = ""
    read_only: bool = False
    tmpfs_size_bytes: int = 0
    tmpfs_mode: int = 0
    propagation: str = ""
    no_copy: bool = False
    driver: str = ""
    labels: dict[str, str] = field(default_factory=dict)


class RestartPolicy(Struct):
    """no, always, unless-stopped, on-failure[:max]."""

    name: str = "no"
    maximum_retry_count: int = 0


class HostOptions(Struct):
    """What of a container depends on this host (Docker's ``HostConfig``)."""

    binds: list[str] = field(default_factory=list)  # "src:dst[:opts]"
    mounts: list[MountRequest] = field(default_factory=list)
    tmpfs: dict[str, str] = field(default_factory=dict)
    network_mode: str = "default"
    port_bindings: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    publish_all_ports: bool = False
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    auto_remove: bool = False
    read_only: bool = False
    init: bool | None = None
    shm_size_bytes: int = 67_108_864
    cap_add: list[str] = field(default_factory=list)
    cap_drop: list[str] = field(default_factory=list)
    privileged: bool = False
    security_opt: list[str] = field(default_factory=list)
    masked_paths: list[str] | None = None  # None: the usual ones
    readonly_paths: list[str] | None = None
    extra_hosts: list[str] = field(default_factory=list)
    dns: list[str] = field(default_factory=list)
    dns_search: list[str] = field(default_factory=list)
    dns_options: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)  # "container:alias"
    group_add: list[str] = field(default_factory=list)
    ulimits: list[tuple[str, int, int]] = field(default_factory=list)
    volumes_from: list[str] = field(default_factory=list)
    container_id_file: str = ""
    resources: Resources = field(default_factory=Resources)
    oom_score_adj: int = 0
    sysctls: dict[str, str] = field(default_factory=dict)
    devices: list[DeviceMapping] = field(default_factory=list)
    # What the client sent and nothing above has a place for; given back by inspect.
    other: dict[str, object] = field(default_factory=dict)


class ContainerState(Struct):
    """Where a container is in its life.

    ``status`` is one of created, running, paused, restarting, removing, exited, dead.
    """

    status: str = "created"
    pid: int = 0  # as seen from the real host
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    started_at: float = 0.0
    finished_at: float = 0.0
    health: HealthState | None = None  # from the first start on, when there is a check


class MountPoint(Struct):
    """A mount as it was resolved (Docker's ``Mounts`` in inspect)."""

    type: str  # bind | volume | tmpfs
    source: str
    destination: str
    name: str = ""
    driver: str = ""
    mode: str = ""
    rw: bool = True
    propagation: str = ""


class EndpointRecord(Struct, omit_defaults=True):
    """A container's place on one network.

    The ``wish_*`` fields, aliases, links and options are what the user asked for and stay; the
    addresses, the MAC and the links' names are what a running container has, and are empty while
    it does not run.

    Attributes:
        wish_ip: ``--ip``; likewise ``wish_ip6``, ``wish_mac``.
        links: ``container:alias`` of ``--link``.
        gateway_priority: the endpoint with the highest one gives the default route.
        inner_link: the interface's name in the container, ``eth0`` and up.
        host_link: name of the other end, a port of the network's bridge.
    """

    network_id: str = ""
    network_name: str = ""
    endpoint_id: str = ""
    ip_address: str = ""
    prefix_len: int = 0
    gateway: str = ""
    mac_address: str = ""
    aliases: list[str] = field(default_factory=list)
    ip6_address: str = ""
    prefix6_len: int = 0
    gateway6: str = ""
    wish_ip: str = ""
    wish_ip6: str = ""
    wish_mac: str = ""
    link_local_ips: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    driver_opts: dict[str, str] = field(default_factory=dict)
    gateway_priority: int = 0
    inner_link: str = ""
    host_link: str = ""

    def clear(self) -> None:
        """Forget what only a running container has."""
        self.endpoint_id = self.ip_address = self.gateway = self.mac_address = ""
        self.ip6_address = self.gateway6 = self.inner_link = self.host_link = ""
        self.prefix_len = self.prefix6_len = 0


class ContainerRecord(Struct):
    """All that is known of one container.

    Attributes:
        purpose: ``build`` for a step of an image build: nothing of it outlives the engine.
    """

    id: str
    name: str  # without Docker's leading slash
    created: float
    image_id: str  # sha256:...
    image: str  # as the user wrote it
    path: str  # the executable
    args: list[str]
    config: ContainerConfig
    host: HostOptions
    state: ContainerState = field(default_factory=ContainerState)
    mounts: list[MountPoint] = field(default_factory=list)
    endpoints: dict[str, EndpointRecord] = field(default_factory=dict)
    restart_count: int = 0
    stopped_by_user: bool = False
    purpose: str = ""


class ExecRecord(Struct):
    """One ``docker exec``; lives in memory only."""

    id: str
    container_id: str
    args: list[str]
    tty: bool = False
    open_stdin: bool = False
    open_stdout: bool = True
    open_stderr: bool = True
    user: str = ""
    env: list[str] = field(default_factory=list)
    working_dir: str = ""
    privileged: bool = False
    detach_keys: str = ""
    examines: bool = False  # no program: one of ours looks around (see confinement)
    running: bool = False
    exit_code: int | None = None
    pid: int = 0


class NetworkRecord(Struct):
    """A network; ``bridge``, ``host`` and ``none`` are there from the start.

    Attributes:
        subnet: IPv4 subnet, CIDR; ``ip_range`` is the part of it that addresses are given from.
        aux_addresses: name -> address that containers never get; likewise for IPv6.
        bridge: name of its link in the lab.
        has_own_subnet: the user named the IPv4 subnet, so containers may ask for an address.
        has_own_subnet6: likewise for IPv6.
        mtu_bytes: of its links.
        options: ``--opt``, as given; ``icc``, ``masquerade`` and ``gateway_mode`` are read from
            them when the network is made.
        gateway_mode: ``nat``, ``nat-unprotected`` or ``routed``.
        vni: VXLAN network identifier of an overlay, 0 otherwise.
        peers: the other hosts of an overlay, by address.
    """

    id: str
    name: str
    driver: str  # bridge | overlay | host | null
    created: float
    subnet: str = ""
    gateway: str = ""
    bridge: str = ""  # link name in the lab
    internal: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    ip_range: str = ""
    aux_addresses: dict[str, str] = field(default_factory=dict)
    enable_ipv6: bool = False
    subnet6: str = ""
    gateway6: str = ""
    ip_range6: str = ""
    aux_addresses6: dict[str, str] = field(default_factory=dict)
    has_own_subnet: bool = False
    has_own_subnet6: bool = False
    ipam_options: dict[str, str] = field(default_factory=dict)
    attachable: bool = False
    mtu_bytes: int = 1500
    icc: bool = True
    masquerade: bool = True
    gateway_mode: str = "nat"
    vni: int = 0
    peers: list[str] = field(default_factory=list)


class AddressPool(Struct, omit_defaults=True):
    """One ``--subnet`` with its ``--gateway``, ``--ip-range`` and ``--aux-address``."""

    subnet: str = ""
    ip_range: str = ""
    gateway: str = ""
    aux_addresses: dict[str, str] = field(default_factory=dict)


class NetworkRequest(Struct):
    """What ``network create`` asks for."""

    name: str
    driver: str = "bridge"
    internal: bool = False
    attachable: bool = False
    enable_ipv6: bool = False
    pools: list[AddressPool] = field(default_factory=list)
    ipam_driver: str = "default"
    ipam_options: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    # Swarm's: refused when set.
    ingress: bool = False
    config_only: bool = False
    config_from: str = ""
    scope: str = ""


class VolumeRecord(Struct):
    """A named place for data that outlives containers."""

    name: str
    created: float
    mountpoint: str
    driver: str = "local"
    labels: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    anonymous: bool = False


class Event(Struct):
    """Something that happened (``docker events``)."""

    type: str  # container | image | network | volume | daemon
    action: str
    actor_id: str
    attributes: dict[str, str]
    time_ns: int


class LogRecord(Struct):
    """One line (or part of a line) of a container's output."""

    stream: str  # stdout | stderr
    data: bytes
    time_ns: int
