"""Sending writes: in chunks, each with its own fate, so that the trouble of one is not that of the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from catalogue.elastic_bulk import Action, Missing, chunks, halves, meaning, reason
from catalogue.elastic_client import Answered, ElasticClient, Unsent
from catalogue.elastic_indices import Indices
from catalogue.store import Verdict
from stream.errors import Unavailable

logger = logging.getLogger(__name__)
BULKS_MAX = 4  # requests in flight, of all calls together
REFUSALS_LOGGED_MAX = 5  # of one request
WHOLE_REFUSED = (400, 413)  # one of the documents is the cause
BULK_ANSWER = "items.index.status,items.index.error"


@dataclass
class _Call:
    """One `apply`: what is known of its writes, and whether the server was reached at all."""

    verdicts: list[Verdict]
    reached: bool = False
    error: Unsent | None = None

    def settle(self, actions: Sequence[Action], verdict: Verdict) -> None:
        for action in actions:
            self.verdicts[action.place] = verdict


@dataclass
class Writer:
    """All bulk requests of a store."""

    client: ElasticClient
    indices: Indices
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BULKS_MAX))

    async def write(self, actions: Sequence[Action]) -> list[Verdict]:
        """A verdict for each. Unavailable where the server was not reached, or lets us not in."""
        call = _Call([Verdict.UNAVAILABLE] * len(actions))
        async with asyncio.TaskGroup() as group:
            for chunk in chunks(actions):
                group.create_task(self._send(call, chunk))
        if call.error is not None and not call.reached:
            raise Unavailable(str(call.error)) from call.error
        return call.verdicts

    async def _send(self, call: _Call, actions: list[Action]) -> None:
        """Send one chunk, and once more what had no index yet; every verdict goes to the call."""
        missing = await self._bulk(call, actions)
        if not missing:
            return
        for alias in sorted({action.alias for action in missing}):
            try:
                await self.indices.make(alias)
            except Unavailable as error:
                logger.warning("an index is missing", extra={"alias": alias, "detail": str(error)})
        if await self._bulk(call, missing):
            logger.error("writes have no alias to go to; see `stacfed index check`")

    async def _bulk(self, call: _Call, actions: list[Action]) -> list[Action]:
        """One request, or more where the server refuses it as a whole. Those whose alias does not exist."""
        body = b"".join(action.lines for action in actions)
        parameters = {"require_alias": "true", "timeout": self.client.server_timeout}
        try:
            async with self._slots:
                answer = await self.client.call("POST", "/_bulk", body, filter_path=BULK_ANSWER, **parameters)
        except Answered as refusal:
            call.reached = True
            return await self._refused(call, actions, refusal)
        except Unavailable as error:
            logger.warning("a bulk request failed", extra={"writes": len(actions), "detail": str(error)})
            if isinstance(error, Unsent):
                call.error = error
            else:
                call.reached = True
            return []
        call.reached = True
        answers = answer.get("items", ()) if isinstance(answer, dict) else ()
        if len(answers) != len(actions):
            logger.warning("a bulk request's answer cannot be read", extra={"writes": len(actions)})
            return []
        return _settle(call, actions, [one["index"] for one in answers])

    async def _refused(self, call: _Call, actions: list[Action], refusal: Answered) -> list[Action]:
        """Look for the document that is to blame by halves."""
        if refusal.status not in WHOLE_REFUSED:
            logger.warning("a bulk request failed", extra={"writes": len(actions), "detail": str(refusal)})
            return []
        if len(actions) == 1:
            logger.error("a document was refused", extra={"detail": str(refusal)})
            call.settle(actions, Verdict.REFUSED)
            return []
        return [action for half in halves(actions) for action in await self._bulk(call, half)]


def _settle(call: _Call, actions: Sequence[Action], answers: Sequence[dict[str, Any]]) -> list[Action]:
    """Give every action its verdict; those that found no alias are left."""
    missing, refused, failed = [], 0, 0
    for action, answer in zip(actions, answers, strict=True):
        verdict = meaning(answer)
        if isinstance(verdict, Missing):
            missing.append(action)
            continue
        call.verdicts[action.place] = verdict
        if verdict is Verdict.REFUSED and (refused := refused + 1) <= REFUSALS_LOGGED_MAX:
            logger.error("a document was refused", extra={"alias": action.alias, "detail": reason(answer)})
        if verdict is Verdict.UNAVAILABLE and (failed := failed + 1) == 1:
            logger.warning("a write failed", extra={"alias": action.alias, "detail": reason(answer)})
    return missing
