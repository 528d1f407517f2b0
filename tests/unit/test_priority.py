from typing import Any

import pytest

from evload.priority import lower_backend_priority


@pytest.mark.parametrize("dsn", ["postgresql://u:p@far.example/evload", "postgresql:///evload?host=/run/postgresql"])
def test_processes_of_another_server_are_left_alone(dsn: str) -> None:
    connection: Any = None  # whoever asked it for a process would fail
    lower_backend_priority(dsn, connection)
