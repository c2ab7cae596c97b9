"""Image names: Docker's short forms, its grammar, its words for what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyminidocker.errors import InvalidArgument
from pyminidocker.oci.reference import Reference, parse, parse_any

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("busybox", "docker.io/library/busybox", "busybox"),
        ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
        ("library/busybox", "docker.io/library/busybox", "busybox"),
        ("docker.io/busybox", "docker.io/library/busybox", "busybox"),
        ("index.docker.io/library/busybox", "docker.io/library/busybox", "busybox"),
        ("me/app:x", "docker.io/me/app:x", "me/app:x"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("host:5000/a/b:t", "host:5000/a/b:t", "host:5000/a/b:t"),
        ("Host/app", "Host/app", "Host/app"),
        ("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"),
        (f"busybox@{DIGEST}", f"docker.io/library/busybox@{DIGEST}", f"busybox@{DIGEST}"),
        (
            f"example.com/a__b-c.d:T_1@{DIGEST}",
            f"example.com/a__b-c.d:T_1@{DIGEST}",
            f"example.com/a__b-c.d:T_1@{DIGEST}",
        ),
    ],
)
def test_short_forms_are_filled_in_and_taken_back(text, full, familiar):
    reference = parse(text)
    assert str(reference) == full
    assert reference.familiar == familiar


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "a:",
        "a@",
        "-a",
        "a//b",
        "a/",
        "/a",
        "a:b:c",
        "a b",
        "a:" + "x" * 129,
        "a@sha256:ab",
    ],
)
def test_nonsense_is_refused(text):
    with pytest.raises(InvalidArgument, match="invalid reference format"):
        parse(text)


def test_upper_case_gets_its_own_explanation():
    with pytest.raises(InvalidArgument, match="must be lowercase"):
        parse("BusyBox")


def test_an_image_id_is_no_name():
    with pytest.raises(InvalidArgument, match="cannot specify 64-byte hexadecimal"):
        parse("ab" * 32)
    assert parse_any("ab" * 32) == DIGEST
    assert parse_any(DIGEST) == DIGEST


def test_names_may_have_255_characters():
    parse("a" * 247)  # library/ counts
    with pytest.raises(InvalidArgument, match="255"):
        parse("a" * 248)


def test_the_default_tag_is_for_names_without_tag_and_digest():
    assert parse("a").with_default_tag().tag == "latest"
    assert parse("a:b").with_default_tag().tag == "b"
    assert parse(f"a@{DIGEST}").with_default_tag().tag == ""


def test_with_tag_checks_the_tag():
    assert parse("a:old").with_tag("new").familiar == "a:new"
    with pytest.raises(InvalidArgument, match="tag"):
        parse("a").with_tag("no/slash")


components = st.from_regex(r"[a-z0-9]+(?:(?:[._]|__|-{1,3})[a-z0-9]+){0,2}", fullmatch=True)
references = st.builds(
    Reference,
    domain=st.sampled_from(["docker.io", "localhost", "host:5000", "a.b-c.d", "[::1]:80"]),
    path=st.lists(components, min_size=1, max_size=3)
    .map("/".join)
    .filter(lambda path: len(path) < 200),
    tag=st.just("") | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True),
    digest=st.just("") | st.just(DIGEST),
)


@given(references)
def test_what_is_written_is_read_back(reference):
    if reference.domain == "docker.io" and "/" not in reference.path:
        reference = Reference(
            "docker.io", f"library/{reference.path}", reference.tag, reference.digest
        )
    if len(reference.path) == 64 and "/" not in reference.path:
        return
    assert parse(str(reference)) == reference


@given(references)
def test_the_familiar_form_means_the_same(reference):
    first = reference.path.split("/")[0]
    if reference.domain == "docker.io" and (
        "/" not in reference.path or "." in first or first == "localhost"
    ):
        return  # such a path does not exist at Docker's own registry
    assert parse(reference.familiar) == reference


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        reference = parse_any(text)
    except InvalidArgument:
        return
    if isinstance(reference, Reference):
        assert parse(str(reference)) == reference
