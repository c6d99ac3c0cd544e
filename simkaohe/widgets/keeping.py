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
from pathlib import Path

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files import load_scenarios, save_scenarios
from simkaohe.labels import Words
from simkaohe.scheme.edit import Scenario, View
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
        for path in (self.named, self.edits):
            self._open(path)
        state.start_here()  # or undo would take away what was kept
        self._seen = {scenario.name for scenario in state.scenarios.values()}
        self._timer: asyncio.TimerHandle | None = None
        state.observe(lambda _: self._write_named(), "scenarios")
        state.observe(lambda _: self._write_soon(), ["edits", "sides", "locked", "keep_sum"])
        atexit.register(self._write_edits)

    def _open(self, path: Path) -> None:
        """Open what was kept; what no longer fits is put aside, never lost."""
        if not path.exists():
            return
        try:
            self.state.open(path)
        except SimkaoheError as error:
            aside = next(
                place
                for number in range(1, 1000)
                if not (place := path.with_suffix(f".{number}.aside")).exists()
            )
            path.rename(aside)
            words = Words(
                "以前保存的情景不再适用，已另存：", "Scenarios kept earlier no longer fit: "
            )
            self.state.message = f"{words}{error}"

    def _write_named(self) -> None:
        mine = list(self.state.scenarios.values())
        names = {scenario.name for scenario in mine}
        others = [
            scenario  # kept by another page meanwhile
            for scenario in (load_scenarios(self.named) if self.named.exists() else [])
            if scenario.name not in names | self._seen
        ]
        self._seen |= names
        self._put(self.named, [*mine, *others])

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
    """Return a file name for a scheme: the same as long as its name and its indicators are."""
    nodes = "\n".join([scheme.name or "", *scheme.nodes])
    return hashlib.sha256(nodes.encode()).hexdigest()[:16]
