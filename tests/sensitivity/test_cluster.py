"""On a real cluster (集群): two worker processes, one of which is killed during the run."""

from __future__ import annotations

import os
import signal
from typing import Any

import distributed
import numpy as np
import pytest

import simkaohe as sk
from simkaohe.sensitivity import simulation as front
from simkaohe.sensitivity.simulation import montecarlo
from simkaohe.sensitivity.varying import noise, ranges
from simkaohe.sensitivity.weighing import weights


@pytest.mark.filterwarnings("ignore")  # of what the killed worker leaves behind
def test_a_killed_worker_loses_nothing(monkeypatch) -> None:
    monkeypatch.setattr(front, "TASK", 1 << 14)
    scheme, panel = sk.load("three_papers")
    what = [
        weights(0.2, node=["development", "party"]),
        ranges("total.combine.high"),
        noise(relative=0.05, indicators=["gdp_growth"]),
    ]
    options: dict[str, Any] = {"draws": 32_000, "seed": 11}
    alone = montecarlo(scheme, panel, *what, threads=1, **options)
    told: list[int] = []
    killed: list[int] = []
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        workers = client.run(os.getpid)
        assert len(set(workers.values())) == 2

        def kill_once(done: int, total: int) -> None:
            told.append(done)
            if done > total // 4 and not killed:
                killed.append(next(iter(workers.values())))
                os.kill(killed[0], signal.SIGKILL)

        spread = montecarlo(
            scheme, panel, *what, executor=client.get_executor(), progress=kill_once, **options
        )
    assert killed
    assert told[-1] == alone.draws == spread.draws
    assert list(alone._tables) == list(spread._tables)
    for name, table in alone._tables.items():
        assert np.array_equal(table, spread._tables[name]), name
    assert spread._table("ranks").sum() == alone.draws * len(alone.units)
