"""The rule of a sprint (冲刺): what is secured, what is still open and what is lost already."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import model_validator

from simkaohe.labels import Words
from simkaohe.scheme.method import parameter
from simkaohe.scheme.problems import refusal
from simkaohe.scheme.rules.base import TOLERANCE, Array, Rule, divided
from simkaohe.scheme.rules.base import Direction as Way


class Split(NamedTuple):
    """The full marks of a task in three parts, and the risk of the second; numbers or arrays (..., N)."""

    secured: Any
    open: Any
    lost: Any
    risk: Any


class Progress(Rule):
    r"""序时进度 (progress to date): full marks are partly secured, partly open, partly lost.

    .. math::
        secured = \min(full \cdot clip(x / g, 0, 1),\ full - lost), \quad
        open = full - lost - secured, \quad S = secured + (1 - p)\,open

    Parameters
    ----------
    full : float, points, default 100
    outlook : {"expected", "secured", "best"}, default "expected"
        p is the risk of the task; or 1: nothing more is done; or 0: everything that is open is won.
    elapsed : float in (0, 1], default 1
        Part of the year that has passed, e.g. 10/12.
    late, on_time : float, default 0.9 and 1
        Below ``late`` times the pace that the year asks for a task is late (red); from ``on_time``
        times on it is on time (green).
    risk_late, risk_close, risk_on_time : float in [0, 1], default 0.6, 0.3, 0.05
        Risk of tasks for which the data state none.

    Notes
    -----
    Data: value (done to date), target (for the year), deducted (points lost for good, out of
    full; none: 0), risk (p; none: by pace). No target or a target of zero: undefined. Monotone: yes.

    References
    ----------
    [1] Lists of points at risk (扣分隐患) and points lost (已出现扣分点) in a county's sprint; the pace
        (x / g) / (months / 12) with a warning below it is common practice; thresholds and risks
        are model choices.

    Examples
    --------
    >>> x, g, lost, risk = np.array([[8.0, 5.0], [10.0, 10.0], [0.0, 2.0], [np.nan, 0.5]])
    >>> outlook = dict(elapsed=0.75, late=0.9, on_time=1.0)
    >>> risks = dict(risk_late=0.6, risk_close=0.3, risk_on_time=0.05)
    >>> Progress.formula(x, g, lost, risk, full=10.0, outlook="expected", **outlook, **risks)
    array([9.9, 6.5])
    """

    method: Literal["progress"] = "progress"
    label: ClassVar = Words("序时进度法", "progress to date")
    chinese: ClassVar = "满分分成三块：已经拿稳的、还待完成的、已经失去的。"
    notation: ClassVar = """
        lost = min(max(deducted, 0), full) if known(deducted) else 0
        done = min(max(value / target, 0), 1) if target > 0 else undefined
        secured = min(full * done, full - lost)
        pace = done / elapsed
        chance = (
            min(max(risk, 0), 1) if known(risk)
            else risk_on_time if pace >= on_time else risk_late if pace < late else risk_close
        )
        secured + (1 - chance) * (full - lost - secured) if outlook == "expected" \
            else secured if outlook == "secured" else secured + (full - lost - secured)
    """
    directions: ClassVar[tuple[Way, ...]] = ("positive",)
    outlook: Literal["expected", "secured", "best"] = parameter("expected", "口径", "outlook")
    elapsed: float = parameter(1.0, "时间进度", "elapsed", gt=0, le=1, span=(0.25, 1))
    late: float = parameter(0.9, "滞后界限", "late below", ge=0, span=(0.7, 1))
    on_time: float = parameter(1.0, "正常界限", "on time from", ge=0, span=(0.9, 1.1))
    risk_late: float = parameter(0.6, "滞后风险", "risk when late", ge=0, le=1, span=(0, 1))
    risk_close: float = parameter(0.3, "临界风险", "risk when close", ge=0, le=1, span=(0, 1))
    risk_on_time: float = parameter(0.05, "正常风险", "risk on time", ge=0, le=1, span=(0, 1))

    @model_validator(mode="after")
    def _fits(self) -> Progress:
        if self.late > self.on_time:
            raise refusal(
                "late",
                f"{self.late:g}",
                Words(f"不大于 on_time（{self.on_time:g}）", f"at most on_time ({self.on_time:g})"),
            )
        return self

    @staticmethod
    def split(
        value: Array,
        target: Array,
        deducted: Array,
        risk: Array,
        *,
        full: Any,
        elapsed: Any,
        late: Any,
        on_time: Any,
        risk_late: Any,
        risk_close: Any,
        risk_on_time: Any,
    ) -> Split:
        """Return the parts of the full marks and the risk of what is open."""
        lost = np.clip(np.where(np.isnan(deducted), 0.0, deducted), 0.0, full)
        done = np.clip(np.where(target > 0, divided(value, target), np.nan), 0.0, 1.0)
        secured = np.minimum(full * done, full - lost)
        pace = done / elapsed
        by_pace = np.where(pace >= on_time - TOLERANCE, risk_on_time, risk_close)
        by_pace = np.where(pace < late - TOLERANCE, risk_late, by_pace)
        p = np.clip(np.where(np.isnan(risk), by_pace, risk), 0.0, 1.0)
        return Split(secured, full - lost - secured, lost + 0 * secured, p)

    @staticmethod
    def formula(
        value: Array,
        target: Array,
        deducted: Array,
        risk: Array,
        *,
        full: Any,
        outlook: str,
        elapsed: Any,
        late: Any,
        on_time: Any,
        risk_late: Any,
        risk_close: Any,
        risk_on_time: Any,
    ) -> Array:
        """Return points, shape (..., N)."""
        parts = Progress.split(
            value,
            target,
            deducted,
            risk,
            full=full,
            elapsed=elapsed,
            late=late,
            on_time=on_time,
            risk_late=risk_late,
            risk_close=risk_close,
            risk_on_time=risk_on_time,
        )
        won: Any = {"expected": 1 - parts.risk, "secured": 0.0, "best": 1.0}[outlook]
        return parts.secured + won * parts.open
