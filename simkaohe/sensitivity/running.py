"""Doing tasks (分块运算): in order, on threads or any executor, saved so that a run can go on."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words

Tables = dict[str, npt.NDArray[Any]]
Given = TypeVar("Given")
Found = TypeVar("Found")
TRIES = 3
"""How often a task is given to an executor before it is done here."""
WAITING = 64
"""Results of an executor's tasks that are kept at most until it is their turn."""


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_thread() -> AbstractContextManager[Any]:
    """Keep matrix products to one thread."""
    limited: AbstractContextManager[Any] = _controller().limit(limits=1)
    return limited


def in_order(
    work: Callable[[Given], Found],
    tasks: Sequence[Given],
    *,
    threads: int = 1,
    executor: Executor | None = None,
) -> Iterator[Found]:
    """Do tasks and yield their results in order.

    Parameters
    ----------
    work : function of a task
        It can be pickled when the executor is another process.
    tasks : sequence
    threads : int
        Without an executor.
    executor : Executor, optional
        A task whose worker is lost is given to it again; when that does not help, and when the
        executor itself is lost, it is done here (with a warning).
    """
    if executor is None and threads <= 1:
        yield from map(work, tasks)
    elif executor is None:
        with ThreadPoolExecutor(threads) as pool:
            yield from _spread(work, tasks, pool, 2 * threads, 1)
    else:
        yield from _spread(work, tasks, executor, WAITING, TRIES)


def _spread(
    work: Callable[[Given], Found],
    tasks: Sequence[Given],
    executor: Executor,
    window: int,
    tries: int,
) -> Iterator[Found]:
    running: dict[Future[Found], int] = {}
    done: dict[int, Found] = {}
    tried = [0] * len(tasks)
    given = 0

    def give(number: int, error: BaseException | None = None) -> None:
        tried[number] += 1
        if tried[number] <= tries:
            try:
                running[executor.submit(work, tasks[number])] = number
                return
            except RuntimeError as broken:  # the executor is shut down or has lost its processes
                error = broken
        if tries > 1:
            warnings.warn(
                str(Words(f"执行器失效，改在本机计算：{error}", f"done here instead: {error}")),
                RuntimeWarning,
                stacklevel=2,
            )
        done[number] = work(tasks[number])

    try:
        for number in range(len(tasks)):
            while number not in done:
                while given < len(tasks) and len(running) + len(done) < window:
                    give(given)
                    given += 1
                if not running:
                    continue
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    back = running.pop(future)
                    error = None if future.cancelled() else future.exception()
                    if isinstance(error, SimkaoheError):
                        raise error
                    if future.cancelled() or error is not None:
                        give(back, error)
                    else:
                        done[back] = future.result()
            yield done.pop(number)
    finally:
        for future in running:
            future.cancel()


# -- saving ----------------------------------------------------------------------------------------


def save(file: str | os.PathLike[str], key: str, done: int, tables: Tables) -> None:
    """Write counts to a file that is either the old one or the new one, never half of it."""
    path = Path(file)
    with NamedTemporaryFile(dir=path.parent or ".", suffix=".part", delete=False) as part:
        try:
            whole: Any = {f"table {name}": table for name, table in tables.items()}
            np.savez(part, key=np.array(key), done=np.array(done), **whole)
            part.flush()
            os.fsync(part.fileno())
        except BaseException:
            part.close()
            os.unlink(part.name)
            raise
    os.replace(part.name, path)


def load(file: str | os.PathLike[str], key: str) -> tuple[int, Tables]:
    """Return how many tasks are done and their counts; nothing when there is no such file.

    Raises
    ------
    SimkaoheError
        When the file is of another run, or is none.
    """
    path = Path(file)
    if not path.exists():
        return 0, {}
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as found:
            tables = {n.removeprefix("table "): found[n] for n in found if n.startswith("table ")}
            theirs, done = str(found["key"]), int(found["done"])
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise SimkaoheError(
            Problem(
                str(path),
                Words("不是模拟的存档文件", "this is no saved run"),
                remedy=Words("请换一个文件名", "Choose another file name"),
            )
        ) from error
    if theirs != key:
        raise SimkaoheError(
            Problem(
                str(path),
                Words(
                    "存档的方案、数据、变动因素或种子与这次不同",
                    "it was saved by a run of another scheme, data, factors or seed",
                ),
                remedy=Words("请换一个文件名，或删去它", "Choose another file name or remove it"),
            )
        )
    return done, tables
