"""The example programs that send from tasks of Dask, Ray and Spark: tasks fail after their rows were stored and run again, and
the table holds every row once.

Dask runs always; Ray and Spark, which are large, with QUESTDB_LONG=1. What is not installed is reported.
"""

import importlib.util
import os
import sys

import pytest

from test_examples import said

pytestmark = pytest.mark.filterwarnings("ignore")
ROWS = 100_000
CREATE = (
    "create table readings (time timestamp, sensor symbol, value double) timestamp(time) partition by day wal "
    "dedup upsert keys(time, sensor)"
)
PROGRAMS = [("dask_tasks", "distributed", False), ("ray_tasks", "ray", True), ("spark_frame", "pyspark", True)]


@pytest.mark.parametrize("program, module, is_large", PROGRAMS, ids=[name for name, _, _ in PROGRAMS])
def test_tasks_that_run_again_duplicate_nothing(real_server, not_run, program, module, is_large):
    if is_large and not os.environ.get("QUESTDB_LONG"):
        pytest.skip("a part of the long form: QUESTDB_LONG=1")
    if importlib.util.find_spec(module) is None:
        not_run(f"{program}: {module} is not installed")
    real_server.sql("drop table if exists readings")
    real_server.sql(CREATE)
    with real_server.proxy() as proxy:
        # Three times the server stores the rows and the connection breaks before the answer, so the task cannot know.
        for _ in range(3):
            proxy.plan(["commit-reset"])
        conf = f"http::addr=127.0.0.1:{proxy.http};protocol_version=2;retry_timeout=0;"
        assert f"{ROWS} rows in 8 tasks" in said(program, conf)
        assert not proxy.actions, "the requests were never broken"
    _, rows = real_server.read("readings", ROWS)
    assert len(rows) == ROWS
    assert {(row["time"], row["sensor"]) for row in rows} == {(row["time"], f"s{i % 10}") for i, row in enumerate(rows)}
    assert sum(row["value"] for row in rows) == pytest.approx(sum(i / 10 for i in range(ROWS)))
