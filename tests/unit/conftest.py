"""The whole validation tier runs under a guard: nothing that checks ever opens a socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.no_sockets import sockets_refused

VALIDATION = (
    "test_checks_", "test_core_schema", "test_cv_", "test_differential", "test_profile_", "test_project_schemas",
    "test_real_ids", "test_schemas_",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _validation_opens_no_socket(request: pytest.FixtureRequest) -> Iterator[None]:
    if not request.node.path.name.startswith(VALIDATION):
        yield
        return
    with sockets_refused() as guard:
        yield
    assert guard.attempts == []
