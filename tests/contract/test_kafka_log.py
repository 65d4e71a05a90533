"""KafkaLog on a real broker, held to the whole contract. Each test has topics and groups of its own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest

from stream.kafka import KafkaLog
from stream.log import Log
from tests.contract.log_contract import AppendContract, DeliveryContract, GroupContract, OpenLog
from tests.servers.kafka import KafkaServer
from tests.support.remove import remove_topics
from tests.support.stacks import RenamedLog

SESSION_S = 3.0


class TestKafkaLog(AppendContract, DeliveryContract, GroupContract):
    session_s = SESSION_S
    takes_all = True
    followed_s = 4 * SESSION_S  # the session, until the other hears of it, and a slow machine
    rejoined_s = SESSION_S

    @pytest.fixture
    async def logs(self, kafka: KafkaServer) -> AsyncIterator[OpenLog]:
        opened: list[KafkaLog] = []
        prefix = f"t{uuid.uuid4().hex[:8]}."

        async def open_log() -> Log:
            opened.append(KafkaLog(kafka.bootstrap, session_s=SESSION_S, silence_s=SESSION_S))
            return RenamedLog(opened[-1], prefix)

        yield open_log
        for log in opened:
            await log.close()
        await remove_topics(kafka.bootstrap, prefix)
