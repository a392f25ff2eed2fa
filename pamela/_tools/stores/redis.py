"""An invocation store in Redis, for several machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._core.extras import needs_extra
from ..._core.suggestions import shorten
from .protocol import KEEP_SECONDS, InvocationRecord, InvocationState, check_keep_seconds
from .version_2_0 import Version20Names

if TYPE_CHECKING:
    import redis

    from .protocol import AfterCrash

PREFIX = "pamela:invocation:"
TIMEOUT = 2.0
"""Maximum duration of a command in seconds, if the store makes the client."""

# Each script is one atomic step on one key, in the time of the server.
_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
_CLAIM = f"""{_NOW}
local owner, lease, keep, after_crash = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local found = redis.call('HMGET', KEYS[1], 'state', 'owner', 'response', 'lease_until')
if found[1] then
    local is_abandoned = found[1] == 'running' and tonumber(found[4]) <= now
    if is_abandoned and after_crash ~= 'run' and found[2] ~= owner then
        redis.call('HSET', KEYS[1], 'state', 'failed')
        redis.call('PEXPIRE', KEYS[1], keep)
        return {{'failed', found[2], false, 0}}
    end
    local is_mine = found[1] == 'running' and found[2] == owner
    if not is_mine and not is_abandoned then
        return {{found[1], found[2], found[3], 0}}
    end
end
redis.call('HSET', KEYS[1], 'state', 'running', 'owner', owner, 'lease_until', string.format('%.0f', now + lease))
redis.call('HDEL', KEYS[1], 'response')
redis.call('PEXPIRE', KEYS[1], lease + keep)
return {{'running', owner, false, 0}}
"""
_EXTEND = f"""{_NOW}
local owner, lease = ARGV[1], tonumber(ARGV[2])
local found = redis.call('HMGET', KEYS[1], 'state', 'owner', 'lease_until')
if found[1] ~= 'running' or found[2] ~= owner then
    return 0
end
redis.call('HSET', KEYS[1], 'lease_until', string.format('%.0f', now + lease))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', redis.call('PTTL', KEYS[1]) + now + lease - found[3]))
return 1
"""
_COMPLETE = """
local owner, state, response, keep = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local found = redis.call('HMGET', KEYS[1], 'owner', 'response')
if found[1] and (found[1] ~= owner or found[2]) then
    return (found[1] == owner and found[2] == response) and 1 or 0
end
redis.call('HSET', KEYS[1], 'state', state, 'owner', owner, 'response', response)
redis.call('PEXPIRE', KEYS[1], keep)
return 1
"""
_GET = f"""{_NOW}
local found = redis.call('HMGET', KEYS[1], 'state', 'owner', 'response', 'lease_until')
if not found[1] then
    return false
end
local is_abandoned = found[1] == 'running' and tonumber(found[4]) <= now
return {{found[1], found[2], found[3], is_abandoned and 1 or 0}}
"""


class RedisInvocationStore(Version20Names):
    """Remembers the invocations of all processes that use a Redis server. Needs ``thisispamela[redis]``.

    Redis can lose entries: by eviction, in a crash before they are saved, or when a replica is promoted that has not
    received them. A lost invocation can run again. Use a server with ``maxmemory-policy noeviction`` and
    ``appendonly yes``, or use `SQLInvocationStore`.

    Args:
        client: A ``redis.Redis`` or ``redis.RedisCluster`` with a ``socket_timeout``, or the address of a server, such
            as ``redis://localhost:6379/0``.
        prefix: The prefix of all keys.
        keep_seconds: How long to remember an invocation after its response, in seconds. The default is three days.

    Raises:
        ModuleNotFoundError: redis is not installed.
        TypeError: The client is async or not a Redis client, or the prefix is not a str.
        ValueError: The client has no `socket_timeout`, the address is invalid, or `keep_seconds` is out of range.
    """

    def __init__(
        self,
        client: redis.Redis | redis.RedisCluster | str,
        *,
        prefix: str = PREFIX,
        keep_seconds: float = KEEP_SECONDS,
    ) -> None:
        with needs_extra("redis", "Invocation stores in Redis"):
            import redis
        self._keep_seconds = check_keep_seconds(keep_seconds)
        if not isinstance(prefix, str):
            raise TypeError(f"prefix={prefix!r} must be a str, such as {PREFIX!r}.")
        self._prefix = prefix
        self._made_client = isinstance(client, str)
        made: Any = _client_for(redis, client) if isinstance(client, str) else client
        _check_client(made)
        self._client = made
        self._claim = self._client.register_script(_CLAIM)
        self._extend = self._client.register_script(_EXTEND)
        self._complete = self._client.register_script(_COMPLETE)
        self._get = self._client.register_script(_GET)

    def claim(
        self,
        invocation_id: str,
        *,
        owner: str,
        lease_seconds: float,
        after_crash: AfterCrash = "refuse",
        keep_seconds: float | None = None,
        timeout_seconds: float | None = None,
    ) -> InvocationRecord:
        """Claim an invocation. See `InvocationStore.claim`."""
        arguments: list[str | int] = [owner, _milliseconds(lease_seconds), self._keep(keep_seconds), after_crash]
        return _record(self._claim(self._keys(invocation_id), arguments))

    def extend(self, invocation_id: str, *, owner: str, lease_seconds: float) -> bool:
        """Extend the lease of a running invocation. See `InvocationStore.extend`."""
        return bool(self._extend(self._keys(invocation_id), [owner, _milliseconds(lease_seconds)]))

    def complete(
        self,
        invocation_id: str,
        response: str,
        *,
        owner: str,
        state: InvocationState = InvocationState.DONE,
        keep_seconds: float | None = None,
    ) -> bool:
        """Store the response of an invocation. See `InvocationStore.complete`."""
        arguments: list[str | int] = [owner, str(state), response, self._keep(keep_seconds)]
        return bool(self._complete(self._keys(invocation_id), arguments))

    def get(self, invocation_id: str) -> InvocationRecord | None:
        """Return the record of an invocation, or None. See `InvocationStore.get`."""
        found = self._get(self._keys(invocation_id))
        return _record(found) if found else None

    def close(self) -> None:
        """Close the connections. Your own client stays open."""
        if self._made_client:
            self._client.close()

    def _keys(self, invocation_id: str) -> list[str]:
        return [f"{self._prefix}{invocation_id}"]

    def _keep(self, keep_seconds: float | None) -> int:
        return _milliseconds(self._keep_seconds if keep_seconds is None else keep_seconds)


def _client_for(module: Any, address: str) -> Any:
    try:
        return module.Redis.from_url(address, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
    except ValueError:
        # Show neither the address nor the message of redis: they may contain a password.
        message = (
            "The address of a Redis server must look like redis://localhost:6379/0, or begin with rediss:// or unix://."
        )
        raise ValueError(message) from None


def _check_client(client: Any) -> None:
    if isinstance(client, type) or not callable(getattr(client, "register_script", None)):
        raise TypeError(
            f"client={shorten(client)} must be a redis.Redis, or the address of a server: 'redis://localhost:6379/0'."
        )
    if type(client).__module__.startswith("redis.asyncio"):
        raise TypeError(
            f"{type(client).__name__} of redis.asyncio is async. Give a redis.Redis: it is used in threads."
        )
    pool = getattr(client, "connection_pool", None)
    if pool is not None and pool.connection_kwargs.get("socket_timeout") is None:
        raise ValueError(
            "The Redis client has no socket_timeout, so a tool could wait forever. "
            "Give it one below the tools' timeouts: redis.Redis(..., socket_timeout=2)."
        )


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _record(found: Any) -> InvocationRecord:
    state, owner, response, is_abandoned = (each.decode() if isinstance(each, bytes) else each for each in found)
    return InvocationRecord(InvocationState(state), owner, response, is_abandoned=bool(is_abandoned))
