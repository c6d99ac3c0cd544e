"""What the controls of a notebook write to and its views read from: edits, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import traitlets

from simkaohe.comparison import Comparison
from simkaohe.errors import SimkaoheError
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.result import evaluate
from simkaohe.scheme.edit import value_at
from simkaohe.scheme.tree import Scheme

BASE = Words("现行方案", "Base scheme")
EDITED = Words("修改后", "Edited scheme")


class State(traitlets.HasTraits):
    """The base scheme, its data, and the edits that a person has made so far.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel

    Attributes
    ----------
    edits : dict of edit path to value
        Only what differs from the base scheme; observe it to hear of every change.
    comparison : Comparison
        The base against the edited scheme: the last one that could be evaluated.
    message : str
        Why the newest edits have no result, one sentence for each problem; else empty.
    """

    edits = traitlets.Dict()
    comparison = traitlets.Instance(Comparison)
    message = traitlets.Unicode("")

    def __init__(self, scheme: Scheme, panel: Panel) -> None:
        super().__init__()
        self.scheme, self.panel = scheme, panel
        self._base = evaluate(scheme, panel)
        self._undone: list[dict[str, Any]] = []
        self._done: list[dict[str, Any]] = []
        self.comparison = self._against(scheme)

    def value(self, path: str) -> Any:
        """Return what an edit path holds now."""
        return self.edits[path] if path in self.edits else value_at(self.scheme, path)

    def set(self, path: str, value: Any) -> None:
        """Change one entry; the base scheme's own value takes the edit back."""
        kept = {p: v for p, v in self.edits.items() if p != path and not p.startswith(f"{path}.")}
        if value != value_at(self.scheme, path):
            kept[path] = value
        self.replace(kept)

    def replace(self, edits: Mapping[str, Any]) -> None:
        """Make these the edits; what was there can be undone."""
        if dict(edits) == self.edits:
            return
        self._done.append(self.edits)
        self._undone.clear()
        self._apply(dict(edits))

    def undo(self) -> None:
        """Go back by one change."""
        if self._done:
            self._undone.append(self.edits)
            self._apply(self._done.pop())

    def redo(self) -> None:
        """Make the change again that was undone last."""
        if self._undone:
            self._done.append(self.edits)
            self._apply(self._undone.pop())

    def reset(self) -> None:
        """Go back to the base scheme; this can be undone too."""
        self.replace({})

    def _apply(self, edits: dict[str, Any]) -> None:
        try:
            comparison, message = self._against(self.scheme.edit(edits)), ""
        except SimkaoheError as error:
            comparison, message = self.comparison, str(error)
        with self.hold_trait_notifications():
            self.comparison, self.message, self.edits = comparison, message, edits

    def _against(self, edited: Scheme) -> Comparison:
        return Comparison({str(BASE): self._base, str(EDITED): evaluate(edited, self.panel)})
