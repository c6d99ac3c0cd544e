"""Keeping (保存): in the app, what a visitor has tried is still there after a reload or a restart.

Each visitor has a folder on the server, named by the app and unknown to others. In it are two YAML
files for a scheme, both written whole or not at all: the named scenarios, which all pages share, and
the page's own edits without a name. In JupyterLab there is no such folder, and nothing is written.
"""

from __future__ import annotations

import asyncio
import atexit
import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files import load_scenarios, save_scenarios
from simkaohe.labels import Words
from simkaohe.scheme.edit import Scenario, View, value_at
from simkaohe.scheme.method import FrozenDict
from simkaohe.scheme.tree import Scheme
from simkaohe.widgets.state import State

PAUSE = 0.5
"""Seconds for which edits must rest before they are written; named scenarios are at once."""
MOST = 200
"""How many scenarios of a scheme are kept."""


def visitors_folder() -> Path | None:
    """Return the folder of the app's visitor, or None outside the app."""
    home, name = os.environ.get("SIMKAOHE_KEEP"), os.environ.get("HTTP_X_SIMKAOHE_VISITOR", "")
    if not home or not re.fullmatch(r"[0-9a-f]{32}", name):
        return None
    return Path(home, name)


def kept(state: State) -> State:
    """Return a state with what the visitor kept for its scheme; what changes is kept from now on."""
    folder = visitors_folder()
    if folder is not None:
        _Keeper(state, folder)
    return state


class _Keeper:
    """Writes a state's scenarios and edits to a visitor's folder."""

    def __init__(self, state: State, folder: Path) -> None:
        self.state = state
        page = re.sub(r"\W", "", os.environ.get("SCRIPT_NAME", "").rpartition("/")[2])
        name = _name_of(state.scheme)
        self.named, self.edits = folder / f"{name}.yaml", folder / f"{name}.{page or 'page'}.yaml"
        self._whole: list[tuple[Scenario, Scenario]] = []
        told = [sentence for path in (self.named, self.edits) for sentence in self._open(path)]
        state.message = "\n".join(told) or state.message
        state.start_here()  # or undo would take away what was kept
        self._seen = {scenario.name for scenario in state.scenarios.values()}
        self._timer: asyncio.TimerHandle | None = None
        state.observe(lambda _: self._write_named(), "scenarios")
        state.observe(lambda _: self._write_soon(), ["edits", "sides", "locked", "keep_sum"])
        atexit.register(self._write_edits)

    def _open(self, path: Path) -> Iterator[str]:
        """Open what was kept, and say what of it no longer fits.

        That stays in the file until its scenario, or the edits without a name, are changed. A file
        that cannot be read is put aside, never lost.
        """
        if not path.exists():
            return
        try:
            opened = load_scenarios(path)
        except SimkaoheError as error:
            aside = next(
                place
                for number in range(1, 1000)
                if not (place := path.with_suffix(f".{number}.aside")).exists()
            )
            path.rename(aside)
            words = Words(
                "以前保存的情景读不出来，已另存：", "Scenarios kept earlier cannot be read: "
            )
            yield f"{words}{error}"
            return
        fits, lost, comma = [], [], str(Words("、", ", "))
        for whole in opened:
            fit, left_out = _fitted(self.state, whole)
            if left_out:
                self._whole.append((fit, whole))
                lost.append(
                    f"{whole.label}{Words('（', ' (')}{comma.join(left_out)}{Words('）', ')')}"
                )
            if fit.edits or not whole.edits:
                fits.append(fit)
        self.state.add(fits)
        if lost:
            words = Words(
                "以前保存的改动里，有的在现在的方案里已不适用，没有用上：",
                "Of the edits kept earlier, some no longer fit and are left out: ",
            )
            yield f"{words}{comma.join(lost)}"

    def _write_named(self) -> None:
        mine = [self._with_what_was_left_out(one) for one in self.state.scenarios.values()]
        names = {scenario.name for scenario in mine}
        others = [
            scenario  # kept by another page meanwhile
            for scenario in (load_scenarios(self.named) if self.named.exists() else [])
            if scenario.name not in names | self._seen
        ]
        self._seen |= names
        self._put(self.named, [*mine, *others])

    def _with_what_was_left_out(self, scenario: Scenario) -> Scenario:
        """Return a scenario as it was kept, if its edits are those that fit of it."""
        whole = (one.edits for fit, one in self._whole if fit.edits == scenario.edits)
        return scenario.model_copy(update={"edits": next(whole, scenario.edits)})

    def _write_soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write_edits()
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(PAUSE, self._write_edits)

    def _write_edits(self) -> None:
        unnamed = self.state.unnamed
        self._put(self.edits, [unnamed] if unnamed.edits or unnamed.view != View() else [])

    def _put(self, path: Path, scenarios: list[Scenario]) -> None:
        try:
            if len(scenarios) > MOST:
                raise _too_many(len(scenarios))
            if scenarios:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                save_scenarios(path, scenarios)
            else:
                path.unlink(missing_ok=True)
        except (SimkaoheError, OSError) as error:
            words = Words("没有保存成功：{}", "This could not be kept: {}").format(error)
            self.state.message = str(words)


def _fitted(state: State, whole: Scenario) -> tuple[Scenario, list[str]]:
    """Return a scenario with the edits that fit a state, and the paths of those that do not."""
    edits = dict(whole.edits)
    while problems := _problems(state, edits):
        wrong = edits.keys() & {problem.where for problem in problems}
        if not wrong:  # one that the data do not bear, else all
            alone = (path for path in reversed(edits) if not _problems(state, _but(edits, {path})))
            wrong = {path} if (path := next(alone, "")) else set(edits)
        edits = _but(edits, wrong)
    locked = [path for path in whole.view.locked if _is_there(state.scheme, path)]
    view = whole.view.model_copy(update={"locked": tuple(locked)})
    fit = whole.model_copy(update={"edits": FrozenDict(edits), "view": view})
    return fit, [path for path in whole.edits if path not in edits]


def _but(edits: Mapping[str, Any], wrong: Collection[str]) -> dict[str, Any]:
    return {path: value for path, value in edits.items() if path not in wrong}


def _problems(state: State, edits: Mapping[str, Any]) -> tuple[Problem, ...]:
    try:
        state.trial(edits)
    except SimkaoheError as error:
        return error.problems
    return ()


def _is_there(scheme: Scheme, path: str) -> bool:
    try:
        value_at(scheme, path)
    except SimkaoheError:
        return False
    return True


def _too_many(count: int) -> SimkaoheError:
    return SimkaoheError(
        Problem(
            str(Words("情景", "Scenarios")),
            Words(f"{count} 个", str(count)),
            Words(f"最多 {MOST} 个", f"at most {MOST}"),
            Words("请删去几个", "Delete some"),
        )
    )


def _name_of(scheme: Scheme) -> str:
    """Return a file name for a scheme: the same as long as its name is, or its nodes without one."""
    name = scheme.name or scheme.name_en or "\n".join(scheme.nodes)
    return hashlib.sha256(name.encode()).hexdigest()[:16]
