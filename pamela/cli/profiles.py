"""The profiles of `pamela login`: an address and a key by name, in a file that only its owner can read.

If the system has a keyring, the secrets are in it instead of the file.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .exit_codes import CommandError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFAULT_PROFILE = "default"
KEYRING_SERVICE = "thisispamela"
SECRETS = ("api_key", "webhook_secret")


@dataclass(frozen=True)
class Profile:
    """A stored login. A secret in the keyring is None in the file."""

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    keyring: bool = False


def path() -> Path:
    """Return the path of the profiles' file."""
    import platformdirs

    return platformdirs.user_config_path("pamela", appauthor=False) / "profiles.json"


def read_all() -> dict[str, Profile]:
    """Return all profiles by name, without the secrets that are in the keyring.

    Raises:
        CommandError: The file cannot be read, or is not a file of profiles.
    """
    try:
        content: Any = json.loads(path().read_text(encoding="utf-8"))
        return {str(name): Profile(**fields) for name, fields in content.items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CommandError(f"Cannot read the profiles in {path()}: {error.strerror}.") from None
    except (ValueError, TypeError, AttributeError):
        message = f"{path()} is not a file of `pamela login`. Fix or delete it."
        raise CommandError(message) from None


def read(name: str) -> Profile | None:
    """Return a profile with its secrets, None if the name is unknown.

    Raises:
        CommandError: The file or the keyring cannot be read.
    """
    profile = read_all().get(name)
    if profile is None or not profile.keyring:
        return profile
    keyring = system_keyring()
    if keyring is None:
        message = f"The key of the profile {name!r} is in a keyring that is not available. Run pamela login again."
        raise CommandError(message, ExitCode.AUTHENTICATION)
    api_key, webhook_secret = (_from_keyring(keyring, name, each) for each in SECRETS)
    return replace(profile, api_key=api_key, webhook_secret=webhook_secret)


def write(name: str, profile: Profile) -> str:
    """Store a profile, with its secrets in the keyring if there is one.

    Returns:
        A description of the place of the secrets.

    Raises:
        CommandError: The file cannot be written, or the keyring raises an error.
    """
    keyring = system_keyring()
    if keyring is None:
        _write_all({**read_all(), name: replace(profile, keyring=False)})
        return f"{path()}, readable by you alone"
    for each in SECRETS:
        _to_keyring(keyring, name, each, getattr(profile, each))
    _write_all({**read_all(), name: Profile(base_url=profile.base_url, keyring=True)})
    return f"the keyring of the system ({type(keyring).__module__})"


def delete(name: str) -> bool:
    """Delete a profile and its secrets; return whether it existed."""
    profiles = read_all()
    profile = profiles.pop(name, None)
    if profile is None:
        return False
    keyring = system_keyring() if profile.keyring else None
    if keyring is not None:
        for each in SECRETS:
            _to_keyring(keyring, name, each, None)
    _write_all(profiles)
    return True


def is_private() -> bool:
    """Return whether only the owner can read the file. True without a file, or without POSIX."""
    try:
        return os.name != "posix" or not path().stat().st_mode & 0o077
    except OSError:
        return True


def system_keyring() -> Any:
    """Return the keyring of the system, None without a usable one."""
    try:
        import keyring
        from keyring.backends import fail, null
    except ImportError:
        return None
    try:
        backend = keyring.get_keyring()
    except Exception:
        return None
    return None if isinstance(backend, fail.Keyring | null.Keyring) else backend


def _from_keyring(keyring: Any, name: str, secret: str) -> str | None:
    try:
        value: str | None = keyring.get_password(KEYRING_SERVICE, f"{name}:{secret}")
    except Exception as error:
        raise _keyring_refused(name, error) from None
    return value


def _to_keyring(keyring: Any, name: str, secret: str, value: str | None) -> None:
    account = f"{name}:{secret}"
    try:
        if value is not None:
            keyring.set_password(KEYRING_SERVICE, account, value)
        elif keyring.get_password(KEYRING_SERVICE, account) is not None:
            keyring.delete_password(KEYRING_SERVICE, account)
    except Exception as error:
        raise _keyring_refused(name, error) from None


def _keyring_refused(name: str, error: Exception) -> CommandError:
    # The message is not shown: a backend may put the secret into it.
    return CommandError(
        f"The keyring refused ({type(error).__name__}) for the profile {name!r}. Unlock it, or uninstall the package "
        "keyring to keep the key in a file.",
        ExitCode.AUTHENTICATION,
    )


def _write_all(profiles: dict[str, Profile]) -> None:
    text = json.dumps({name: dict(_said(profile)) for name, profile in profiles.items()}, indent=2) + "\n"
    try:
        write_private(path(), text)
    except OSError as error:
        raise CommandError(f"Cannot write {path()}: {error.strerror}.") from None


def _said(profile: Profile) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in asdict(profile).items() if value not in (None, False))


def write_private(target: Path, text: str) -> None:
    """Replace a file atomically with one that only its owner can read.

    Raises:
        OSError: The file cannot be written.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - it is a descriptor
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
