from __future__ import annotations

import pytest
from peers import benchmark
from peers.benchmark import room_for_another


@pytest.mark.parametrize(("available", "room"), [(2001.0, True), (2000.0, False), (None, True)])
def test_there_is_room_for_two_of_the_largest_or_where_memory_is_unknown(
    available, room, monkeypatch
):
    monkeypatch.setattr(benchmark, "available_megabytes", lambda: available)
    assert room_for_another(1000.0) is room
