"""Pages that follow a state (跟随): they speak of the scheme as it is edited now, when they are seen."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets as w

from simkaohe.errors import SimkaoheError
from simkaohe.labels import Words, language, use_language
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.widgets import controls, views
from simkaohe.widgets.state import State
from simkaohe.widgets.working import Report, Working

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE = w.Layout(width="30em", flex="0 0 auto", padding="0 0.8em 0 0")
MUTED = "color:var(--jp-ui-font-color2,#59636e)"
_HERE = Path(__file__).parent


class Names(anywidget.AnyWidget):
    """Out of sight: gives a page its look, and its sliders and boxes names for screen readers."""

    _esm = _HERE / "names.js"
    _css = _HERE / "look.css"

    def __init__(self) -> None:
        super().__init__(layout=w.Layout(display="none"))


class Follower:
    """What a tab may hide: hidden it rests, and makes up for what it missed when it is seen again.

    A subclass has ``_follow``, what it does when the state changed, and ``translate``.
    """

    _resting = _missed = False
    _spoken = ""

    def rest(self) -> None:
        """Do nothing from now on."""
        self._resting = True

    def wake(self) -> None:
        """Make up for the edits, and for another language, that came while it rested."""
        self._resting, missed, self._missed = False, self._missed, False
        if missed:
            self._follow()
        if self._spoken != language():
            self.translate()

    def translate(self) -> None:
        """Say everything in the reader's language."""
        raise NotImplementedError

    def _follow(self) -> None:
        raise NotImplementedError

    def _hear(self, _: Any = None) -> None:
        if self._resting:
            self._missed = True
        else:
            self._follow()


class Page(Follower, w.VBox):
    """A page of controls and findings about a state's scheme.

    A subclass lays itself out below ``_head``, names its controls with :meth:`_name`, and computes
    in :meth:`_work_out`.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    state : State, optional
        What it follows; default: one of its own.

    Attributes
    ----------
    state : State
    """

    def __init__(self, scheme: Scheme, panel: Panel, state: State | None = None) -> None:
        super().__init__()
        self.add_class("skh-page")
        self.state = state or State(scheme, panel)
        self._named: list[tuple[Any, Words, Callable[[], Any] | None]] = []
        self._quiet, self._about, self._spoken = False, w.HTML(), language()
        self._later = controls.Later(self._work_out)
        self._head = w.HBox(
            [self._about, tongue(self.translate), Names()],
            layout=w.Layout(
                flex_flow="row wrap", align_items="center", justify_content="space-between"
            ),
        )
        controls.listen(self, self.state, self._hear, ["edits", "scenarios", "message"])

    @property
    def scheme(self) -> Scheme:
        """The scheme as it is edited now, or in the last edits that could be evaluated."""
        return self.state.standing("current").scheme

    def translate(self) -> None:
        """Say everything in the reader's language; nothing is computed anew."""
        self._spoken, self._quiet = language(), True
        for control, words, options in self._named:
            control.description = control.tooltip = str(words)
            if options is not None and tuple(offered := options()) != tuple(control.options):
                kept = control.value
                control.options = offered
                values = [value for _, value in offered]
                control.value = kept if kept in values else next(iter(values), None)
        self._quiet = False
        self._about.value = about(self.state)

    def _name(
        self,
        control: Any,
        words: Words,
        act: Callable[[], None],
        options: Callable[[], list[tuple[str, Any]]] | None = None,
    ) -> None:
        """Give a control its words, its options in the reader's language, and what it does."""
        self._named.append((control, words, options))
        control.observe(lambda _: None if self._quiet else act(), "value")

    def _follow(self) -> None:
        self._about.value = about(self.state)
        self._later()

    def _work_out(self) -> None:
        """Work out everything that depends on the scheme, unless it is the same as before."""
        raise NotImplementedError


class Section(w.VBox):
    """A question: its controls on the left, on the right what was found, in words and a picture.

    Attributes
    ----------
    working : Working
    words : HTML
    picture : Image
    found : Any
        What was worked out last, None where that is not possible.
    """

    def __init__(
        self,
        title: Words,
        side: Iterable[w.Widget],
        wrong: Callable[[SimkaoheError], str] = lambda error: views.alert(str(error)),
    ) -> None:
        self._wrong = wrong
        self._title, self.working = title, Working()
        self._heading, self.words = w.HTML(), w.HTML()
        self.picture = w.Image(
            format="png",
            layout=w.Layout(
                max_width="100%", width="auto", object_fit="contain", align_self="flex-start"
            ),
        )
        shown = w.VBox(
            [self.picture], layout=w.Layout(max_height="90vh", overflow="auto", flex="0 0 auto")
        )
        right = w.VBox(
            [self.working, self.words, shown], layout=w.Layout(flex="1 1 28em", min_width="24em")
        )
        both = [w.VBox(list(side), layout=SIDE), right]
        super().__init__([self._heading, w.HBox(both, layout=w.Layout(flex_flow="row wrap"))])
        self._turn, self._redrawn = RLock(), 0
        self._asked: Any = None
        self._found: Any = None
        self._draw: Callable[[Any], tuple[str, bytes]] = lambda _: ("", b"")

    @property
    def found(self) -> Any:
        """What was worked out last; waits for it."""
        self.working.wait()
        return self.shown

    @property
    def shown(self) -> Any:
        """What is shown now, whatever is being worked out."""
        return None if isinstance(self._found, SimkaoheError) else self._found

    def ask(
        self,
        question: Any,
        work: Callable[[Report], Any],
        draw: Callable[[Any], tuple[str, bytes]],
    ) -> None:
        """Work something out and show it as words (HTML) and a picture (PNG), if any.

        Parameters
        ----------
        question : Any
            The same again is not worked out again.
        work, draw : functions
            They touch no widget.
        """
        if question == self._asked:
            return
        self._asked = question

        def both(report: Report) -> tuple[Any, ...]:
            found, spoken = work(report), (language(), self._redrawn)
            return found, draw, spoken, draw(found)

        self.working.do(both, lambda drawn: self._take(*drawn), self._take)

    def _take(self, found: Any, draw: Any = None, spoken: Any = None, drawn: Any = None) -> None:
        with self._turn:
            self._found, self._draw = found, draw or self._draw
            if spoken == (language(), self._redrawn):
                self._show(*drawn)
            else:
                self.redraw()

    def redraw(self) -> None:
        """Show what was found once more, in the reader's language."""
        with self._turn:
            self._redrawn += 1
            self.working.translate()
            self._heading.value = f"<h4 style='margin:0.4em 0'>{escape(str(self._title))}</h4>"
            if isinstance(self._found, SimkaoheError):
                self._show(self._wrong(self._found), b"")
            else:
                self._show(*(("", b"") if self._found is None else self._draw(self._found)))

    def _show(self, words: str, picture: bytes) -> None:
        self.words.value, self.picture.value = words, picture
        self.picture.layout.display = None if picture else "none"


def tongue(speak: Callable[[], None]) -> w.ToggleButtons:
    """Return the switch between Chinese and English; ``speak`` says everything anew."""
    switch = w.ToggleButtons(
        options=[("中文", "zh"), ("English", "en")],
        value=language(),
        style={"button_width": "5.5em"},
        layout=w.Layout(width="auto"),
    )
    switch.add_class("skh-tongue")

    def turn(change: dict[str, Any]) -> None:
        use_language(change["new"])
        speak()

    switch.observe(turn, "value")
    return switch


def about(state: State) -> str:
    """Say in one line which scheme is spoken of, as HTML."""
    count = len(state.edits)
    letter = next((key for key, one in state.scenarios.items() if one.edits == state.edits), "")
    what = state.title(letter or ("current" if count else "base"))
    edits = Words(f"{count} 处改动", f"{count} edit{'' if count == 1 else 's'}")
    line = f"{Words('说的是：', 'About: ')}<b>{escape(what)}</b>"
    if count:
        line += str(Words(f"（{edits.zh}）", f" ({edits.en})"))
    if state.behind:
        line += str(
            Words(
                "；最近的改动算不出来，这里还是之前的",
                "; the newest edits have no result, this is from before them",
            )
        )
    return f"<span role='status' style='{MUTED}'>{line}</span>"


def cards(*shown: tuple[object, object, object]) -> str:
    """Return findings as small cards, each a title, the finding, and a line about it, as HTML."""
    look = (
        "border:1px solid var(--jp-border-color2,#d5dbe1);border-left:4px solid #0b66b8;"
        "border-radius:6px;padding:0.35em 0.8em;line-height:1.45;flex:0 1 auto;max-width:20em"
    )
    made = [
        f"<div style='{look}'><div style='{MUTED}'>{escape(str(title))}</div>"
        f"<div style='font-size:1.2em;font-weight:600'>{escape(str(finding))}</div>"
        f"<div style='{MUTED}'>{escape(str(line))}</div></div>"
        for title, finding, line in shown
    ]
    return f"<div style='display:flex;flex-wrap:wrap;gap:0.6em'>{''.join(made)}</div>"


def png(axes: Axes, dpi: int = 80) -> bytes:
    """Return a figure as a picture, and close it."""
    import matplotlib.pyplot as plt

    figure: Any = axes.figure
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi)
    plt.close(figure)
    return stream.getvalue()


__all__ = ["Follower", "Page", "Section", "about", "cards", "png", "tongue"]
