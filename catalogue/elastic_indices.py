"""Templates, indices and aliases: made when they are first needed, or by an operator; and checked for one."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

from catalogue.elastic_check import alias_findings, health_findings, index_findings, template_findings
from catalogue.elastic_client import Answered, Denied, ElasticClient
from catalogue.elastic_mapping import FORMAT, Names, Shape, first_of, template
from stream.errors import Unavailable

logger = logging.getLogger(__name__)
EXISTS = "resource_already_exists_exception"


@dataclass
class Indices:
    """All of one prefix."""

    client: ElasticClient
    names: Names
    shape: Shape
    _prepared: bool = False
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def prepare(self) -> None:
        """Once in a process: write the template if it is missing or of an older format.

        One that differs otherwise is left alone: an operator may have tuned it.
        """
        if self._prepared:
            return
        async with self._lock:
            if self._prepared:
                return
            try:
                found = await self._template()
                if found is None or found.get("version", 0) < FORMAT:
                    await self._put_template()
            except Denied as error:  # who may write documents need not be allowed to manage templates
                logger.warning("the index template is not checked", extra={"detail": str(error)})
            self._prepared = True

    async def make(self, alias: str) -> None:
        """The alias with its first index, unless that is there already, perhaps by another worker."""
        async with self._lock:
            path = "/" + self.names.first_index(alias)
            try:
                await self._change("PUT", path, first_of(alias))
            except Answered as refusal:
                if refusal.kind != EXISTS:
                    raise Unavailable(f"the index for {alias} cannot be made: {refusal}") from refusal
                return
        logger.info("made an index", extra={"index": path[1:], "alias": alias})

    async def create(self) -> None:
        """The template as this software and its settings want it, and what every catalogue has. May be repeated."""
        found = await self._template()
        if template_findings(found, template(self.names, self.shape)):
            await self._put_template()
        for alias in (self.names.collections, self.names.requests):
            if alias not in await self._aliases_of(alias):
                await self.make(alias)
            if alias not in await self._aliases_of(alias):  # its index was there, and had lost it
                add = {"index": self.names.first_index(alias), "alias": alias}
                await self._change("POST", "/_aliases", {"actions": [{"add": add}]})

    async def check(self) -> list[str]:
        """What is not as it should be, in sentences; empty when all is well."""
        wanted = template(self.names, self.shape)
        found = template_findings(await self._template(), wanted)
        found += alias_findings(self.names, await self.client.call("GET", f"/{self.names.aliases}/_alias"))
        for index, described in sorted((await self.client.call("GET", f"/{self.names.indices}")).items()):
            found += index_findings(index, described, wanted["template"]["settings"]["index"])
        health = f"/_cluster/health/{self.names.indices}"
        return found + health_findings(await self.client.call("GET", health, level="indices"))

    async def _template(self) -> dict[str, Any] | None:
        try:
            found = await self.client.call("GET", f"/_index_template/{self.names.prefix}")
        except Answered as refusal:
            if refusal.status != 404:
                raise Unavailable(f"the index template cannot be read: {refusal}") from refusal
            return None
        return dict(found["index_templates"][0]["index_template"])

    async def _put_template(self) -> None:
        path = f"/_index_template/{self.names.prefix}"
        try:
            await self.client.call("PUT", path, template(self.names, self.shape), master_timeout=self._wait)
        except Answered as refusal:
            raise Unavailable(f"the index template cannot be written: {refusal}") from refusal
        logger.info("wrote the index template", extra={"template": self.names.prefix, "format": FORMAT})

    async def _aliases_of(self, alias: str) -> set[str]:
        found = await self.client.call("GET", f"/{self.names.aliases}/_alias")
        return {name for described in found.values() for name in described["aliases"]}

    async def _change(self, method: str, path: str, body: dict[str, Any]) -> None:
        await self.client.call(method, path, body, master_timeout=self._wait, timeout=self._wait)

    @property
    def _wait(self) -> str:
        return self.client.server_timeout
