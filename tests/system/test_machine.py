"""The machine, in words."""

from __future__ import annotations

from texonnx.runtime.installed import the_runtime
from texonnx.system.machine import this_machine


def test_the_machine_has_a_processor_cores_memory_and_one_runtime() -> None:
    machine = this_machine(the_runtime())
    assert machine.processor
    assert machine.cores >= 1
    assert machine.memory.endswith(" GiB") or machine.memory == "unknown"
    assert machine.runtime == str(the_runtime())
    assert str(machine).endswith(machine.runtime)
