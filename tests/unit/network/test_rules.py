"""The rule set as data and as text."""

from pyminidocker.network import nftables, rules


def test_rules_read_like_nft() -> None:
    text = rules.describe([*rules.closing_chains(), *rules.egress_chains(4711)])
    assert (
        text
        == """\
table inet minidocker {
    chain forward {  # filter hook 2, priority 0
        oifname "uplink" counter reject with icmpx admin-prohibited \
comment "no way out as packets"
    }
    chain output_left {  # filter hook 3, priority 0
        oifname "uplink" meta nfproto ipv4 ip daddr != @lab_networks counter \
reject with icmpx admin-prohibited comment "no way out as packets"
    }
    chain way_out {
        meta l4proto tcp counter redirect to :4711 comment "TCP: to the proxy"
        meta l4proto udp udp dport 53 counter redirect to :53 comment "DNS: to the relay"
    }
    chain prerouting {  # nat hook 0, priority -100
        meta nfproto ipv4 ip daddr != @lab_networks jump way_out \
comment "from containers to the outside"
    }
    chain output {  # nat hook 3, priority -100
        oifname "uplink" jump way_out comment "from the lab itself (host mode) to the outside"
    }
}"""
    )


def test_chains_come_before_rules() -> None:
    kinds = [request[4] for request in rules.chain_requests(rules.egress_chains(1))]
    assert kinds == sorted(kinds)
    assert set(kinds) == {nftables.NFT_MSG_NEWCHAIN, nftables.NFT_MSG_NEWRULE}


def test_a_network_is_an_interval() -> None:
    request = rules.network_request("10.9.0.0/24")
    assert bytes([10, 9, 0, 0]) in request
    assert bytes([10, 9, 1, 0]) in request
