"""What an order survives between units with weights of their own (不同类别之间的稳健性)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simkaohe.sensitivity.form import AdditiveForm

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
GRID = np.linspace(0.0, 1.0, 65)
HALVINGS = 40


class Parting:
    r"""How far the totals of units reach when each of their weights changes by up to ± x.

    .. math:: \min_{|f_k - 1| \le x} \frac{\sum_k f_k w_k c_k}{\sum_k f_k w_k}

    Weights of different sets change on their own, so an order holds as long as the lowest total of
    the upper unit is above the highest of the lower one. The minimum has :math:`f = 1 + x` for the
    children with the lowest corners c and :math:`1 - x` for the others; all such divisions are
    tried.

    Parameters
    ----------
    form : AdditiveForm
    """

    def __init__(self, form: AdditiveForm) -> None:
        self._form = form
        linear = form.set_of >= 0
        w = np.where(linear, form.weights[:, form.set_of], 0.0)
        order = np.argsort(form.corners, 0, kind="stable")
        self._corners = np.take_along_axis(form.corners, order, 0)
        self._weights = np.take_along_axis(w, order, 0)
        reached = [self._reach(np.arange(len(linear)), np.full(len(linear), x)) for x in GRID]
        self._low, self._high = (np.array(ends) for ends in zip(*reached, strict=True))

    def survive(self, upper: Places, lower: Places, ahead: float) -> Array:
        """Return up to which x the upper of every pair (P,) stays ahead by that many points.

        Infinite: whatever the change.
        """
        behind = self._low[:, upper] - self._high[:, lower] < ahead  # (grid, P)
        ever = behind.any(0)
        first = behind.argmax(0)
        found = np.where(ever, 0.0, np.inf)
        some = np.flatnonzero(ever & (first > 0))
        within, beyond = GRID[first[some] - 1], GRID[first[some]]
        for _ in range(HALVINGS):
            middle = (within + beyond) / 2
            low, _ = self._reach(upper[some], middle)
            _, high = self._reach(lower[some], middle)
            holds = low - high >= ahead
            within, beyond = np.where(holds, middle, within), np.where(holds, beyond, middle)
        found[some] = within
        return found

    def shared(self, a: int, b: int) -> bool:
        """Return whether some weight is one and the same number for both units."""
        form = self._form
        engine = form.engine
        one, two = (engine.categories[engine.category[unit]] for unit in (a, b))
        nodes = (engine.scheme.nodes[path.removesuffix(".weight")] for path in form.paths)
        overrides = [node.weights_by_category for node in nodes]
        return one == two or any(one not in own and two not in own for own in overrides)

    def _reach(self, units: Places, x: Array) -> tuple[Array, Array]:
        """Return the lowest and the highest total (P,) of units when their weights vary by ± x."""
        c, w = self._corners[:, units], self._weights[:, units]
        none = np.zeros((1, len(units)))
        weight = np.concatenate([none, np.cumsum(w, 0)])
        points = np.concatenate([none, np.cumsum(w * c, 0)])
        ends = []
        for more, less, pick in ((1 + x, 1 - x, np.fmin), (1 - x, 1 + x, np.fmax)):
            top = more * points + less * (points[-1] - points)
            bottom = more * weight + less * (weight[-1] - weight)
            means = np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 1e-15)
            ends.append(pick.reduce(means, 0))
        return ends[0], ends[1]
