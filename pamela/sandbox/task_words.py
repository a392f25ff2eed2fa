"""What the words of a task say about tools: which ones it calls for, and which ones it forbids."""

import re

# Words that say what is done rather than with what.
_INSIGNIFICANT = frozenset(
    re.findall(
        "[a-z]+",
        """
        a an and any at by can check create delete do fetch find for from get has have in is list look lookup make my of
        on or out query read run search send set show tell that the this to tool up update what when with
        """,
    )
)
# Verbs of tools that change something, with the stems by which a task asks for them.
_CHANGING = {
    "cancel": ("cancel", "call off", "absag", "stornier", "annul", "anul"),
    "delete": ("delet", "remov", "eras", "lösch", "supprim", "elimin", "borr"),
    "remove": ("delet", "remov", "entfern", "supprim", "elimin"),
    "refund": ("refund", "money back", "reimburs", "erstatt", "rembours", "reembols"),
    "reschedule": ("reschedul", "postpone", "move", "chang", "verschieb", "verleg", "report", "aplaz"),
    "charge": ("charge", "bill", "pay", "berechn", "factur", "cobr"),
}
_NEGATION = re.compile(
    r"\b(?:do not|don['\u2019]t|not|never|without|instead of|rather than|avoid|nicht|kein\w*|ohne|ne pas|jamais|sans|nunca|sin)"
    r"\b([^.,;:!?\n]{0,80})",
    re.IGNORECASE,
)
_LONGEST_TASK_READ = 10_000


class TaskWords:
    """The words of one task."""

    def __init__(self, task: str) -> None:
        task = task[:_LONGEST_TASK_READ]
        self._text = task.casefold()
        self._negated = " ".join(match[1] for match in _NEGATION.finditer(task))
        self._words = _significant(task)
        self._affirmed = _significant(_NEGATION.sub(" ", task))

    def call_for(self, name: str) -> bool:
        """Return whether a task has a word of a tool's name, and asks for what the tool changes."""
        verb = _first_word(name)
        stems = _CHANGING.get(verb)
        if stems is not None and not any(re.search(rf"\b{re.escape(stem)}", self._text) for stem in stems):
            return False
        return bool(_significant(name) & self._words)

    def forbid(self, name: str) -> bool:
        """Return whether a task says not to do what a tool does."""
        if not self._negated:
            return False
        words = _significant(name)
        negated = _significant(self._negated)
        verb = _first_word(name)
        stems = _CHANGING.get(verb, ())
        if any(re.search(rf"\b{re.escape(stem)}", self._negated.casefold()) for stem in stems):
            return True
        # A verb decides for itself; what a tool is about is forbidden only if it is not asked for elsewhere.
        return verb not in _CHANGING and bool(words & negated) and not words & self._affirmed


def _first_word(name: str) -> str:
    return re.sub("([a-z])([A-Z])", r"\1 \2", name).replace("_", " ").strip().lower().partition(" ")[0]


def _significant(text: str) -> set[str]:
    """Return the words that matter in a text or a name, in lower case and without the plural's s."""
    separated = re.sub("([a-z])([A-Z])", r"\1 \2", text).lower()
    return {word.removesuffix("s") for word in re.findall(r"[^\W_]+", separated)} - _INSIGNIFICANT
