"""Panels of the workbench: what is compared, the named scenarios, and files in and out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ipywidgets as w

from simkaohe.errors import SimkaoheError
from simkaohe.labels import Words
from simkaohe.widgets import views
from simkaohe.widgets.controls import LINE, WIDE, listen
from simkaohe.widgets.exports import EXPORTS, file_name
from simkaohe.widgets.state import State
from simkaohe.widgets.transfer import Upload

ROW = w.Layout(flex_flow="row wrap", align_items="center", width="99%")
AUTO = w.Layout(width="auto")


def sides(state: State) -> w.HBox:
    """Return two drop-downs: what is compared with what."""
    left, right = (
        w.Dropdown(description=str(words), style={"description_width": "auto"}, layout=AUTO)
        for words in (Words("比较", "Compare"), Words("→", "→"))
    )
    busy = []

    def read(_: Any = None) -> None:
        options = [(state.title(side), side) for side in ("base", "current", *state.scenarios)]
        busy.append(True)
        for control, side in zip((left, right), state.sides, strict=True):
            if tuple(options) != tuple(control.options):
                control.options = options
            control.value = side
        busy.pop()

    def write(_: Any) -> None:
        if not busy:
            state.compare(left.value, right.value)
            read()

    read()
    for control in (left, right):
        control.observe(write, "value")
    listen(left, state, read, ["sides", "scenarios"])
    return w.HBox([left, right], layout=ROW)


class Scenarios(w.VBox):
    """情景: keep the edits under a name, choose, rename, note, update, delete.

    Attributes
    ----------
    chosen : Dropdown of letters
    name, note : Text
    """

    def __init__(self, state: State) -> None:
        self._state, self._message = state, w.HTML()
        self.chosen = w.Dropdown(
            description=str(Words("情景", "Scenario")), style=WIDE, layout=LINE
        )
        self.name, self.note = (
            w.Text(description=str(words), placeholder=str(hint), style=WIDE, layout=LINE)
            for words, hint in (
                (Words("名称", "Name"), Words("如：党建优先", "e.g. Party building first")),
                (Words("备注", "Note"), Words("为什么试它", "why it is tried")),
            )
        )
        self._needing: list[w.Button] = []
        super().__init__(
            [
                self.chosen,
                self.name,
                self.note,
                w.HBox(
                    [
                        self._button(Words("另存为新情景", "Save as new"), "plus", self._save_as),
                        self._button(Words("载入", "Load"), "folder-open", self._choose, True),
                        self._button(
                            Words("用现在的改动更新", "Update"), "save", self._update, True
                        ),
                        self._button(Words("改名称和备注", "Rename"), "pencil", self._rename, True),
                        self._button(Words("删除", "Delete"), "trash", self._delete, True),
                    ],
                    layout=ROW,
                ),
                self._message,
            ]
        )
        self._read()
        self.chosen.observe(self._fill, "value")
        listen(self.chosen, state, self._read, "scenarios")

    def _button(
        self, words: Words, icon: str, act: Callable[[], Any], needs_one: bool = False
    ) -> w.Button:
        button = w.Button(description=str(words), icon=icon, layout=AUTO)
        if needs_one:
            self._needing.append(button)

        def press(_: Any) -> None:
            self._message.value = ""
            try:
                act()
            except SimkaoheError as error:
                self._message.value = views.alert(str(error))

        button.on_click(press)
        return button

    def _read(self, _: Any = None) -> None:
        options = [(self._state.title(letter), letter) for letter in self._state.scenarios]
        if tuple(options) != tuple(self.chosen.options):
            kept = self.chosen.value
            self.chosen.options = options
            there = self._state.scenarios
            self.chosen.value = kept if kept in there else next(iter(there), None)
        for button in self._needing:
            button.disabled = not options

    def _fill(self, _: Any = None) -> None:
        scenario = self._state.scenarios.get(self.chosen.value)
        self.name.value = scenario.name if scenario else ""
        self.note.value = (scenario.note or "") if scenario else ""

    def _save_as(self) -> None:
        names = [kept.name for kept in self._state.scenarios.values()]
        name = "" if self.name.value.strip() in names else self.name.value
        self.chosen.value = self._state.save_as(name, self.note.value)

    def _choose(self) -> None:
        self._state.choose(self.chosen.value)

    def _update(self) -> None:
        self._state.update(self.chosen.value)

    def _rename(self) -> None:
        letter, note = self.chosen.value, self.note.value
        self._state.rename(letter, self.name.value)
        self._state.annotate(letter, note)

    def _delete(self) -> None:
        self._state.delete(self.chosen.value)


class Files(w.VBox):
    """导出与打开: make a file and offer it as a download; open scenarios that were saved.

    Attributes
    ----------
    kind : Dropdown
    make : Button
    link : HTML
        The download.
    upload : Upload
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.kind = w.Dropdown(
            options=[(str(export.label), name) for name, export in EXPORTS.items()],
            description=str(Words("导出", "Export")),
            style=WIDE,
            layout=w.Layout(width="auto"),
        )
        self.make = w.Button(
            description=str(Words("生成文件", "Make file")), icon="download", layout=AUTO
        )
        self.link = w.HTML()
        words = Words("打开情景（YAML、工作簿）", "Open scenarios (YAML, workbook)")
        self.upload = Upload(self._open, ".yaml,.yml,.xlsx", words)
        super().__init__(
            [
                w.HBox([self.kind, self.make, self.upload], layout=ROW),
                self.link,
            ]
        )
        self.make.on_click(lambda _: self._make())

    def _make(self) -> None:
        kind = self.kind.value
        self.link.value = f"<p role='status'>{Words('正在生成……', 'Making the file …')}</p>"
        try:
            content = EXPORTS[kind].make(self._state)
        except SimkaoheError as error:
            self.link.value = views.alert(str(error))
            return
        name = file_name(self._state, kind)
        address = f"data:application/octet-stream;base64,{base64.b64encode(content).decode()}"
        words = Words("下载 {}（{:,.0f} KB）", "Download {} ({:,.0f} KB)")
        text = escape(str(words.format(name, len(content) / 1000)))
        self.link.value = (
            f"<a download='{escape(name)}' href='{address}' "
            f"style='text-decoration:underline;color:#0b66b8'><b>{text}</b></a>"
        )

    def _open(self, name: str, content: bytes) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_bytes(content)
            self._state.open(path)
        words = Words("已打开 {}", "Opened {}").format(name)
        self.link.value = f"<p role='status'>{escape(str(words))}</p>"
