"""What the words of a Dockerfile mean: one type for each instruction.

Everything is as it stands in the file.  Variables are not yet put in, because their values depend
on the instructions before, on the base image and on who builds: ``expansion.expanded`` returns the
same instruction with those fields replaced that Docker expands.

See: https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import msgspec


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """What all instructions have.

    Attributes:
        keyword: the instruction's name in capitals.
        line: number of its first line in the file.
        end_line: number of its last line (continuation lines and heredocs included).
        text: the whole instruction as Docker shows it: continuation lines joined, comments among
            them left out, heredocs kept.
    """

    keyword: str
    line: int
    end_line: int
    text: str


class Heredoc(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose content stands in the Dockerfile.

    Attributes:
        name: the word after ``<<``, without quotes: the file's name in COPY, a mere mark in RUN.
        content: the lines up to the mark, each with its end; leading tabs are gone after ``<<-``.
        raw: the same with leading tabs kept, as a shell that understands ``<<-`` wants it.
        expand: variables in the content count (the word was not quoted).
        chomp: it was ``<<-``.
    """

    name: str
    content: str
    raw: str
    expand: bool = True
    chomp: bool = False


class CommandLine(msgspec.Struct, frozen=True, kw_only=True):
    """A command in one of Docker's two forms.

    Attributes:
        words: the program and its arguments (exec form); or one string for the shell (shell form);
            or nothing (``CMD []``).
        is_shell: it is the shell form, to be put behind the words of SHELL.
    """

    words: tuple[str, ...] = ()
    is_shell: bool = False


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """One ``RUN --mount``.

    Attributes:
        type: ``"bind"``, ``"cache"``, ``"tmpfs"``, ``"secret"`` or ``"ssh"``.
        target: where the RUN sees it; "" when the default of its type holds (a secret is then at
            /run/secrets/ID).
        source: path in the stage, image or context it comes from; "" is its root.
        from_: stage, image or context ("" is the build context; for cache: an empty directory).
        id: of a cache (default: its target), secret or ssh.
        read_only: as asked, or the type's default (bind: true).
        sharing: of a cache: ``"shared"``, ``"private"`` or ``"locked"``.
        required: of secret and ssh: it is an error when nobody supplies it.
        mode: permission bits; None for the type's default (cache 0755, secret 0400, ssh 0600).
        uid: owner; None for 0.
        gid: group; None for 0.
        size_bytes: most that a tmpfs may hold; 0 for no limit.
        env: of a secret: the environment variable it is put into; "" for none.
        text: as written, for the cache key and for messages.
    """

    type: str = "bind"
    target: str = ""
    source: str = ""
    from_: str = ""
    id: str = ""
    read_only: bool = False
    sharing: str = "shared"
    required: bool = False
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    size_bytes: int = 0
    env: str = ""
    text: str = ""


class Pair(msgspec.Struct, frozen=True):
    """A key with its value; both may hold variables and quotes (``expanded`` removes them)."""

    key: str
    value: str


class From(Instruction, frozen=True, kw_only=True):
    """``FROM [--platform=P] BASE [AS NAME]``.

    Attributes:
        base: image, earlier stage or ``scratch``; variables of the global scope count.
        name: of the stage, in small letters; "" when it has none.
        platform: ``--platform``; variables of the global scope count.
    """

    base: str
    name: str = ""
    platform: str = ""


class Run(Instruction, frozen=True, kw_only=True):
    """``RUN``: the shell expands its variables, not Docker; only the mounts are expanded here.

    Attributes:
        command: the two forms; with a heredoc, ``command.words[0]`` is the first line.
        heredocs: the files in it, in order.
        script: the shell form's whole text for the shell, heredocs put in; "" for the exec form and
            when ``program`` is set.
        program: the heredoc to be run as a program of its own, because it begins with ``#!``.
        mounts: ``--mount``, in order.
        network: ``"default"``, ``"none"`` or ``"host"``.
        security: ``"sandbox"`` or ``"insecure"``.
    """

    command: CommandLine
    heredocs: tuple[Heredoc, ...] = ()
    script: str = ""
    program: Heredoc | None = None
    mounts: tuple[Mount, ...] = ()
    network: str = "default"
    security: str = "sandbox"


class Cmd(Instruction, frozen=True, kw_only=True):
    """``CMD``: never expanded."""

    command: CommandLine


class Entrypoint(Instruction, frozen=True, kw_only=True):
    """``ENTRYPOINT``: never expanded."""

    command: CommandLine


class Transfer(Instruction, frozen=True, kw_only=True):
    """What COPY and ADD have in common; expanded but for ``from_``.

    Attributes:
        sources: paths and globs (for ADD also URLs), heredocs left out.
        heredocs: files given in the Dockerfile; their content is expanded unless the word was
            quoted.
        destination: as written; a slash at its end matters.
        chown: ``--chown``, or "".
        chmod: ``--chmod``, octal or symbolic, or "".
        link: ``--link``.
        exclude: ``--exclude`` patterns.
    """

    sources: tuple[str, ...]
    destination: str
    heredocs: tuple[Heredoc, ...] = ()
    chown: str = ""
    chmod: str = ""
    link: bool = False
    exclude: tuple[str, ...] = ()


class Copy(Transfer, frozen=True, kw_only=True):
    """``COPY``.

    Attributes:
        from_: stage (name or number), image or named context; "" is the build context.
        parents: ``--parents``.
    """

    from_: str = ""
    parents: bool = False


class Add(Transfer, frozen=True, kw_only=True):
    """``ADD``.

    Attributes:
        checksum: ``--checksum`` of a URL: ``sha256:<hex>``.
        keep_git_dir: ``--keep-git-dir``.
        unpack: ``--unpack``; None leaves it to Docker's rule (local archives yes, URLs no).
    """

    checksum: str = ""
    keep_git_dir: bool = False
    unpack: bool | None = None


class Env(Instruction, frozen=True, kw_only=True):
    """``ENV``: keys and values are expanded, all with what held before the instruction."""

    pairs: tuple[Pair, ...]


class Label(Instruction, frozen=True, kw_only=True):
    """``LABEL``: keys and values are expanded."""

    pairs: tuple[Pair, ...]


class Argument(msgspec.Struct, frozen=True):
    """One name of an ``ARG``; ``default`` is None when it has none (``ARG name``)."""

    key: str
    default: str | None = None


class Arg(Instruction, frozen=True, kw_only=True):
    """``ARG``: defaults are expanded, each with the names before it."""

    arguments: tuple[Argument, ...]


class Expose(Instruction, frozen=True, kw_only=True):
    """``EXPOSE``: expanded; one variable may hold several ports.

    Attributes:
        ports: as written, e.g. ``80``, ``53/udp``, ``8000-8010/tcp``.
    """

    ports: tuple[str, ...]


class Volume(Instruction, frozen=True, kw_only=True):
    """``VOLUME``: paths are expanded."""

    paths: tuple[str, ...]


class User(Instruction, frozen=True, kw_only=True):
    """``USER name[:group]``: expanded."""

    user: str


class Workdir(Instruction, frozen=True, kw_only=True):
    """``WORKDIR``: expanded; a relative path continues the one before."""

    path: str


class StopSignal(Instruction, frozen=True, kw_only=True):
    """``STOPSIGNAL``: expanded."""

    signal: str


class HealthCheck(Instruction, frozen=True, kw_only=True):
    """``HEALTHCHECK``: never expanded.

    Attributes:
        test: ``("NONE",)``, ``("CMD", program, ...)`` or ``("CMD-SHELL", text)``, as in the image's
            configuration.
        interval_ns: nanoseconds, as Docker stores them; 0 is Docker's default.
        timeout_ns: likewise.
        start_period_ns: likewise.
        start_interval_ns: likewise.
        retries: 0 is Docker's default (3).
    """

    test: tuple[str, ...]
    interval_ns: int = 0
    timeout_ns: int = 0
    start_period_ns: int = 0
    start_interval_ns: int = 0
    retries: int = 0


class Shell(Instruction, frozen=True, kw_only=True):
    """``SHELL ["program", "argument"]``: never expanded."""

    words: tuple[str, ...]


class OnBuild(Instruction, frozen=True, kw_only=True):
    """``ONBUILD``: kept in the image, done by the build that starts FROM it.

    Attributes:
        trigger: the instruction's text, as it is kept in the image's ``OnBuild``; read it back with
            ``parser.parse_trigger``.
    """

    trigger: str


class Maintainer(Instruction, frozen=True, kw_only=True):
    """``MAINTAINER``: never expanded; deprecated in favour of a label."""

    name: str


class Directives(msgspec.Struct, frozen=True, kw_only=True):
    """The parser directives at the very top of the file.

    Attributes:
        escape: the escape character, a backslash or a back-quote.
        syntax: the frontend image asked for (noted, never fetched), or "".
        check: the value of ``# check=``, or "".
        skip: rules of build checks that were switched off; ``"all"`` for all of them.
        is_error: ``# check=error=true``: warnings are errors.
    """

    escape: str = "\\"
    syntax: str = ""
    check: str = ""
    skip: tuple[str, ...] = ()
    is_error: bool = False


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of the build checks.

    Attributes:
        rule: its name in Docker's list of build checks.
        text: what is doubtful here.
        line: from 1.
        see: page of the rule.
    """

    rule: str
    text: str
    line: int
    see: str = ""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage: a FROM and what follows it.

    Attributes:
        index: from 0, in the order of the file.
        name: in small letters, or "".
        base: of its FROM, not expanded.
        platform: of its FROM, not expanded.
        from_: the FROM itself.
        instructions: what follows the FROM.
        line: of the FROM.
    """

    index: int
    name: str
    base: str
    platform: str
    from_: From
    instructions: tuple[Instruction, ...]
    line: int


class Dockerfile(msgspec.Struct, frozen=True, kw_only=True):
    """A whole Dockerfile.

    Attributes:
        name: of the file, for messages.
        directives: the lines like ``# escape=``.
        global_args: the ARGs before the first FROM.
        stages: in order.
        warnings: what the build checks say that need no build.
        source: the file's lines without their ends, for excerpts.
    """

    name: str
    directives: Directives
    global_args: tuple[Arg, ...]
    stages: tuple[Stage, ...]
    warnings: tuple[Finding, ...] = ()
    source: tuple[str, ...] = ()
