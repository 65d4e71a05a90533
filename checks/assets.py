"""The assets of an item: what a profile asks of them, and what a file says of itself.

Data assets are those with the role `data` that have bytes of their own (catalogue/replicas.py). A missing or empty
`href` is left to the STAC core check, which names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalogue.profile import Profile
from catalogue.replicas import data_assets, is_access
from checks.files import CONTROL, LOCAL_PATH, SIZE, Files, access_rules
from checks.listing import capped, shown
from schemas.pointer import pointer
from stream.errors import Finding

CHECK = "assets"
KEY_CHARS_MAX = 500


class AssetCheck:
    """The asset rules of a profile."""

    def __init__(self, profile: Profile) -> None:
        self._rule = profile.assets
        self._files = Files(profile.assets.protocols)
        self._rules = access_rules(profile)

    def __call__(self, item: dict[str, Any]) -> list[Finding]:
        """What is wrong with the assets of an item; empty where all is well."""
        assets = item.get("assets")
        if type(assets) is not dict:
            return []
        if set(map(type, assets.values())) <= {dict}:
            data = data_assets(assets, self._rules)
            if self._is_plain(assets, data) and _size_agrees(item, assets, data):
                return []
        else:
            known = {key: asset for key, asset in assets.items() if type(asset) is dict}
            data = data_assets(known, self._rules)
        return capped(CHECK, self._findings(item, assets, data))

    def _is_plain(self, assets: dict[str, dict[str, Any]], data: set[str]) -> bool:
        rule, sound, needed = self._rule, self._files.sound, self._rule.needed
        paths = set()
        for key, asset in assets.items():
            if not key or len(key) > KEY_CHARS_MAX or not key.isprintable() or not sound(asset):
                return False
            get = asset.get
            path = get(LOCAL_PATH)
            if path is not None:
                if path in paths:
                    return False
                paths.add(path)
            if key in data:
                for name in needed:
                    if get(name) is None:
                        return False
        if data and rule.roles == ("data",) and not rule.keys:
            return True
        return not ((rule.keys or rule.roles) and any(self._missing(assets)))

    def _findings(self, item: dict[str, Any], assets: dict[str, Any], data: set[str]) -> Iterator[Finding]:
        holders: dict[str, str] = {}
        for key, asset in assets.items():
            at = ("assets", key)
            if not key or len(key) > KEY_CHARS_MAX or CONTROL.search(key):
                message = f"The key of an asset must have 1 to {KEY_CHARS_MAX} characters, none a control character."
                yield Finding(CHECK, pointer(at), message, shown(key))
            if type(asset) is not dict:
                continue
            yield from self._files.findings(CHECK, asset, at)
            if key in data:
                yield from self._lacking(asset, at)
            path = asset.get(LOCAL_PATH)
            if type(path) is str and not is_access(key, asset, self._rules):
                first = holders.setdefault(path, key)
                if first is not key:
                    message = f"`{LOCAL_PATH}` must not be that of another asset, {shown(first)!s}."
                    yield Finding(CHECK, pointer((*at, LOCAL_PATH)), message, shown(path))
        yield from self._missing(assets)
        if not _size_agrees(item, assets, data):
            total = sum(assets[key][SIZE] for key in data)
            message = f"`size` is not the sum of the sizes of the data assets, {total}."
            yield Finding(
                CHECK, "/properties/size", message, shown(item["properties"]["size"]), total, "warning"
            )

    def _lacking(self, asset: dict[str, Any], at: tuple[str, ...]) -> Iterator[Finding]:
        for name in self._rule.needed:
            if asset.get(name) is None:
                message = f"`{name}` is missing: every data asset has to have it."
                yield Finding(CHECK, pointer(at), message, expected=name)

    def _missing(self, assets: dict[str, Any]) -> Iterator[Finding]:
        for key in self._rule.keys:
            if key not in assets:
                yield Finding(
                    CHECK, "/assets", f"There has to be an asset with the key `{key}`.", expected=key
                )
        if self._rule.roles:
            held = {role for asset in assets.values() if type(asset) is dict for role in _roles(asset)}
            for role in self._rule.roles:
                if role not in held:
                    message = f"There has to be an asset with the role `{role}`."
                    yield Finding(CHECK, "/assets", message, expected=role)


def _roles(asset: dict[str, Any]) -> list[str]:
    roles = asset.get("roles", [asset.get("role")])
    return [role for role in roles if type(role) is str] if type(roles) is list else []


def _size_agrees(item: dict[str, Any], assets: dict[str, Any], data: set[str]) -> bool:
    """Whether `size` is the sum over the data assets; true as well where one of the numbers is not known or none."""
    properties = item.get("properties")
    size = properties.get("size") if type(properties) is dict else None
    if type(size) is not int or not data:
        return True
    total = 0
    for key in data:
        part = assets[key].get(SIZE)
        if type(part) is not int or part < 0:
            return True
        total += part
    return total == size
