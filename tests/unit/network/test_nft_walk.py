"""What the rule set would do with a packet that is only thought of."""

from pyminidocker.network import nft_expressions as x
from pyminidocker.network import nft_numbers as n
from pyminidocker.network.attributes import each, parse, text
from pyminidocker.network.nft_decode import Element, NamedSet, RawExpression, decode
from pyminidocker.network.nft_read import Chain, Rule, Ruleset
from pyminidocker.network.nft_walk import Packet, walk

OUT = Packet("br-1", "uplink", "10.1.0.2", "198.51.100.1")


def raw(expressions: x.Expressions) -> list[RawExpression]:
    """Return expressions as they come back from the kernel."""
    listed = [parse(element) for one in expressions for _, element in each(one.data)]
    return [(text(outer[n.NFTA_EXPR_NAME]), parse(outer[n.NFTA_EXPR_DATA])) for outer in listed]


def rule(*expressions: x.Expression) -> Rule:
    listed = raw(list(expressions))
    return Rule(1, decode(listed, n.NFPROTO_INET), "", 0, 0, False, listed)


def chain(
    name: str, *rules: Rule, hook: str = "", policy: str = "accept", priority: int = 0
) -> Chain:
    return Chain(
        "t", "inet", name, "filter", hook, "filter", priority, policy if hook else "", "", 1, rules
    )


def names(set_name: str, *keys: str, kinds: tuple[str, ...] = ("ifname",)) -> NamedSet:
    elements = tuple(Element(key) for key in keys)
    return NamedSet("t", "inet", set_name, kinds, "", 0, "", 1, elements)


def ruleset(*chains: Chain, sets: tuple[NamedSet, ...] = ()) -> Ruleset:
    return Ruleset((), chains, sets)


def test_an_empty_hook_lets_everything_through():
    found = walk(ruleset(), "forward", OUT)
    assert (found.verdict, found.decided_by, found.is_certain) == ("accept", "", True)


def test_the_policy_decides_when_no_rule_does():
    found = walk(ruleset(chain("forward", hook="forward", policy="drop")), "forward", OUT)
    assert (found.verdict, found.decided_by) == ("drop", "chain forward: policy drop")


def test_a_rule_in_a_chain_that_is_jumped_to():
    inner = chain("inner", rule(*x.match_incoming("br-1"), x.drop()))
    outer = chain("forward", rule(x.jump("inner")), rule(x.accept()), hook="forward")
    found = walk(ruleset(inner, outer), "forward", OUT)
    assert found.verdict == "drop"
    assert found.decided_by == 'chain inner: iifname "br-1" drop'
    assert [step.chain.name for step in found.steps] == ["forward", "inner"]
    other = walk(ruleset(inner, outer), "forward", OUT._replace(incoming="br-2"))
    assert other.verdict == "accept"


def test_every_chain_of_a_hook_must_let_it_through():
    """An accept ends its own chain only; one that drops, ends everything."""
    early = chain("early", rule(x.accept()), hook="forward", priority=-10)
    late = chain("late", hook="forward", policy="drop", priority=10)
    assert walk(ruleset(late, early), "forward", OUT).decided_by == "chain late: policy drop"


def test_sets_of_links_and_networks():
    sets = (
        names("bridges", '"br-1"', '"docker0"'),
        names("hidden", "10.1.0.0/16", "192.168.1.5-192.168.1.9", kinds=("ipv4_addr",)),
    )
    hide = rule(
        *x.match_source_in("hidden", n.NFPROTO_IPV4),
        *x.match_outgoing_in("bridges", inverted=True),
        x.masquerade(),
    )
    rules = ruleset(chain("postrouting", hide, hook="postrouting"), sets=sets)
    assert walk(rules, "postrouting", OUT).source_becomes == "masquerade"
    assert walk(rules, "postrouting", OUT._replace(source="192.168.1.7")).source_becomes
    assert not walk(rules, "postrouting", OUT._replace(source="10.2.0.2")).source_becomes
    assert not walk(rules, "postrouting", OUT._replace(outgoing="docker0")).source_becomes


def test_pairs_of_links():
    sets = (names("within", '"br-1" . "br-1"', kinds=("ifname", "ifname")),)
    inside = chain("forward", rule(*x.match_links_in("within"), x.drop()), hook="forward")
    assert walk(ruleset(inside, sets=sets), "forward", OUT).verdict == "accept"
    back = OUT._replace(outgoing="br-1")
    assert walk(ruleset(inside, sets=sets), "forward", back).verdict == "drop"


def test_connections_are_told_by_their_state():
    known = chain("forward", rule(*x.match_known(), x.accept()), hook="forward", policy="drop")
    assert walk(ruleset(known), "forward", OUT).verdict == "drop"
    answer = OUT._replace(state=n.CT_STATE_ESTABLISHED)
    assert walk(ruleset(known), "forward", answer).verdict == "accept"
    translated = chain("forward", rule(*x.match_translated(), x.drop()), hook="forward")
    assert walk(ruleset(translated), "forward", OUT._replace(is_translated=True)).verdict == "drop"
    assert walk(ruleset(translated), "forward", OUT).verdict == "accept"


def test_ports_and_addresses():
    ssh = chain(
        "forward",
        rule(*x.match_destination("198.51.100.0", 24), *x.match_port("tcp", 22), x.drop()),
        hook="forward",
    )
    assert walk(ruleset(ssh), "forward", OUT._replace(port=22)).verdict == "drop"
    assert walk(ruleset(ssh), "forward", OUT).verdict == "accept"
    assert walk(ruleset(ssh), "forward", OUT._replace(port=22, protocol="udp")).verdict == "accept"


def test_ipv6_is_another_family():
    packet = Packet("br-1", "uplink", "fd00::2", "2001:db8::1")
    only4 = chain("forward", rule(*x.match_ipv4(), x.drop()), hook="forward")
    assert walk(ruleset(only4), "forward", packet).verdict == "accept"
    assert walk(ruleset(only4), "forward", OUT).verdict == "drop"


def test_what_is_not_known_does_not_match_and_is_said():
    odd = Rule(1, "<numgen>", "", 0, 0, False, [("numgen", {})])
    found = walk(ruleset(chain("forward", odd, rule(x.drop()), hook="forward")), "forward", OUT)
    assert (found.verdict, found.is_certain) == ("drop", False)


def test_a_rejection_ends_it_too():
    refuse = chain("forward", rule(x.counter(), x.reject_admin_prohibited()), hook="forward")
    assert walk(ruleset(refuse), "forward", OUT).verdict == "reject"


def test_chains_that_call_each_other_end():
    loop = chain("loop", rule(x.jump("loop")))
    first = chain("forward", rule(x.jump("loop")), hook="forward")
    assert walk(ruleset(loop, first), "forward", OUT).verdict == "accept"
