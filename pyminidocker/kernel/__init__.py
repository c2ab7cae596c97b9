"""The kernel's container facilities, one small file each.

Functions carry the names of the man pages, take their arguments in the man pages' order and raise
``SyscallError`` (an ``OSError``) when the kernel says no.  Nothing in this room knows what a
container is, and nothing in it needs more than the standard library and ctypes; but for
``cgroup.systemd``, which asks by D-Bus.
"""
