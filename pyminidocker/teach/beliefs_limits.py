"""Beliefs about limits that do not hold; see ``misconceptions``."""

from __future__ import annotations

from pyminidocker.teach.belief import Belief

BELIEFS = {
    "malloc-fails": Belief(
        "A program that takes more memory than its limit gets an error.",
        "Asking succeeds, using does not: at the limit the kernel kills a process, without a word.",
        "11",
    ),
    "limit-kills": Belief(
        "Whoever reaches a limit is killed.",
        "Only memory is like that. Processor time makes wait, the number of processes makes fork "
        "fail.",
        "11",
    ),
    "shares-are-limits": Belief(
        "A small cpu share is a limit.",
        "A share counts only while others want the same processor; alone, everybody gets all of "
        "it.",
        "11",
    ),
    "bomb-kills-host": Belief(
        "A container can always bring its machine down.",
        "It can as long as nobody limits it; with limits, its neighbours hardly notice.",
        "11",
    ),
    "limit-needs-new": Belief(
        "For another limit a container has to be made anew.",
        "A limit is a number in a file of its control group; it can be changed while it runs.",
        "11",
    ),
    "cache-is-use": Belief(
        "A container whose memory is full is about to be killed.",
        "Full with page cache is not full: the kernel takes the cache back first.",
        "11",
    ),
}
