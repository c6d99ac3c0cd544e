"""Long work (长任务): it says how far it is, can be stopped, and the last complete result stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Event, Lock, RLock, Thread
from time import monotonic
from typing import Any

import ipywidgets as w

from simkaohe.errors import SimkaoheError
from simkaohe.labels import Words

Report = Callable[[int, int], None]
"""Told how much is done of how much; raises :class:`Stopped` when the work is not wanted any more."""
OFTEN = 0.1
"""Seconds between two moves of the bar."""
ALONE = Lock()
"""One work at a time in this process: solvers share its standard output and its two cores."""


class Stopped(Exception):
    """Raised inside work that the reader stopped, or that other work replaced."""


class Job:
    """One work, what is done with its result, and how it ended."""

    def __init__(
        self,
        work: Callable[[Report], Any],
        show: Callable[[Any], None],
        fail: Callable[[SimkaoheError], None],
    ) -> None:
        self.given = (work, show, fail)
        self.stopped, self.done = Event(), Event()
        self.outcome: Callable[[], None] = lambda: None

    def run(self, report: Report) -> None:
        """Work, and keep what is to be shown."""
        work, show, fail = self.given

        def going_on(done: int, whole: int) -> None:
            if self.stopped.is_set():
                raise Stopped
            report(done, whole)

        try:
            going_on(0, 1)
            self.outcome = partial(show, work(going_on))
        except Stopped:
            pass
        except SimkaoheError as error:
            self.outcome = partial(fail, error)
        except Exception as error:
            self.outcome = partial(_raise, error)
        finally:
            self.done.set()


class Working(w.HBox):
    """A bar and a stop button, seen while something is worked out.

    In a notebook work is done in a thread, so that the page answers meanwhile; elsewhere at once.
    Work that never reports cannot be interrupted: stopping it drops its result.

    Attributes
    ----------
    bar : FloatProgress
    button : Button
        Stops what is being worked out; after that it begins it again.
    """

    def __init__(self) -> None:
        self.bar = w.FloatProgress(0.0, min=0.0, max=1.0, layout=w.Layout(width="9em"))
        self.button = w.Button(layout=w.Layout(width="auto"))
        self._said = w.HTML()
        self._turn, self._state = RLock(), "idle"
        self._job: Job | None = None
        super().__init__([self._said, self.bar, self.button], layout=w.Layout(align_items="center"))
        self.button.on_click(lambda _: self.stop() if self.busy else self._again())
        self.observe(lambda change: change["new"] is None and self.stop(), "comm")
        self.translate()

    @property
    def busy(self) -> bool:
        """Whether something is being worked out."""
        return self._state == "busy"

    def do(
        self,
        work: Callable[[Report], Any],
        show: Callable[[Any], None],
        fail: Callable[[SimkaoheError], None],
    ) -> None:
        """Work something out and show it, instead of what was being worked out before.

        Parameters
        ----------
        work : function of a :data:`Report`
            It touches no widget.
        show, fail : functions
            Given the result, or what is wrong.
        """
        with self._turn:
            if self._job is not None:
                self._job.stopped.set()
            job = self._job = Job(work, show, fail)
            self._say("busy")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            job.run(lambda *_: None)
            self._deliver(job)
        else:
            Thread(target=self._thread, args=(job, loop), daemon=True).start()

    def stop(self) -> None:
        """Stop; what was shown before stays."""
        with self._turn:
            if self._job is not None and self.busy:
                self._job.stopped.set()
                self._say("stopped")

    def wait(self) -> None:
        """Wait for what was begun last, and show it: for code that reads the result."""
        job = self._job
        if job is not None and self.busy:
            job.done.wait()
            self._deliver(job)

    def translate(self) -> None:
        """Say everything in the reader's language."""
        self._say(self._state)

    def _again(self) -> None:
        if self._job is not None:
            self.do(*self._job.given)

    def _thread(self, job: Job, loop: asyncio.AbstractEventLoop) -> None:
        told = monotonic()

        def call(function: Callable[..., None], *given: Any) -> None:
            with suppress(RuntimeError):  # the notebook is closed
                loop.call_soon_threadsafe(function, *given)

        def report(done: int, whole: int) -> None:
            nonlocal told
            if monotonic() - told > OFTEN:
                told = monotonic()
                call(self._advance, job, done / whole)

        with ALONE:
            job.run(report)
        call(self._deliver, job)

    def _advance(self, job: Job, share: float) -> None:
        if job is self._job and self.busy:
            self.bar.value, self.bar.layout.visibility = share, "visible"

    def _deliver(self, job: Job) -> None:
        with self._turn:
            if job is not self._job or not self.busy:
                return
            self._say("idle")
        job.outcome()

    def _say(self, state: str) -> None:
        """Show what state things are in; what is not needed keeps its place, so that nothing jumps."""
        self._state = state
        words = {
            "idle": "",
            "busy": str(Words("正在计算……", "Computing …")),
            "stopped": str(
                Words("已停止；下面是上一次的完整结果。", "Stopped. Below is the last full result.")
            ),
        }
        self._said.value = f"<span role='status'>{words[state]}</span>"
        again = state == "stopped"
        self.button.description = str(
            Words("重新计算", "Compute again") if again else Words("停止", "Stop")
        )
        self.button.icon = "refresh" if again else "stop"
        self.bar.value, self.bar.layout.visibility = 0.0, "hidden"  # until something is reported
        self.bar.layout.display = "none" if again else None
        self.layout.visibility = "hidden" if state == "idle" else "visible"


def _raise(error: Exception) -> None:
    raise error


__all__ = ["Report", "Stopped", "Working"]
