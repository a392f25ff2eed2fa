"""Decides whether the key, number or task in a response is certainly another than the one that was sent.

Services may return values masked, hashed, cut off or in another spelling. Only a value that is certainly another one
counts: a wrong decision could place a call twice.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import md5, sha1, sha256, sha512
from html import unescape
from typing import TYPE_CHECKING
from unicodedata import normalize
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LETTERS_COMPARED = 4
"""Number of letters at the beginning of a task to compare. The rest may be cut off or spelled otherwise."""
MASKED_PART = re.compile(r"(?:[*\u2022\u2026\u25cf\u2588]|[#?]{2,}|[._-]{3,}|(?<![^\W_])x{3,}(?![^\W_])|x{4,})+")
"""Characters that stand for hidden letters in a text."""
HIDDEN_WORDS = r"redacted|hidden|masked|filtered|removed|omitted|truncated|obfuscated|encrypted"
HIDDEN_TEXT = re.compile(
    rf"\W*(?:x*|{HIDDEN_WORDS}|deleted|withheld|restricted|confidential|sensitive|protected|classified|secret|private|pii"
    r"|none|null|undefined|string|n/a|unavailable|not\W(?:available|shown|disclosed|set))\W*"
    r"|\[.*\]|<.*>"
)
"""Words that stand for a hidden text."""
HIDDEN_MARK = re.compile(rf"[\W_]*(?:is_?)?(?:{HIDDEN_WORDS})[\W_]*")
"""Names and values which say that a part of an object is hidden."""
ENCRYPTED = re.compile(r"\w{0,20}(?:enc|crypt|cipher|vault|kms|tok)\w{0,20}:.+")
"""An encrypted text: `vault:v1:...`."""
LONGEST_HIDDEN_TEXT = 40
SHORTEST_FOUND_INSIDE = 6
"""Minimum length of a key to search for inside other texts, because they contain shorter ones by chance."""
SHORTEST_CUT = 16
"""Minimum length of a key that a service has cut off. A shorter key with the same beginning is another key."""
SHORTEST_DIGEST = 8
EQUAL_DIGITS = re.compile(r"([0-9])\1{2,}|00$")
"""Repeated digits, which may stand for hidden digits in a number."""
ADDED_DIGITS = "019"
"""Digits that services add to a number after the country code or area code: a trunk prefix as in +49 030, or a mobile
prefix as in +52 1, +54 9 and +55 11 9."""
LAST_ADDED_DIGIT = 6
"""Last position of such a digit."""
PLAIN_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
URL_SAFE = str.maketrans("+/", "-_")
HEX = re.compile(r"[0-9a-fA-F]+")
DIGESTS = (md5, sha1, sha256, sha512)


def is_another_key(wanted: str, shown: str, *, may_be_cut: bool = False) -> bool:
    """Return whether a text is certainly another key, and not another form of the wanted one.

    Args:
        wanted: The wanted key.
        shown: The key in a response.
        may_be_cut: Whether `shown` may always be the beginning of a longer key.
    """
    ours, theirs = (normalize("NFKC", unquote(unescape(text))).casefold().strip() for text in (wanted, shown))
    if _letters(ours) == _letters(theirs) or _is_hidden(theirs) or (may_be_cut and ours.startswith(theirs)):
        return False
    if MASKED_PART.search(theirs):
        return not _fits_mask(ours, theirs)
    if re.search(rf"(?:^|[^\w\s.-]){re.escape(ours)}(?:$|[^\w\s.-])", theirs):
        return False  # with a name before or behind it
    if ours.startswith(theirs):
        return len(theirs) < SHORTEST_CUT and _shape(ours) == _shape(theirs)
    return not (ours.endswith(theirs) or _may_stand_for(wanted, shown) or _is_digest_of(wanted, shown))


def is_another_number(wanted: str | None, shown: object) -> bool:
    """Return whether a number is certainly another: complete, not masked, and almost or exactly in E.164 form."""
    if wanted is None or not isinstance(shown, str) or not PLAIN_NUMBER.fullmatch(wanted):
        return False
    theirs = re.sub(r"\(0\)|[\s()./-]", "", normalize("NFKC", shown))
    if theirs == wanted or not PLAIN_NUMBER.fullmatch(theirs):
        return False
    beginning = _equal_letters(wanted, theirs)
    end = _equal_letters(wanted[::-1], theirs[::-1])
    if len(theirs) < len(wanted) and beginning + end >= len(theirs):
        return False  # its middle or end may be missing
    added = len(wanted) - end
    if len(theirs) == len(wanted) + 1 and beginning >= added <= LAST_ADDED_DIGIT and theirs[added] in ADDED_DIGITS:
        return False
    runs = EQUAL_DIGITS.finditer(theirs)
    return not any(run.start() <= beginning and run.end() >= len(theirs) - end for run in runs)


def is_another_task(wanted: str | None, shown: object) -> bool:
    """Return whether a task is certainly another: it begins with other words, and does not contain the wanted
    one.
    """
    if wanted is None or not isinstance(shown, str) or _is_hidden(shown.casefold()):
        return False
    if MASKED_PART.match(shown.strip().casefold()) or (" " in wanted.strip() and _is_opaque(shown.strip())):
        return False
    ours, theirs = (_letters(text) for text in (wanted, shown))
    beginning, their_beginning = ours[:LETTERS_COMPARED], theirs[:LETTERS_COMPARED]
    return not (beginning.startswith(their_beginning) or their_beginning.startswith(beginning) or ours in theirs)


def has_text(value: object, text: str) -> bool:
    """Return whether an object or list may contain a text: as a value, inside a value if the text is long enough, in
    capitals, masked, in base64, as a digest, or hidden.
    """
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict() as each:
                if any(hides and HIDDEN_MARK.fullmatch(str(name).casefold()) for name, hides in each.items()):
                    return True
                waiting += each.values()
            case list() as each:
                waiting += each
            case None | bool():
                pass
            case each if str(each) == text or (len(text) >= SHORTEST_FOUND_INSIDE and text in str(each)):
                return True
            case str() as each if _is_digest_of(text, each) or _is_written_otherwise(text, each):
                return True
    return False


def _is_written_otherwise(text: str, shown: str) -> bool:
    """Return whether a text may be another in capitals, masked or in base64, or says that it is not shown."""
    ours, theirs = text.casefold(), shown.casefold()
    if _letters(ours) == _letters(theirs) or HIDDEN_MARK.fullmatch(theirs):
        return True
    if MASKED_PART.search(theirs) and len(theirs) <= LONGEST_HIDDEN_TEXT + len(ours):
        return _fits_mask(ours, theirs)
    encoded = b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")
    return shown.rstrip("=") in (encoded, encoded.translate(URL_SAFE))


def _fits_mask(ours: str, theirs: str) -> bool:
    """Return whether a text with hidden parts may be ours."""
    first, *others = MASKED_PART.split(theirs)
    last = others.pop()
    end = len(ours) - len(last)
    position = len(first)
    for part in others:
        position = ours.find(part, position, end) + len(part)
        if position < len(part):
            return False
    return ours.startswith(first) and ours.endswith(last) and position <= end


def _is_hidden(text: str) -> bool:
    """Return whether a text only stands for a hidden one."""
    return len(text) <= LONGEST_HIDDEN_TEXT and HIDDEN_TEXT.fullmatch(text) is not None


def _may_stand_for(wanted: str, shown: str) -> bool:
    """Return whether a text may replace a key: a digest, a token or a number of the service, unlike our key."""
    lengths = {len(token) for token in _tokens(wanted) if _is_opaque(token) or HEX.fullmatch(token)}
    if ENCRYPTED.fullmatch(shown.strip().casefold()) and not ENCRYPTED.fullmatch(wanted.casefold()):
        return True
    if any(_is_opaque(token) and len(token) not in lengths for token in _tokens(shown)):
        return True
    return (_is_opaque(shown) and not _is_opaque(wanted)) or (shown.isdigit() and not wanted.isdigit())


def _is_opaque(text: str) -> bool:
    """Return whether a text looks like a digest or a random token instead of words or numbers of a person."""
    if len(text) < SHORTEST_DIGEST or any(each.isspace() for each in text):
        return False
    if HEX.fullmatch(text) and not text.isdigit():
        return True
    kinds = sum(any(test(each) for each in text) for test in (str.isdigit, str.isupper, str.islower))
    is_base64 = re.fullmatch(r"[\w+/-]+={0,2}", text) is not None and len(text) >= 20
    return is_base64 and (kinds == 3 or (kinds == 2 and not re.search(r"[-_]", text)))


def _is_digest_of(text: str, shown: str) -> bool:
    """Return whether a text is a common digest of another, or the beginning of one."""
    found = re.sub(r"^\w+[:=$]", "", shown.strip()).casefold()
    is_hex = len(found) >= SHORTEST_DIGEST and HEX.fullmatch(found) is not None
    return is_hex and any(_hex(digest, text).startswith(found) for digest in DIGESTS)


def _hex(digest: Callable[..., object], text: str) -> str:
    made = digest(text.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    return str(made.hexdigest())  # type: ignore[attr-defined]


def _tokens(text: str) -> Iterator[str]:
    return (found[0] for found in re.finditer(r"[^\W_]+", text))


def _shape(text: str) -> str:
    """Return the form of a key: `a-0` for `pizza-1` and `burger-12`."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", text))


def _equal_letters(one: str, other: str) -> int:
    """Return the length of the common beginning of two texts."""
    return next(
        (index for index, (left, right) in enumerate(zip(one, other, strict=False)) if left != right),
        min(len(one), len(other)),
    )


def _letters(text: str) -> str:
    """Return the letters and digits of a text in a normalized form."""
    return "".join(each for each in normalize("NFKD", unescape(text)).casefold() if each.isalnum())
