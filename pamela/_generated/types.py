# Made by `make generate` from openapi.yaml. Do not edit.
"""What stands for a field that is not sent."""

from typing import Literal


class Unset:
    """The type of `UNSET`."""

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Unset = Unset()
