"""Walk over a page as a user would: move every control that can be seen, and look after each move.

The walker knows kinds of controls and no labels. The truth is the scenario file that the page gives
its user to take along: the ranking shown has to be the engine's own for the edits in that file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import numpy as np
from playwright.sync_api import Download, Error, Page

import simkaohe as sk
from simkaohe.app.pages import notebooks_folder
from simkaohe.errors import SimkaoheError
from simkaohe.files import load_scenarios, save_scenarios
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.widgets.state import BASE, EDITED, UNNAMED

NOTEBOOKS = {path.stem: path for path in sorted(notebooks_folder().glob("*.ipynb"))}
SCRIPT = Path(__file__).with_suffix(".js")
MUST_EDIT = ("handle", "number")
"""Beside a picture these have to change the edits, which stand there in words."""
MAY_LEAVE_THE_RANKING = {
    "select": "some choose what the controls below them are about, or what is compared",
    "check": "keeping the sum is about the next move",
    "toggle": "a lock is about the next move; a drawer opens",
    "option": "the language",
    "tab": "shows other controls",
    "list": "the picture: selects and pins a unit",
    "text": "finds a unit; names and notes a scenario",
    "button": "some sort, pin, make files and keep scenarios",
    "file": "adds scenarios to those there are",
    "link": "a download",
}
"""Why: all of these need only be seen to do something, be it to the scenario or elsewhere."""
SILENT = {
    "合计不变|Keep the sum": "is about the next move of a weight",
    "select “(导出|Export)": "is about the file that is made next",
    "number “(试卷号|Sheet no)": "is about the sheet that is made next",
    "select “(指标或分组|Indicator)": "is about what the box below it cancels",
}
"""Controls that change nothing by themselves, and why."""
PASSING = re.compile("“(停止|Stop)”")
"""Is there only while something is worked out; tests/test_following.py presses it."""
ANSWERS = re.compile(
    "的权重不同|have different weights|已锁定|is locked|撤销的是保存|took back the saving"
)
"""What is said and is no mistake of the page: nothing lets a unit pass, a lock, what undo did."""
UNDO = re.compile("^(撤销|Undo)$")
SILENT_KEYS = re.compile("|".join(SILENT))
KNOWN: dict[str, set[str]] = {}
"""Controls that were moved on earlier pages, by case."""
AT_LENGTH = bool(os.environ.get("SIMKAOHE_WALK"))
"""Whether drawers that are closed at first are walked too, not only opened and closed."""
BATCH = 4
"""Moves after which the scenario file is taken and the ranking is held to it."""
TONGUES = ("中文", "English")
PATIENCE = 20.0
"""Seconds after the kernel's answer; a move that shows nothing until then did nothing."""
LATER = 8.0
"""Seconds after the kernel's answer in which a tab begins to show what it did not show so far."""


def case_of(notebook: str) -> str:
    """Return the case that a notebook's controls are about, or what is to be uploaded to it."""
    source = NOTEBOOKS[notebook].read_text("utf-8")
    return ["three_papers", *re.findall(r'(?:load|opened)\(\\"(\w+)\\"\)', source)][-1]


def to_upload(folder: Path, case: str) -> dict[str, Path]:
    """Return what there is to upload, by suffix."""
    return {
        ".yaml": save_scenarios(folder / "more.yaml", sk.load_scenarios(case)[:2]),
        ".xlsx": sk.save(folder / "own.xlsx", *sk.load(case)),
    }


class Walk:
    """A walk over one page.

    Parameters
    ----------
    opened : Page
        With ``walking.js`` among its first scripts.
    scheme, panel
        What the page opens with.
    files : mapping of suffix to path
        What there is to upload.
    """

    def __init__(
        self, opened: Page, scheme: Scheme, panel: Panel, files: Mapping[str, Path]
    ) -> None:
        self.opened, self.scheme, self.panel, self.files = opened, scheme, panel, files
        self.known = KNOWN.setdefault(scheme.name or "", set())
        self.found: set[str] = set()
        self.moved: dict[str, bool] = {}
        self.problems: list[str] = []
        self.rankings: set[str] = set()
        self._elements: set[str] = set()
        self._entries: set[str] = set()
        self._left: dict[str, list[int]] = {}
        self._downloads: list[Download] = []
        self._engine: dict[str, Any] = {}
        self._attempts: dict[str, int] = {}
        self._typed = self._faults = self._since = 0
        self._file: str | None = None
        opened.on("download", lambda download: self._downloads.append(download))

    def all(self) -> None:
        """Move everything; what is wrong is in ``problems``."""
        self._now = self._look(takes=True)
        self._check("opened")
        while control := self._next():
            self._move(control)
        self._now = self._look(takes=True)
        self._check("at the end")
        for control in self._now["controls"]:
            if self._is_new(control):
                self.problems.append(f"could not be moved: {control['key']}")
        self.known |= self.moved.keys()
        idle = [key for key, did in self.moved.items() if not did]
        self.problems += [f"does nothing: {key}" for key in idle if not SILENT_KEYS.search(key)]
        self.problems += [f"never moved: {key}" for key in sorted(self.found - self.moved.keys())]
        self.problems += [
            f"has no name: {html}" for html in self.opened.evaluate("walking.nameless()")
        ]

    def ends(self) -> None:
        """Fail where anything was wrong or was not moved; say how much was moved."""
        counts = f"{len(self.moved)} of {len(self.found)} controls moved"
        print(f"{counts}, {len(self.rankings)} rankings seen")
        assert not self.problems, "\n".join([counts, *self.problems])
        assert self.moved.keys() == self.found

    # -- what to move next -------------------------------------------------------------------------

    def _next(self) -> dict[str, Any] | None:
        """Return first what is new, in the order of the page; choices later, inner tabs, outer tabs."""
        new = [c for c in self._now["controls"] if self._is_new(c)]
        self.found |= {c["key"] for c in new}
        going = [c for c in self._now["controls"] if self._left.get(c["key"])]
        later = ("select", "option", "tab")
        for several in (
            [c for c in new if c["kind"] not in later],
            [c for c in new if c["kind"] == "select"],
            going,
            [c for c in new if c["kind"] == "option"],
            new[::-1],
        ):
            if control := next((c for c in several if not c["off"]), None):
                return control
            if control := self._enabled([c for c in several if c["off"] and c not in going]):
                return control
        return None

    def _is_new(self, control: dict[str, Any]) -> bool:
        if control["kind"] == "select" and len(control["options"]) < 2:
            return False
        if PASSING.search(control["key"]):
            return False
        if control["kind"] in ("option", "tab") and control["on"]:
            return False  # until another is chosen
        return control["id"] not in self._elements and control["key"] not in self.moved

    def _enabled(self, off: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Return one that could not be pressed so far, after opening its lock and moving a slider."""
        for control in off:
            if self._again(control) > 2:
                continue
            for lock in self._now["controls"]:
                if lock["row"] == control["row"] and lock["kind"] == "toggle" and lock["on"]:
                    self._act(lock)
                    self._now = self._look()
            every = self._now["controls"]
            place = next((at for at, c in enumerate(every) if c["id"] == control["id"]), 0)
            sliders = [c for c in every if c["kind"] == "handle" and not c["off"]]
            if sliders:
                self._act(max(sliders, key=lambda c: (every.index(c) < place, every.index(c))))
                self._now = self._look()
            for again in self._now["controls"]:
                if again["id"] == control["id"] and not again["off"]:
                    return again
        return None

    def _again(self, control: dict[str, Any]) -> int:
        """Return how often a control was to be moved and could not be."""
        self._attempts[control["key"]] = self._attempts.get(control["key"], 0) + 1
        return self._attempts[control["key"]]

    # -- moving ------------------------------------------------------------------------------------

    def _move(self, control: dict[str, Any]) -> None:
        """Move one control, and see that it does what such a control has to do."""
        key = control["key"]
        if control["name"] in TONGUES:
            self._speak(control)
            return
        before = self._now
        self._elements.add(control["id"])
        self.moved.setdefault(key, False)
        is_button = control["kind"] == "button"
        did = self._tried(control, 0.15 if is_button else PATIENCE)
        if is_button and not did and not self.moved.get(key, True):
            did = self._tried_otherwise(control)
        if key in self.moved:
            self.moved[key] |= did
        if control["kind"] in ("check", "toggle"):
            self._undone(control, before)
            self._close_what_is_known(control, before)
        self._take_back_what_is_refused()

    def _take_back_what_is_refused(self) -> None:
        """Undo edits that the engine refuses, as a user would: else no later move shows anything."""
        for _ in range(3):
            undo = next((c for c in self._now["controls"] if UNDO.search(c["name"])), None)
            if undo is None or undo["off"] or not any(map(self._is_refused, self._now["alerts"])):
                return
            self._act(undo)
            self._now = self._look(takes=True)

    def _tried(self, control: dict[str, Any], patience: float = PATIENCE) -> bool:
        before, file, downloads = self._now, self._file, len(self._downloads)
        try:
            self._act(control)
        except Error as error:
            self._now = self._look()
            is_there = any(c["id"] == control["id"] for c in self._now["controls"])
            if not is_there and self._again(control) < 4:
                self.moved.pop(control["key"])
                return False  # the page was laid out anew: it will be found again
            self.problems.append(f"{control['key']}: {error}")
            return False
        self._now = self._look(takes=not control["reading"] and self._since >= BATCH)
        if not control["reading"] and not self._did(control, before, file, downloads):
            self._now = self._look(takes=True)
        self._check(control["key"])
        done = self.moved[control["key"]] or SILENT_KEYS.search(control["key"])
        end = monotonic() + (0 if done else patience)
        while not (did := self._did(control, before, file, downloads)) and monotonic() < end:
            self.opened.wait_for_timeout(50)
            self._now = self._look()
        if control["kind"] == "tab":
            self._wait_for_what_is_new()
        for download in self._downloads[downloads:]:
            self._see(download)
        return did

    def _wait_for_what_is_new(self) -> None:
        """Wait until what a tab shows is there, which the kernel may work out only now."""
        end, before = monotonic() + LATER, self._now["controls"]
        while monotonic() < end:
            self.opened.wait_for_timeout(200)
            self._now = self._look()
            is_new = any(c["kind"] != "tab" and self._is_new(c) for c in self._now["controls"])
            if is_new and [c["key"] for c in self._now["controls"]] == [c["key"] for c in before]:
                return
            before = self._now["controls"]

    def _did(self, control: dict[str, Any], before: Any, file: str | None, downloads: int) -> bool:
        """Whether anything but the control itself is other than before."""
        return (
            _beside(self._now, control) != _beside(before, control)
            or len(self._downloads) > downloads
            or (self._file != file and control["kind"] in MAY_LEAVE_THE_RANKING)
        )

    def _tried_otherwise(self, control: dict[str, Any]) -> bool:
        """Press a button again after moving a slider and filling in anew what stands beside it."""
        others = [c for c in self._now["controls"] if not c["off"] and not c["reading"]]
        texts = [c for c in others if c["kind"] == "text"]
        slider = next((c for c in others if c["kind"] == "handle"), None)
        for other in (*texts, *([slider] if slider else [])):
            self._act(other)
        self._now = self._look(takes=control["reading"])
        return self._tried(control)

    def _speak(self, control: dict[str, Any]) -> None:
        """Change the language and change it back; what stands there then has been met already."""
        before = self._now
        (other,) = (c for c in before["controls"] if c["name"] in TONGUES and c["on"])
        for tongue in (control, other):
            name = f"{tongue['kind']} “{tongue['name']}”"
            self._act(next(c for c in self._now["controls"] if c["name"] == tongue["name"]))
            self._now = self._look(takes=True)
            self._check(name)
            self.moved[tongue["key"]] = self._now["text"] != before["text"]
            before = self._now
        self.found |= {control["key"], other["key"]}

    def _undone(self, control: dict[str, Any], before: dict[str, Any]) -> None:
        """Put back what would keep other controls from being moved, unless it opened something."""
        every, then = self._now["controls"], before["controls"]
        there = {c["key"] for c in then}
        same = [c for part in ("id", "key") for c in every if c[part] == control[part]]
        renamed = [c for c in every if c["kind"] == control["kind"] and c["key"] not in there]
        row = [c for c in then if c["row"] == control["row"]]
        off = {c["id"] for c in row if c["off"]}
        gave = any(c["id"] in off and not c["off"] for c in every)
        if not any(c["kind"] == "handle" for c in row):  # beside one, what is new is not its doing
            gave |= len(every) > len(then)
        if not gave and (again := next(iter((*same, *renamed)), None)):
            self._act(again)
            self._now = self._look()
            self._check(f"{control['key']} and back")

    def _close_what_is_known(self, control: dict[str, Any], before: dict[str, Any]) -> None:
        """Close a drawer that is walked on another page, or at length (``make walk``)."""
        there = {c["key"] for c in before["controls"]}
        opened = [c for c in self._now["controls"] if c["key"] not in there]
        is_known = self.known.issuperset(c["key"] for c in opened)
        if control["drawer"] and not control["on"] and (is_known or not AT_LENGTH):
            self._elements |= {c["id"] for c in opened}
            self._act(control)
            self._now = self._look(takes=True)

    def _act(self, control: dict[str, Any]) -> None:
        """Do what a user does with such a control, by keyboard or mouse."""
        node = self.opened.locator(f"[data-walk='{control['id']}']")
        self._since += not control["reading"]
        kind, patience = control["kind"], 5_000
        if kind in ("handle", "list"):
            node.focus(timeout=patience)
        elif kind not in ("file", "select"):
            node.scroll_into_view_if_needed(timeout=patience)
        if kind == "handle":
            full = float(control["value"]) >= float(control["most"])
            self.opened.keyboard.press("ArrowLeft" if full else "ArrowRight")
            node.blur(timeout=patience)
        elif kind in ("number", "readout"):
            node.fill(_other_number(control), timeout=patience)
            node.press("Enter")
        elif kind == "text":
            self._typed += 1
            node.fill((control["listed"] or [""])[-1] or str(self._typed), timeout=patience)
            node.press("Enter" if control["listed"] else "Tab")
        elif kind == "select":
            node.select_option(index=self._option(control), timeout=patience)
        elif kind == "list":
            for name in ("ArrowDown", "ArrowDown", "Enter", "p"):
                self.opened.locator(":focus").press(name)
        elif kind == "file":
            suffix = next(s for s in self.files if s in control["accept"])
            node.set_input_files(self.files[suffix], timeout=patience)
        else:
            node.click(timeout=patience)

    def _option(self, control: dict[str, Any]) -> int:
        """Return the next option; a choice goes back to where it was once all else is moved."""
        own, count = control["chosen"], len(control["options"])
        if control["key"] not in self._left:
            self._left[control["key"]] = [own]
            return (own + 1) % count
        back = self._left[control["key"]].pop(0)
        return back if back < count and back != own else (own + 1) % count

    # -- what is shown -----------------------------------------------------------------------------

    def _look(self, takes: bool = False) -> dict[str, Any]:
        """Look when all is done, with the scenario file as it is then if one is to be taken."""
        now = json.loads(self.opened.evaluate("takes => walking.look(takes)", takes))
        if takes:
            self._file, self._since = now["file"], 0
        there = {c["key"] for c in now["controls"]}
        self._entries |= {c["key"] for c in now["controls"] if c["entry"]}
        self.found -= self._entries - there - self.moved.keys()  # another stands for its like now
        return now

    def _check(self, where: str) -> None:
        """See that nothing went wrong, and that the ranking shown is the engine's."""
        if self._now["alerts"] and self._since:
            self._now = self._look(takes=True)
        now = self._now
        wrong = ["Traceback"] if now["failed"] else []
        wrong += now["faults"][self._faults :]
        self._faults = len(now["faults"])
        alerts = [said for said in now["alerts"] if not ANSWERS.search(said)]
        wrong += [said for said in alerts if not self._is_refused(said)]
        if wrong:
            self.problems.append(f"{where}: {wrong}")
        if now["alerts"] or self._file is None or now["ranking"] is None or self._since:
            return
        base, side = (list(self._sides(title)) for title in now["ranking"]["titles"])
        try:
            is_shown = any(self._is_shown(left, right) for left in base for right in side)
        except SimkaoheError as error:
            self.problems.append(f"{where}: nothing is said of {error}")
            return
        if not is_shown:
            said = f"{now['ranking']} is not the engine's ranking of {self._file}"
            self.problems.append(f"{where}: {said}")
        self.rankings.add(str(now["ranking"]["rows"]))

    def _is_refused(self, said: str) -> bool:
        """Whether the engine refuses the edits that are in the file, with these words."""
        if self._file is None:
            return False
        for edits in self._sides(str(EDITED)):
            try:
                self._ranked(edits)
            except SimkaoheError as error:
                for tongue in ("zh", "en"):
                    sk.use_language(tongue)
                    if said[:40] in str(error):
                        return True
        return False

    def _sides(self, title: str) -> Iterator[Mapping[str, Any]]:
        """Give the edits that a heading over the ranking stands for, as the file has them."""
        if title in BASE:
            yield {}
            return
        kept = self._scenarios()
        name = title.partition(" · ")[2]
        if name:
            yield from (one.edits for one in kept if name in (one.name, one.name_en))
            return
        unnamed = [one.edits for one in kept if one.name in UNNAMED]
        yield from unnamed or [{}, *(one.edits for one in kept)]  # the file says a scenario once

    def _scenarios(self) -> list[Any]:
        with TemporaryDirectory() as folder:
            path = Path(folder, "taken.yaml")
            path.write_text(str(self._file), "utf-8")
            return load_scenarios(path)

    def _is_shown(self, left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
        rows, table = self._now["ranking"]["rows"], self._now["ranking"]["table"]
        before, after = self._ranked(left), self._ranked(right)
        before = before[before["rank"].notna()]
        units = list(before.index)
        ranks = after["rank"].reindex(units).fillna(len(after)).astype(int)
        digits = self.scheme.ranking.digits
        off = 0.5000001 * 10.0 ** -(2 if digits is None else digits)
        totals = [float(rows[unit][3] or "nan") for unit in rows]
        return (
            set(rows) == set(units)
            and all(rows[u][1] == str(before["rank"][u]) for u in units)
            and all(rows[u][:3:2] == [ranks[u], str(ranks[u])] for u in units)
            and all(int(rank) == ranks[unit] for unit, rank in table)
            and (
                np.isnan(totals).all()
                or np.allclose(totals, after["total"].reindex(list(rows)), 0, off, equal_nan=True)
            )
        )

    def _ranked(self, edits: Mapping[str, Any]) -> Any:
        key = repr(edits)
        if key not in self._engine:
            self._engine[key] = sk.evaluate(self.scheme.edit(edits), self.panel).ranking
        return self._engine[key]

    def _see(self, download: Download) -> None:
        """A file that was downloaded is of the kind that its name says."""
        content, name = Path(download.path()).read_bytes(), download.suggested_filename
        start = STARTS.get(Path(name).suffix)
        if start is None or not content.startswith(start):
            self.problems.append(f"{name} starts with {content[:20]!r}")


STARTS = {
    ".xlsx": b"PK",
    ".png": b"\x89PNG",
    ".svg": b"<?xml",
    ".csv": b"\xef\xbb\xbf",
    ".html": b"<!DOCTYPE html>",
    ".yaml": b"- name",
}


def _beside(now: dict[str, Any], control: dict[str, Any]) -> tuple[Any, ...]:
    """Return what is shown but for the control's own row."""
    own = control["row"] if control["kind"] in (*MUST_EDIT, "readout") else None
    kept = control["id"] if control["kind"] != "text" else None  # a text has to stay as typed
    others = [
        (c["key"], c["state"]) for c in now["controls"] if c["row"] != own and c["id"] != kept
    ]
    return now["text"], now["pictures"], now["rows"], others


def _other_number(control: dict[str, Any]) -> str:
    """Return another number that the box takes."""
    now = float(control["value"] or 0)
    least, most = (
        float(control[end] or bound) for end, bound in (("least", "-inf"), ("most", "inf"))
    )
    for other in (round(now * 0.9, 2), now - 1, now + 1):
        if least <= (other := round(other) if control["whole"] else other) <= most and other != now:
            return f"{other:g}"
    return f"{now:g}"
