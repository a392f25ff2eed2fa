"""The error of the generator."""


class GenerationError(Exception):
    """The specification has a mistake or something that is not supported; the message is a sentence that names the place."""


def unsupported(place: str, problem: str) -> GenerationError:
    """Return the error for something in the specification that the generator does not support."""
    return GenerationError(f"{place} {problem}, which is not supported.")


def mistaken(place: str, problem: str) -> GenerationError:
    """Return the error for something in the specification that cannot be meant."""
    return GenerationError(f"{place} {problem}.")
