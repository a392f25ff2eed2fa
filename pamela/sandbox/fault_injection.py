"""Faults that a project asks for: what goes wrong with its deliveries, and how often."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class FaultInjection:
    """The faults of a project's deliveries, each with its probability: 0 is never, 1 is always."""

    duplicate: float = 0
    delay_seconds: float = 0
    reorder: float = 0
    wrong_signature: float = 0
    seed: int = 0

    def applies(self, fault: str, chance: str) -> bool:
        """Return whether a fault applies this time; the same for the same seed and `chance`."""
        digest = hashlib.sha256(f"{self.seed}:{fault}:{chance}".encode()).digest()
        probability: float = getattr(self, fault)
        return int.from_bytes(digest[:8]) < probability * 2**64
