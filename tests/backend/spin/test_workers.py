"""Which workers are alive, told by their locks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from backend.spin.workers import WorkerLock, dead_workers, forget, liveness

HOLD = """
import sys
from pathlib import Path
from backend.spin.workers import WorkerLock
lock = WorkerLock(Path(sys.argv[1]))
print(lock.worker, flush=True)
sys.stdin.read()
"""


def test_a_worker_in_another_process_is_alive_until_it_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        worker = process.stdout.readline().strip()
        assert liveness(tmp_path, worker) == "alive"
        assert dead_workers(tmp_path) == []
        process.kill()
        process.wait()
    assert liveness(tmp_path, worker) == "dead"
    assert dead_workers(tmp_path) == [worker]
    forget(tmp_path, [worker])
    assert dead_workers(tmp_path) == []


def test_one_that_let_go_leaves_nothing(tmp_path: Path) -> None:
    lock = WorkerLock(tmp_path / "new" / "directory")
    lock.release()
    assert list((tmp_path / "new" / "directory").iterdir()) == []


def test_one_of_another_host_is_unknown(tmp_path: Path) -> None:
    assert liveness(tmp_path, "elsewhere") == "unknown"
    assert dead_workers(tmp_path / "missing") == []
