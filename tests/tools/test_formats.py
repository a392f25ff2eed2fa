"""The formats that a tool's own input schema may name: each is checked, with what the extra `tools` installs."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pamela._tools.formats import format_checker

CHECKER = format_checker(Draft202012Validator)

RIGHT_AND_WRONG = {
    "date": ("2026-03-14", "2026-02-30"),
    "date-time": ("2026-03-14T10:00:00Z", "2026-03-14"),
    "duration": ("PT30M", "30 minutes"),
    "email": ("john@acme.test", "john"),
    "hostname": ("acme.test", "-acme.test"),
    "idn-email": ("jörg@acme.test", "jörg"),
    "idn-hostname": ("bücher.test", "\u302ea"),
    "ipv4": ("192.0.2.1", "192.0.2.256"),
    "ipv6": ("2001:db8::1", "2001:db8::g"),
    "iri": ("https://bücher.test/größe?q=ü#ß", "//bücher.test/"),
    "iri-reference": ("/größe?q=ü", "\\größe"),
    "json-pointer": ("/a/0", "a/0"),
    "regex": ("^a+$", "("),
    "relative-json-pointer": ("1/a", "/a"),
    "time": ("10:00:00Z", "25:00:00Z"),
    "uri": ("https://acme.test/?q=1", "https://bücher.test/"),
    "uri-reference": ("/orders/1042", "\\orders"),
    "uri-template": ("/orders/{id}", "/orders/{id"),
    "uuid": ("8f14e45f-ceea-467f-a9a6-34c1d2f5a6b7", "8f14e45f"),
}


def test_every_format_of_the_newest_draft_is_checked() -> None:
    assert CHECKER.checkers.keys() == RIGHT_AND_WRONG.keys()


@pytest.mark.parametrize(("name", "right", "wrong"), [(name, *each) for name, each in RIGHT_AND_WRONG.items()])
def test_a_format_takes_what_is_right_and_nothing_else(name: str, right: str, wrong: str) -> None:
    assert (CHECKER.conforms(right, name), CHECKER.conforms(wrong, name)) == (True, False)
    assert CHECKER.conforms(1042, name)


@pytest.mark.parametrize(
    ("text", "is_iri"),
    [
        ("http://a/?\ue000", True),
        ("http://a/\ue000", False),
        ("http://a/#\ue000", False),
        ("http://a/\x80", False),
        ("http://a/\ud800", False),
        ("http://a/\ufffe", False),
        ("http://a/\U0001fffe", False),
        ("http://a/\U0001f600", True),
        ("http://a/%zz", False),
        ("http://a b/", False),
        ("", False),
    ],
)
def test_an_iri_has_the_characters_of_rfc_3987(text: str, is_iri: bool) -> None:
    assert CHECKER.conforms(text, "iri") is is_iri


@given(st.text(max_size=30))
def test_a_uri_is_an_iri_and_what_has_only_ascii_is_no_iri_unless_it_is_a_uri(text: str) -> None:
    for uri, iri in (("uri", "iri"), ("uri-reference", "iri-reference")):
        if text.isascii():
            assert CHECKER.conforms(text, uri) == CHECKER.conforms(text, iri)
        else:
            assert not CHECKER.conforms(text, uri)


def test_no_format_needs_the_package_that_reads_a_grammar_when_it_is_imported() -> None:
    code = (
        "import sys; sys.modules['rfc3987_syntax'] = None\n"
        "from jsonschema import Draft202012Validator\n"
        "from pamela._tools.formats import format_checker\n"
        "print(*format_checker(Draft202012Validator).checkers)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()) == RIGHT_AND_WRONG.keys()
