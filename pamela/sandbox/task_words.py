"""Finds out from the words of a task which tools it asks for, and which it forbids."""

import re

# Words of tool names that are common to many tools.
_INSIGNIFICANT = frozenset(
    re.findall(
        "[a-z]+",
        """
        a an and any at by can check create delete do fetch find for from get has have in is list look lookup make my of
        on or out query read run search send set show tell that the this to tool up update what when with
        """,
    )
)
# Verbs of tools that change data, with the word stems of tasks that ask for them.
_CHANGING = {
    "cancel": ("cancel", "call off", "absag", "stornier", "annul", "anul"),
    "delete": ("delet", "remov", "eras", "lösch", "supprim", "elimin", "borr"),
    "remove": ("delet", "remov", "entfern", "supprim", "elimin"),
    "refund": ("refund", "money back", "reimburs", "erstatt", "rembours", "reembols"),
    "reschedule": ("reschedul", "postpone", "move", "chang", "verschieb", "verleg", "report", "aplaz"),
    "charge": ("charge", "bill", "pay", "berechn", "factur", "cobr"),
}
_LONGEST_CLAUSE = 80
_NEGATION = re.compile(
    r"\b(?:do not|don['\u2019]t|not|no|never|without|instead of|rather than|avoid|nicht|kein\w*|ohne|pas|jamais|sans|nunca|sin|ne"
    rf"|n['\u2019])\b([^.,;:!?\n]{{0,{_LONGEST_CLAUSE}}})",
    re.IGNORECASE,
)
# In German, the negated word may come before the negation.
_BEHIND = "nicht"
_CLAUSE_BEGINS = re.compile(r"[.,;:!?\n]|\b(?:aber|und|sondern)\b", re.IGNORECASE)
# "... use any tools", with the words that may come before and after.
_BEFORE_TOOLS = frozenset(
    re.findall(
        "[a-z]+",
        """
        use using call calling invoke invoking any the your of other need to bitte verwende verwenden benutze benutzen nutze
        nutzen pas utilise utiliser utilisez d de des les uses usar las los die
        """,
    )
)
_TOOLS = re.compile("tools?|functions?|werkzeuge?n?|outils?|fonctions?|herramientas?")
_AFTER_TOOLS = frozenset(("at", "during", "in", "on", "for", "while", "today", "this", "and", "but"))
_LONGEST_TASK_READ = 10_000


class TaskWords:
    """The words of one task."""

    def __init__(self, task: str) -> None:
        affirmed, negated = split_negation(task)
        self._text = task[:_LONGEST_TASK_READ].casefold()
        self._negated = " ".join(negated)
        self._forbids_all = any(_means_every_tool(part) for part in negated)
        self._words = _significant(task[:_LONGEST_TASK_READ])
        self._affirmed = _significant(affirmed)

    def call_for(self, name: str) -> bool:
        """Return whether a task contains a word of a tool's name, and asks for the tool's change."""
        verb = _first_word(name)
        stems = _CHANGING.get(verb)
        if stems is not None and not any(re.search(rf"\b{re.escape(stem)}", self._text) for stem in stems):
            return False
        return bool(_significant(name) & self._words)

    def forbid(self, name: str) -> bool:
        """Return whether a task forbids the action of a tool."""
        if not self._negated or self._forbids_all:
            return self._forbids_all
        words = _significant(name)
        negated = _significant(self._negated)
        verb = _first_word(name)
        stems = _CHANGING.get(verb, ())
        if any(re.search(rf"\b{re.escape(stem)}", self._negated.casefold()) for stem in stems):
            return True
        # A forbidden verb is enough; a forbidden noun counts only if the task does not ask for it elsewhere.
        return verb not in _CHANGING and bool(words & negated) and not words & self._affirmed


def split_negation(task: str) -> tuple[str, list[str]]:
    """Return a task without its negated parts, and these parts."""
    task = task[:_LONGEST_TASK_READ]
    affirmed, negated, end = "", [], 0
    for match in _NEGATION.finditer(task):
        start = match.start()
        if match[0].casefold().startswith(_BEHIND):
            clause = task[max(end, start - _LONGEST_CLAUSE) : start]
            breaks = [each.end() for each in _CLAUSE_BEGINS.finditer(clause)]
            start -= len(clause) - (breaks[-1] if breaks else 0)
        negated += [part for part in (task[start : match.start()], match[1]) if part.strip()]
        affirmed += f"{task[end:start]} "
        end = match.end()
    return affirmed + task[end:], negated


def _means_every_tool(negated: str) -> bool:
    words = iter(re.findall(r"\w+", negated.casefold()))
    first = next((word for word in words if word not in _BEFORE_TOOLS), "")
    return _TOOLS.fullmatch(first) is not None and next(words, "and") in _AFTER_TOOLS


def _first_word(name: str) -> str:
    return re.sub("([a-z])([A-Z])", r"\1 \2", name).replace("_", " ").strip().lower().partition(" ")[0]


def _significant(text: str) -> set[str]:
    """Return the significant words of a text or a name, in lower case and without the plural s."""
    separated = re.sub("([a-z])([A-Z])", r"\1 \2", text).lower()
    return {word.removesuffix("s") for word in re.findall(r"[^\W_]+", separated)} - _INSIGNIFICANT
