"""The faults of a project's deliveries and requests, with their probabilities."""

import hashlib
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

RequestFault = Literal["unavailable", "lost_answer", "reset", "cut_answer", "slow_answer"]
"""The faults of a request to the API, as `SandboxProject.fail_next` documents them. `unavailable` is a 503 response."""

REQUEST_FAULTS: tuple[RequestFault, ...] = ("unavailable", "lost_answer", "reset", "cut_answer", "slow_answer")

_PROBABILITY = {"type": "number", "minimum": 0, "maximum": 1}

FAULTS_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "duplicate": _PROBABILITY,
        "delay_seconds": {"type": "number", "minimum": 0, "maximum": 3600},
        "reorder": _PROBABILITY,
        "wrong_signature": _PROBABILITY,
        **dict.fromkeys(REQUEST_FAULTS, _PROBABILITY),
        "seed": {"type": "integer"},
    },
    "additionalProperties": False,
}

NEXT_FAULT_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"type": ["integer", "null"], "minimum": 400, "maximum": 599},
        "fault": {"type": ["string", "null"], "enum": [*REQUEST_FAULTS, None]},
        "operation": {"type": ["string", "null"]},
        "count": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "retry_after": {"type": ["number", "null"], "minimum": 0, "maximum": 86_400},
    },
    "additionalProperties": False,
}


@dataclass(frozen=True)
class FaultInjection:
    """The faults of a project, each with its probability: 0 is never, 1 is always."""

    duplicate: float = 0
    delay_seconds: float = 0
    reorder: float = 0
    wrong_signature: float = 0
    unavailable: float = 0
    lost_answer: float = 0
    reset: float = 0
    cut_answer: float = 0
    slow_answer: float = 0
    seed: int = 0

    def applies(self, fault: str, chance: str) -> bool:
        """Return whether a fault applies. The result is the same for the same seed and `chance`."""
        probability: float = getattr(self, fault)
        if not probability:
            return False
        digest = hashlib.sha256(f"{self.seed}:{fault}:{chance}".encode()).digest()
        return int.from_bytes(digest[:8]) < probability * 2**64


@dataclass
class PlannedFault:
    """A fault of a project's next requests."""

    status: int | None = None
    fault: RequestFault | None = None
    operation: str | None = None
    count: int = 1
    retry_after: float | None = None


class PlannedFaults:
    """The faults of the next requests of each project, in memory only."""

    def __init__(self) -> None:
        self._planned: defaultdict[str, deque[PlannedFault]] = defaultdict(deque)
        self._requests: defaultdict[str, int] = defaultdict(int)

    def add(self, project_id: str, fault: PlannedFault) -> None:
        self._planned[project_id].append(fault)

    def clear(self, project_id: str | None) -> None:
        """Delete the faults of one project, or all."""
        for each in [project_id] if project_id is not None else [*self._planned]:
            self._planned.pop(each, None)
            self._requests.pop(each, None)

    def take(self, project_id: str, operation: str, always: FaultInjection) -> PlannedFault | None:
        """Count a request, and return its planned or random fault, if it has one."""
        queue = self._planned.get(project_id, ())
        for planned in queue:
            if planned.operation in (None, operation):
                planned.count -= 1
                if not planned.count:
                    self._planned[project_id].remove(planned)
                return planned
        if not any(getattr(always, fault) for fault in REQUEST_FAULTS):
            return None
        self._requests[project_id] += 1
        chance = f"request:{self._requests[project_id]}"
        for fault in REQUEST_FAULTS:
            if always.applies(fault, chance):
                return PlannedFault(status=503 if fault == "unavailable" else None, fault=fault)
        return None
