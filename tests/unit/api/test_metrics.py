from pathlib import Path

from evload.api.operations.metrics import Metrics


def test_a_status_without_a_cell_of_its_own_is_counted_as_other(tmp_path: Path) -> None:
    path = tmp_path / "metrics"
    path.touch()
    metrics = Metrics(path, ("/users",))
    metrics.hit("/users", 418, 0.001)
    metrics.count("/users", 418, 0.001)
    assert 'evload_requests_total{route="/users",status="other"} 2' in metrics.lines()
    assert "evload_cache_hits_total 1" in metrics.lines()
    metrics.close()


def test_counters_outlive_a_worker_and_gauges_do_not(tmp_path: Path) -> None:
    path = tmp_path / "metrics"
    path.touch()
    before = Metrics(path, ())
    before.miss()
    before.add("event_streams", 1)
    before.close()
    after = Metrics(path, ())
    assert {"evload_cache_misses_total 1", "evload_event_streams 0"} <= set(after.lines())
    after.close()
