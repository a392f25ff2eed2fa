"""The used idempotency keys, so that no request is carried out twice."""

import hashlib
from collections.abc import Mapping
from typing import Any

from .._core.strict_json import canonical_json
from .errors import failure
from .store import Store


class IdempotencyKeys:
    """The keys of all projects, separately for each operation."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def created_with(self, project_id: str, operation: str, key: str, body: Mapping[str, Any]) -> str | None:
        """Return the id that an earlier request with this key created, None if the key is new.

        Raises:
            HTTPException: The key was used with another body.
        """
        row = self._store.one(
            "SELECT fingerprint, created_id FROM idempotency_keys WHERE project_id = ? AND operation = ? AND key = ?",
            project_id,
            operation,
            key,
        )
        if row is None:
            return None
        if row["fingerprint"] != fingerprint(body):
            raise failure(
                409, "This Idempotency-Key was used with a different body; choose a new key for a new request."
            )
        created_id: str = row["created_id"]
        return created_id

    def keep(self, project_id: str, operation: str, key: str, body: Mapping[str, Any], created_id: str) -> None:
        """Store the use of a key, in the transaction that creates the object."""
        row = {
            "project_id": project_id,
            "operation": operation,
            "key": key,
            "fingerprint": fingerprint(body),
            "created_id": created_id,
        }
        self._store.insert("idempotency_keys", row)


def fingerprint(body: Mapping[str, Any]) -> str:
    """Return a hash that is the same for equal bodies."""
    return hashlib.sha256(canonical_json(body).encode()).hexdigest()
