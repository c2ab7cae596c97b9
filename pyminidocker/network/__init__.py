"""The lab's network: bridges, veth pairs, addresses, rules, and the way out.

Everything here talks to the kernel by netlink(7); no program is run.  ``lab`` is the front door,
``ipam`` hands out addresses, ``endpoints`` composes what connects one container, ``rules`` holds
the nftables rule set, ``egress`` (with ``proxy`` and ``dns_relay``) carries traffic to the outside
through a process that stays on the real host, ``topology`` reads back what the kernel has.
"""
