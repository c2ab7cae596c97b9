"""The lab's network: bridges, veth pairs, addresses, rules, and the way out.

Everything here talks to the kernel by netlink(7); no program is run.  ``lab`` is the front door,
``ipam`` hands out addresses, ``endpoints`` composes what connects one container, ``rules`` holds
the nftables rule set, ``topology`` reads back what the kernel has.  ``agent`` is the process that
stays on the real machine: it carries traffic to the outside (``egress``, ``proxy``, ``dns_relay``)
and from the machine's published ports to containers (``forward``, ``forward_udp``).
"""
