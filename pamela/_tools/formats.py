"""The formats of JSON Schema that a tool's arguments are held against, by small packages and without a grammar to load."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jsonschema import FormatChecker
from rfc3986_validator import validate_rfc3986  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_ASCII = "".join(map(chr, range(0x80)))
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_NOT_IN_IRIS = re.compile("[\x80-\x9f\ud800-\udfff\ufdd0-\ufdef\ufff0-\uffff\U000e0000-\U000e0fff]")
_END_OF_PLANE = 0xFFFE
"""From here on, the code points of each plane are not characters."""
_PRIVATE_OUTSIDE_QUERY = re.compile(f"^[^?]*[{_PRIVATE}]|#.*[{_PRIVATE}]", re.DOTALL)


def format_checker(validator: type[Validator]) -> FormatChecker:
    """Return what checks the formats of a version of JSON Schema, IRIs included."""
    checker = FormatChecker(())
    checker.checkers = {**validator.FORMAT_CHECKER.checkers}
    if "idn-hostname" in checker.checkers:  # a version that has IRIs, too
        checker.checks("iri")(lambda value: _is_iri(value, "URI"))
        checker.checks("iri-reference")(lambda value: _is_iri(value, "URI_reference"))
    return checker


def _is_iri(value: Any, rule: str) -> bool:
    """Return whether a text is an IRI: by RFC 3987, one that is a URI once what is beyond ASCII is escaped."""
    if not isinstance(value, str):
        return True
    if _NOT_IN_IRIS.search(value) or _PRIVATE_OUTSIDE_QUERY.search(value):
        return False
    if any(ord(each) & _END_OF_PLANE == _END_OF_PLANE for each in value):
        return False
    return bool(validate_rfc3986(quote(value, safe=_ASCII), rule=rule))
