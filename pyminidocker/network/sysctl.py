"""Network settings below /proc/sys/net: they are those of the calling thread's network namespace.

IPv6 is off in the lab and in containers unless a network has an IPv6 subnet.  A link with IPv6
sends router solicitations, multicast reports and duplicate address checks as soon as it is up, and
a capture of a first lesson would be full of them.  Where a network wants it, it is switched on for
that one link, with what would make its address wait (duplicate address detection takes a second)
switched off.

See: Documentation/networking/ip-sysctl.rst in the kernel's sources.
"""

import errno
import os

_IPV6 = "net/ipv6/conf"
# Where the module br_netfilter is loaded (dockerd does that), frames between two ports of a bridge
# would be shown to the rules for routed packets; ours are about routed packets.
PLAIN_BRIDGES = (
    ("net/bridge/bridge-nf-call-iptables", "0"),
    ("net/bridge/bridge-nf-call-ip6tables", "0"),
    ("net/bridge/bridge-nf-call-arptables", "0"),
)


def read(name: str) -> str:
    """Return a setting, stripped, or an empty string where the kernel has none of that name."""
    try:
        fd = os.open(f"/proc/sys/{name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(fd, 256).decode().strip()
        finally:
            os.close(fd)
    except OSError:
        return ""


def write(name: str, value: str) -> None:
    """Change a setting.

    Raises:
        OSError: ENOENT (not in this kernel, or no such link), EROFS, EACCES (a container or sandbox
            around us), EINVAL.
    """
    fd = os.open(f"/proc/sys/{name}", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def try_write(*settings: tuple[str, str]) -> list[str]:
    """Change settings; returns what was refused, a line each.  What the kernel lacks is skipped."""
    refused = []
    for name, value in settings:
        try:
            write(name, value)
        except OSError as error:
            if error.errno != errno.ENOENT:
                refused.append(f"cannot set {name}: {error.strerror}")
    return refused


def switch_off_ipv6() -> list[str]:
    """Switch IPv6 off for all links of the namespace, and for those to come; once.

    Writing it again would also hit links for which it has been switched on since.
    """
    if read(f"{_IPV6}/all/disable_ipv6") != "0":
        return []
    return try_write((f"{_IPV6}/all/disable_ipv6", "1"))


def switch_on_ipv6(link: str) -> None:
    """Switch IPv6 on for one link that is down; its addresses can be used at once.

    Raises:
        OSError: EAFNOSUPPORT (a kernel without IPv6), EROFS, EACCES.
    """
    if not read(f"{_IPV6}/all/disable_ipv6"):
        raise OSError(errno.EAFNOSUPPORT, "this kernel has no IPv6, or ipv6.disable=1")
    directory = f"{_IPV6}/{link}"
    write(f"{directory}/accept_dad", "0")
    write(f"{directory}/accept_ra", "0")
    write(f"{directory}/disable_ipv6", "0")


def forward_ipv6() -> None:
    """Make the namespace route IPv6 between its links; the switch is one for all of them.

    Raises:
        OSError: as for ``write``.
    """
    if read(f"{_IPV6}/all/forwarding") == "0":
        write(f"{_IPV6}/all/forwarding", "1")
