"""Monte Carlo (蒙特卡洛模拟): how often every unit has every rank when schemes and data vary."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import monotonic
from typing import Any, Literal, TypeVar
from zipfile import BadZipFile

import numpy as np

from simkaohe.errors import Problem, SimkaoheError, check_known, check_seed, refuse
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.acceptability import MonteCarlo, Paired, largest_error
from simkaohe.sensitivity.counting import Study, Tables, Task, count, study_of
from simkaohe.sensitivity.layout import BATCHES, Kind, Plan, points_per_batch
from simkaohe.sensitivity.varying import Choice, Varying

Progress = bool | Callable[[int, int], None] | None
File = str | os.PathLike[str] | None
ALSO = ("wins", "central_weights")
TASK = 1 << 23
"""Ranks that a task counts, about."""
FIRST = 1 << 10
"""Points of each batch before the stopping rule looks for the first time."""
SAVE_EVERY = 5.0
"""Seconds between two saved states."""


def montecarlo(
    scheme: Scheme,
    panel: Panel,
    *what: Varying | Choice,
    draws: int = 100_000,
    seed: int = 0,
    threads: int = 2,
    executor: Executor | None = None,
    precision: float | None = None,
    progress: Progress = None,
    file: File = None,
    source: Kind = "sobol",
    also: Collection[Literal["wins", "central_weights"]] = (),
) -> MonteCarlo:
    """Draw what varies many times and count every unit's ranks and grades.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    *what : Weights, Ranges, Choice, Noise
        What varies, all together: ``weights()``, ``ranges(…)``, ``choice(…)``, ``noise(…)``.
    draws : int, default 100 000
        At least so many: sixteen batches of a power of two of points. With ``precision``, at most.
    seed : int
        The same seed gives the same counts, whatever the threads or the executor.
    threads : int
        Without an executor.
    executor : concurrent.futures.Executor, optional
        Where to count: a pool of processes, or of a cluster (``dask.distributed.Client(…)
        .get_executor()``). Work of a lost worker is given out again.
    precision : float, optional
        Stop as soon as no standard error of the acceptability is larger, 0.002 for example.
    progress : bool or function, optional
        True: a progress bar. A function is called with the draws done and all draws.
    file : path, optional
        Where the state is saved, every few seconds and at the end; when it exists the run goes on
        from there, and ends with the same counts.
    source : {"sobol", "random"}
        Scrambled Sobol points, or pseudo-random numbers.
    also : collection of {"wins", "central_weights"}
        To count them at once. Otherwise they are counted when they are asked for, by drawing again.

    Raises
    ------
    SimkaoheError
        What varies is not in the scheme, or varies twice; a saved state of another run; draws for
        which the scheme has no result.

    Notes
    -----
    Memory does not grow with the number of draws. Standard errors come from the scatter of sixteen
    independent scrambles (randomised quasi-Monte Carlo).

    References
    ----------
    [1] Lahdelma and Salminen (2001), SMAA-2, Operations Research 49(3).
    [2] Owen (1997), Scrambled net variance for integrals of smooth functions, Annals of Statistics.
    """
    for name in also:
        check_known("montecarlo › also", name, ALSO, Words("统计量", "statistic"))
    plan = _plan({"": scheme}, panel, what, seed, source, frozenset(also))
    points, tables = _run(plan, draws, precision, progress, file, threads, executor)

    def again(kind: str) -> Tables:
        """Count what was not asked for at once, on the same draws."""
        more = _plan({"": scheme}, panel, what, seed, source, frozenset({kind}))
        return _run(more, points * BATCHES, threads=threads)[1]

    return MonteCarlo(study_of(plan), "", points, tables, again)


def paired(
    schemes: Mapping[str, Scheme],
    panel: Panel,
    *what: Varying | Choice,
    draws: int = 100_000,
    seed: int = 0,
    threads: int = 2,
    executor: Executor | None = None,
    progress: Progress = None,
    file: File = None,
    source: Kind = "sobol",
) -> Paired:
    """Run two or more schemes on the same draws, so that their difference is all that differs.

    Parameters
    ----------
    schemes : mapping of name to Scheme
        The first is the base. They assess the same units. What exists in some of them only varies
        there.
    panel, *what, draws, seed, threads, executor, progress, file, source
        As in :func:`montecarlo`.

    Raises
    ------
    SimkaoheError
        As :func:`montecarlo`; fewer than two schemes, or schemes with different units.
    """
    if len(schemes) < 2:
        count = Words(f"只有 {len(schemes)} 个方案", f"{len(schemes)} scheme")
        refuse("paired", count, Words("至少两个方案", "at least two schemes"))
    plan = _plan(schemes, panel, what, seed, source, frozenset({"shifts"}))
    points, tables = _run(plan, draws, None, progress, file, threads, executor)
    return Paired(study_of(plan), tuple(schemes), points, tables)


# -- running ---------------------------------------------------------------------------------------


def _plan(
    schemes: Mapping[str, Scheme],
    panel: Panel,
    what: tuple[Varying | Choice, ...],
    seed: int,
    source: Kind,
    also: frozenset[str],
) -> Plan:
    check_seed(seed)
    parts = hashlib.sha256()
    for name, scheme in schemes.items():
        parts.update(f"{name}\n{scheme.model_dump_json(exclude_defaults=True)}\n".encode())
    for table in panel.tables:
        frame = panel.frame(table)
        parts.update(f"{table} {panel.units} {list(frame)}\n".encode())
        parts.update(np.ascontiguousarray(frame.to_numpy()).tobytes())
    for table in panel.record_tables:
        parts.update(f"{table}\n{panel.records(table).to_csv()}\n".encode())
    parts.update(repr((what, seed, source, sorted(also))).encode())
    return Plan(parts.hexdigest(), tuple(schemes.items()), panel, what, seed, source, also)


def _run(
    plan: Plan,
    draws: int,
    precision: float | None = None,
    progress: Progress = None,
    file: File = None,
    threads: int = 1,
    executor: Executor | None = None,
) -> tuple[int, Tables]:
    """Return the points of each batch that were used, and the counts, batch by batch."""
    if draws < 1 or (precision is not None and not precision > 0):
        given = f"draws={draws}, precision={precision}"
        refuse("montecarlo", given, Words("大于 0 的数", "numbers above 0"))
    study = study_of(plan)
    most = points_per_batch(draws, plan.source)
    key = f"{plan.key} {'until precise' if precision is not None else most}"
    done, tables = load(file, key) if file is not None else (0, {})
    saved, seen, start = monotonic(), 0, 0
    with _bar(progress, most * BATCHES) as show:
        try:
            while start < most:
                end = most if precision is None else min(max(2 * start, FIRST), most)
                tasks = _tasks(study, start, end)
                before = tasks[: max(done - seen, 0)]
                shown = start * BATCHES + sum(task.stop - task.start for task in before)
                show(shown)
                left = tasks[len(before) :]
                results = in_order(partial(count, plan), left, threads=threads, executor=executor)
                for task, result in zip(left, results, strict=True):
                    _merge(tables, task.batch, result)
                    done, shown = done + 1, shown + task.stop - task.start
                    show(shown)
                    if file is not None and monotonic() - saved > SAVE_EVERY:
                        save(file, key, done, tables)
                        saved = monotonic()
                start, seen = end, seen + len(tasks)
                # a saved run that went further stands on more draws than this round
                enough = precision is not None and done == seen
                if enough and largest_error(tables, end) <= (precision or 0.0):
                    break
        finally:
            if file is not None:
                save(file, key, done, tables)
    return start, tables


def _tasks(study: Study, start: int, end: int) -> list[Task]:
    """Return tasks of a size that depends on nothing but the problem."""
    size = max(TASK // max(len(study.units), len(study.columns)), 256)
    size = 1 << (size.bit_length() - 1)
    starts = range(start, end, size)
    return [Task(b, first, min(first + size, end)) for b in range(BATCHES) for first in starts]


def _merge(tables: Tables, batch: int, result: Tables) -> None:
    for name, table in result.items():
        if name not in tables:
            tables[name] = np.zeros((BATCHES, *table.shape), table.dtype)
        tables[name][batch] += table


@contextmanager
def _bar(progress: Progress, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that shows how many draws are done."""
    if callable(progress):
        report = progress
        yield lambda done: report(done, total)
    elif progress:
        from tqdm.auto import tqdm

        with tqdm(total=total, unit="draw", unit_scale=True) as bar:
            yield lambda done: bar.update(done - bar.n)
    else:
        yield lambda _: None


Given = TypeVar("Given")
Found = TypeVar("Found")
TRIES = 3
"""How often a task is given to an executor before it is done here."""
WAITING = 64
"""Results of an executor's tasks that are kept at most until it is their turn."""


def in_order(
    work: Callable[[Given], Found],
    tasks: Sequence[Given],
    *,
    threads: int = 1,
    executor: Executor | None = None,
) -> Iterator[Found]:
    """Do tasks and yield their results in order, on threads or an executor.

    An executor in other processes pickles ``work``. A task whose worker is lost is given to it
    again; when that does not help, or the executor itself is lost, it is done here, with a warning.
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
    """Return how many tasks are done and their counts; nothing when there is no such file."""
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
        refuse(
            str(path),
            Words(
                "存档的方案、数据、变动因素或种子与这次不同",
                "it was saved by a run of another scheme, data, factors or seed",
            ),
            remedy=Words("请换一个文件名，或删去它", "Choose another file name or remove it"),
        )
    return done, tables
