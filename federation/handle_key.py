"""The secret that handles are made with, kept beside the node's data when the operator names none."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from federation.settings import Settings, SettingsError

FILE_NAME = "handle.key"


def load_handle_key(settings: Settings) -> str:
    """The operator's key, else the kept one, else a new one. Without it a node's old handles mean nothing."""
    if settings.handle_key is not None:
        return settings.handle_key
    path = settings.data_dir / FILE_NAME
    if not path.exists():
        _create(path)
    return _read(path)


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{FILE_NAME}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link appears complete or not at all and never replaces: of two processes that start together, both
        # read the key of the first.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _read(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path}: others may read this key; run chmod 600 on it")
    key = path.read_text().strip()
    if len(key) < 16:
        raise SettingsError(f"{path}: holds no key; remove it to have a new one drawn")
    return key
