# Made by `make generate` from openapi.yaml. Do not edit.
"""What the classes of requests use."""

from .._core.unset import UNSET as UNSET
from .._core.unset import Unset as Unset
