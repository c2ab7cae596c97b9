"""What we say of the rule set is what nft(8) says of it."""

import difflib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pyminidocker.network import nft_read
from pyminidocker.network.firewall import ROUTED, Firewall, NetworkRules, Publication
from pyminidocker.network.netlink import NETLINK_NETFILTER, Netlink
from tests.support.netlab import World, in_world

pytestmark = pytest.mark.requires("nft")

BY_HAND = """
table ip by_hand {
  comment "somebody else's"
  set guests {
    type ipv4_addr
    flags interval
    elements = { 10.1.0.0/16, 192.168.7.9 }
  }
  chain input {
    type filter hook input priority filter + 5; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip saddr @guests tcp dport 22 counter accept comment "ssh"
    ip protocol icmp drop
  }
  chain nat {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.0.0.0/8 oifname "eth0" masquerade
  }
}
"""


def _nft(*words: str, text: str = "") -> str:
    nft = shutil.which("nft", path=f"{os.environ['PATH']}:/usr/sbin")
    assert nft
    run = subprocess.run([nft, *words], input=text, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def _lines(text: str) -> list[str]:
    """One statement a line, blanks even: nft breaks long sets where it likes."""
    joined = re.sub(r",\n\s+", ", ", text)
    return [re.sub(r"\s+", " ", line).strip() for line in joined.splitlines() if line.strip()]


def _difference(ours: str) -> str:
    theirs = _nft("list", "ruleset")
    return "\n".join(difflib.unified_diff(_lines(theirs), _lines(ours), "nft", "ours", n=0))


@in_world
def test_our_own_table(world: World) -> None:
    del world
    firewall = Firewall()
    firewall.setup()
    firewall.add_network(NetworkRules("docker0", "172.17.0.0/16"))
    firewall.add_network(NetworkRules("br-1", "10.1.0.0/24", "fd00::/64", internal=True))
    firewall.add_network(NetworkRules("br-2", "10.2.0.0/24", gateway_mode=ROUTED))
    firewall.publish(Publication("tcp", "0.0.0.0", 8080, "172.17.0.2", 80, "docker0", "web"))
    firewall.publish(
        [
            Publication("udp", "10.0.0.1", 53, "172.17.0.2", 53, "docker0", "dns"),
            Publication("udp", "fd00::1", 53, "fd00::5", 53, "docker0", "dns"),
            Publication("tcp", "0.0.0.0", 81, "10.2.0.2", 80, "br-2", "open"),
        ]
    )
    assert _difference(firewall.ruleset().text()) == ""


@in_world
def test_a_table_that_somebody_else_made(world: World) -> None:
    del world
    _nft("-f", "-", text=BY_HAND)
    with Netlink(NETLINK_NETFILTER) as netlink:
        assert _difference(nft_read.read(netlink).text()) == ""


@in_world
def test_everything_that_people_write(world: World) -> None:
    del world
    _nft("-f", str(Path(__file__).with_name("rules_by_hand.nft")))
    with Netlink(NETLINK_NETFILTER) as netlink:
        assert _difference(nft_read.read(netlink).text()) == ""


@in_world
def test_what_we_do_not_know_is_named_and_not_hidden(world: World) -> None:
    del world
    _nft("add table inet odd")
    _nft("add chain inet odd c")
    _nft("add rule inet odd c limit rate 5/second numgen inc mod 2 0 accept")
    _nft("add rule inet odd c ip dscp cs1 drop")
    with Netlink(NETLINK_NETFILTER) as netlink:
        text = nft_read.read(netlink).text()
    assert "numgen" in text
    assert "accept" in text
    assert "@nh,8,8 & 0xfc == 0x20 drop" in text  # as nft(8) takes it, too
