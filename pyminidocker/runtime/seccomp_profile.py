"""Docker's default seccomp profile: an allow-list of harmless system calls.

Some calls depend on capabilities the container has, some on arguments: ``clone`` may not make
namespaces, ``personality`` may not switch off address randomisation, ``socket`` may not reach the
hypervisor.  ``clone3`` hides its flags in memory, where a filter cannot look, so it "does not
exist" and C libraries fall back to ``clone``.

See: moby profiles/seccomp/default_linux.go (as of moby 25, which took io_uring out); seccomp(2).
"""

import errno

from pyminidocker.kernel.libc import MACHINE
from pyminidocker.kernel.seccomp import ALLOW, Case, Choice, Fate, compile_filter, fail_with
from pyminidocker.kernel.syscalls import AUDIT_ARCHITECTURES, syscall_numbers

_ALWAYS = (
    "accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown "
    "clock_adjtime clock_getres clock_gettime clock_nanosleep close close_range connect "
    "copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old "
    "epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit "
    "exit_group faccessat faccessat2 fadvise64 fallocate fanotify_mark fchdir fchmod fchmodat "
    "fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fork fremovexattr "
    "fsetxattr fstat fstatfs fsync ftruncate futex futex_requeue futex_wait futex_waitv "
    "futex_wake futimesat getcpu getcwd getdents getdents64 getegid geteuid getgid getgroups "
    "getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid "
    "getresuid getrlimit get_robust_list getrusage getsid getsockname getsockopt get_thread_area "
    "gettid gettimeofday getuid getxattr getxattrat inotify_add_watch inotify_init inotify_init1 "
    "inotify_rm_watch io_cancel ioctl io_destroy io_getevents io_pgetevents ioprio_get ioprio_set "
    "io_setup io_submit kill landlock_add_rule landlock_create_ruleset landlock_restrict_self "
    "lchown lgetxattr link linkat listen listxattr listxattrat llistxattr lremovexattr lseek "
    "lsetxattr lstat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir "
    "mkdirat mknod mknodat mlock mlock2 mlockall mmap mprotect mq_getsetattr mq_notify mq_open "
    "mq_timedreceive mq_timedsend mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync "
    "munlock munlockall munmap name_to_handle_at nanosleep newfstatat open openat openat2 pause "
    "pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll prctl "
    "pread64 preadv preadv2 prlimit64 process_mrelease process_vm_readv process_vm_writev "
    "pselect6 ptrace pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recvfrom "
    "recvmmsg recvmsg remap_file_pages removexattr removexattrat rename renameat renameat2 "
    "restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
    "rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_getaffinity sched_getattr "
    "sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler "
    "sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler "
    "sched_yield seccomp select semctl semget semop semtimedop sendfile sendmmsg sendmsg sendto "
    "setfsgid setfsuid setgid setgroups setitimer setpgid setpriority setregid setresgid "
    "setresuid setreuid setrlimit set_robust_list setsid setsockopt set_thread_area "
    "set_tid_address setuid setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack "
    "signalfd signalfd4 socketpair splice stat statfs statx symlink symlinkat sync "
    "sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun "
    "timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill "
    "truncate umask uname unlink unlinkat utime utimensat utimes vfork vmsplice wait4 waitid "
    "write writev arch_prctl modify_ldt"
)

_WITH_CAPABILITY = {
    "CAP_DAC_READ_SEARCH": "open_by_handle_at",
    "CAP_SYS_ADMIN": (
        "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount "
        "mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname "
        "sethostname setns syslog umount2 unshare listmount statmount"
    ),
    "CAP_SYS_BOOT": "reboot",
    "CAP_SYS_CHROOT": "chroot",
    "CAP_SYS_MODULE": "delete_module init_module finit_module",
    "CAP_SYS_PACCT": "acct",
    "CAP_SYS_PTRACE": "kcmp pidfd_getfd process_madvise",
    "CAP_SYS_RAWIO": "iopl ioperm",
    "CAP_SYS_TIME": "settimeofday clock_settime",
    "CAP_SYS_TTY_CONFIG": "vhangup",
    "CAP_SYS_NICE": "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
    "CAP_SYSLOG": "syslog",
    "CAP_BPF": "bpf",
    "CAP_PERFMON": "perf_event_open",
}

_CHOWN_FAMILY = "chown fchown fchownat lchown"

_ALL_BITS = (1 << 64) - 1
_NAMESPACE_FLAGS = 0x7E020000  # every CLONE_NEW* that clone(2) knows
_AF_VSOCK = 40
_PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)  # Linux, 32 bits, UNAME26, both, "ask"


def default_filter(
    capabilities: "list[str] | tuple[str, ...]", *, single_id: bool = False, machine: str = MACHINE
) -> bytes:
    """Return Docker's default filter as a BPF program.

    Args:
        capabilities: what the container has; each opens the calls it is for.
        single_id: the lab has one user id, so every change of owner would fail.  The chown family
            then does nothing and says it succeeded, which lets package managers unpack.
        machine: ``x86_64`` or ``aarch64``.

    Raises:
        KeyError: another processor.

    See: moby profiles/seccomp/default.json.
    """
    numbers = syscall_numbers(machine)
    refuse = fail_with(errno.EPERM)
    table: dict[int, Fate] = {}

    def decide(names: str, fate: Fate) -> None:
        for name in names.split():
            if name in numbers:
                table[numbers[name]] = fate

    decide(_ALWAYS, ALLOW)
    decide("socket", Choice([Case(0, _ALL_BITS, _AF_VSOCK, refuse)], ALLOW))
    allowed = [Case(0, _ALL_BITS, value, ALLOW) for value in _PERSONALITIES]
    decide("personality", Choice(allowed, refuse))
    decide("clone", Choice([Case(0, _NAMESPACE_FLAGS, 0, ALLOW)], refuse))
    decide("clone3", fail_with(errno.ENOSYS))
    if single_id:
        decide(_CHOWN_FAMILY, fail_with(0))
    for capability, names in _WITH_CAPABILITY.items():
        if capability in capabilities:
            decide(names, ALLOW)
    # The rest of what this table knows is refused; what it does not know yet "does not exist", so
    # that programs fall back to what they did before.
    table.setdefault(max(numbers.values()), refuse)
    return compile_filter(
        table,
        default=refuse,
        beyond=fail_with(errno.ENOSYS),
        foreign=fail_with(errno.ENOSYS),
        processor=AUDIT_ARCHITECTURES[machine],
    )
