"""How the children of a node become its score (合成方法), the multiplier method included.

A formula takes the children's scores ``x`` of shape (K, R, N), 0–100, NaN where a child has none,
and their weights ``w`` of shape (K, 1|R, 1|N), and returns the node's score of shape (R, N). It
returns NaN where the scheme says that a zero or missing part is an error; the engine turns that
into a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import prod
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, SerializeAsAny, model_validator

from simkaohe.labels import Words
from simkaohe.scheme.coefficient import CoefficientMap, Identity
from simkaohe.scheme.method import Method, parameter
from simkaohe.scheme.problems import refusal

Array = npt.NDArray[np.float64]
Ids = Annotated[
    tuple[str, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else tuple(v or ()))
]


class Combine(Method):
    """合成方法: how the children of a node become its score."""

    may_be_supplied: ClassVar = ("children",)
    linear: ClassVar[bool] = False
    """Whether the score is the weighted mean of the children, so that weights may be multiplied
    down the tree and a whole additive subtree is one matrix product."""

    @staticmethod
    def bend(x: Array, **parameters: Any) -> Array | None:
        """Return f(x) where the score is f⁻¹ of the weighted mean of f(children), else None.

        A function of complete scores (K, N); :meth:`unbend` is its inverse. Then many draws of the
        weights are one matrix product.
        """
        return None

    @staticmethod
    def unbend(mean: Array) -> Array:
        """Return f⁻¹ of weighted means."""
        raise NotImplementedError

    def named_children(self) -> dict[str, tuple[str, ...]]:
        """Return the children that the method names, by the field that names them."""
        return {}

    parts: ClassVar[Callable[..., tuple[Array, Array]]]
    """Takes what the formula takes and returns what each child brings, both like ``x``: points to
    add and factors to multiply. The score is the sum of the points times the product of the
    factors; where no child brings points, the product alone. Points 0 and factors 1 play no part.
    """


def _present(x: Array, w: Array) -> Array:
    """Weights, zero where the child has no score: its weight is spread over its siblings."""
    return np.where(np.isnan(x), 0.0, w)


def _weighted_mean(x: Array, w: Array) -> Array:
    w = _present(x, w)
    total = w.sum(0)
    with np.errstate(invalid="ignore"):
        return (w * np.nan_to_num(x)).sum(0) / np.where(total > 0, total, np.nan)


class WeightedSum(Combine):
    r"""加权求和 (weighted arithmetic mean): additive, good parts make up for bad ones.

    .. math:: s = \frac{\sum_k w_k s_k}{\sum_k w_k}

    Notes
    -----
    Data: the children's scores, 0–100. Weights are relative: 60, 25, 15 and 0.60, 0.25, 0.15 say
    the same. A child without a score gives its weight to its siblings in proportion to theirs.
    Monotone: yes.

    References
    ----------
    [1] OECD/JRC (2008), Handbook on Constructing Composite Indicators, step 6.
    """

    method: Literal["weighted_sum"] = "weighted_sum"
    label: ClassVar = Words("加权求和", "weighted sum")
    chinese: ClassVar = "按权重相加，好的部分可以弥补差的部分。"
    notation: ClassVar = "sum(weight * score) / sum(weight)"
    linear: ClassVar = True

    @staticmethod
    def formula(x: Array, w: Array) -> Array:
        """Return the weighted mean of the children."""
        return _weighted_mean(x, w)

    @staticmethod
    def parts(x: Array, w: Array, **parameters: Any) -> tuple[Array, Array]:
        """Return weighted points; the score is their sum."""
        w = _present(x, w)
        total = w.sum(0)
        return w * np.nan_to_num(x) / np.where(total > 0, total, 1.0), np.ones_like(x)


class Geometric(Combine):
    r"""加权几何平均 (weighted geometric mean): a bad part weighs more than a good one.

    .. math:: s = \prod_k s_k^{w_k / \sum_j w_j}

    Parameters
    ----------
    zero : {"error", "zero", "floor"}, default "error"
        What a part of zero (or below) means: a mistake that stops the evaluation; a score of zero
        for the node; or that the part counts as ``floor``.
    floor : float, points, default 1
        The score that a lower part counts as when ``zero`` is ``"floor"``.

    Notes
    -----
    Data: the children's scores, 0–100. A child without a score gives its weight to its siblings.
    A child of weight zero plays no part, even when its score is zero. Monotone: yes.

    References
    ----------
    [1] OECD/JRC (2008), Handbook on Constructing Composite Indicators, step 6.
    [2] UNDP, Human Development Report 2023/24, technical note 1.
    """

    method: Literal["geometric"] = "geometric"
    label: ClassVar = Words("加权几何平均", "weighted geometric mean")
    chinese: ClassVar = "按权重取几何平均，差的部分比好的部分影响更大。"
    notation: ClassVar = """
        product((max(score, floor) if zero == "floor" else score) ** (weight / sum(weight)))
    """
    zero: Literal["error", "zero", "floor"] = parameter("error", "零分处理", "when a part is zero")
    floor: float = parameter(1.0, "零分按此计", "score that zero counts as", gt=0, span=(0.1, 10))

    @staticmethod
    def _logs(x: Array, w: Array, zero: str, floor: Any) -> tuple[Array, Array]:
        w = _present(x, w)
        x = np.where(w > 0, x, 1.0)
        if zero == "floor":
            x = np.maximum(x, floor)
        bad = {"error": np.nan, "zero": -np.inf, "floor": np.nan}[zero]
        positive = x > 0
        logs = np.where(positive, np.log(np.where(positive, x, 1.0)), bad)
        total = w.sum(0)
        return logs, w / np.where(total > 0, total, np.nan)

    @staticmethod
    def bend(x: Array, **parameters: Any) -> Array | None:
        """Return logarithms where all scores have one."""
        floor = parameters["floor"]
        if parameters["zero"] == "floor" and isinstance(floor, float):
            x = np.maximum(x, floor)
        return np.log(x) if (x > 0).all() and isinstance(floor, float) else None

    @staticmethod
    def unbend(mean: Array) -> Array:
        """Return the mean itself from the mean of logarithms."""
        return np.exp(mean)

    @staticmethod
    def formula(x: Array, w: Array, *, zero: str, floor: Any) -> Array:
        """Return the weighted geometric mean of the children."""
        logs, share = Geometric._logs(x, w, zero, floor)
        with np.errstate(invalid="ignore"):
            return np.exp(
                np.where(share > 0, share * logs, np.where(np.isnan(share), share, 0)).sum(0)
            )

    @staticmethod
    def parts(x: Array, w: Array, **parameters: Any) -> tuple[Array, Array]:
        """Return factors; the score is their product."""
        logs, share = Geometric._logs(x, w, parameters["zero"], parameters["floor"])
        return np.zeros_like(x), np.exp(np.where(share > 0, share * logs, 0.0))


class Minimum(Combine):
    r"""短板法 (minimum): the worst part is the score; nothing makes up for it.

    .. math:: s = \min_{k: w_k > 0} s_k

    Notes
    -----
    Data: the children's scores. Weights only say whether a child takes part (weight above zero).
    A child without a score takes no part. Monotone: yes.

    References
    ----------
    [1] OECD/JRC (2008), Handbook on Constructing Composite Indicators, step 6 (non-compensatory).
    """

    method: Literal["minimum"] = "minimum"
    label: ClassVar = Words("短板法（取最低）", "minimum")
    chinese: ClassVar = "最差的部分就是得分，其余再好也补不上。"
    notation: ClassVar = "min(score)"

    @staticmethod
    def formula(x: Array, w: Array) -> Array:
        """Return the lowest score among the children that take part."""
        lowest = np.where(_present(x, w) > 0, x, np.inf).min(0)
        return np.where(np.isinf(lowest), np.nan, lowest)

    @staticmethod
    def parts(x: Array, w: Array, **parameters: Any) -> tuple[Array, Array]:
        """Return all points for the worst child (the first one, if several)."""
        x = np.where(_present(x, w) > 0, x, np.inf)
        worst = np.arange(len(x))[:, None, None] == x.argmin(0)
        return np.where(worst, x, 0.0), np.ones_like(x)


class Multiplier(Combine):
    r"""乘数计分法 (multiplier method): a base score times the coefficients of the other parts.

    .. math:: T = \Big(\frac{\sum_{b} w_b s_b}{\sum_b w_b}\Big)
              \prod_{k} \operatorname{clip}(c(s_k),\, low,\, high) + \sum_{a} \frac{w_a s_a}{100}

    Parameters
    ----------
    base : id or list of ids
        The children that are the base, blended by their weights. Empty: the product starts from
        full marks (100), for a score that is only a coefficient (form M10).
    added : id or list of ids, default none
        Children whose weighted points (weight in percent) are added after the product.
        Every other child is a coefficient.
    map : CoefficientMap, default identity
        How a part's score becomes a coefficient.
    low, high : float, optional
        The limits of every coefficient; the ends of the band for the band and rank maps.
    scope : {"all", "category"}, default "all"
        Whom the best, mean, linear band, centred and rank maps compare with.
    missing : {"error", "one", "mean"}, default "error"
        The coefficient of a part without a score: a mistake; 1; or the mean coefficient of the
        units compared with.
    zero : {"error", "keep", "one"}, default "error"
        What a coefficient of zero (or below) means: a mistake; a total of zero; or 1.
    base_mark : float, optional, points
        Base points: when any base child is below this mark the coefficients are dropped (all 1).
    base_mark_caps : bool, default False
        Whether the base children then also count at most ``base_mark``.

    Notes
    -----
    Data: the children's scores, 0–100. Weights of coefficient children play no part, except that
    weight 0 (in a category) takes the child out of the product. Forms of the manual: M1, M2 raw
    products (identity); M3 with ``added`` or inside a weighted sum; M4 several base children; M5 a
    group of parts as the coefficient; M6 one coefficient; M7 ``base_mark``; M8 ``low`` and
    ``high``; M9 workload; M10 no base, map best; M11 gate. Monotone: yes, except ``base_mark``.

    References
    ----------
    [1] Jiangsu 2019 assessment: the party-building score multiplies the development score.
    [2] SASAC (2009), business performance assessment: base-point gate (base_mark).
    [3] Coefficient maps, limits and gates are model choices: no official text states them.
    """

    may_be_supplied: ClassVar = ("children",)
    outside_formula: ClassVar = ("scope",)
    method: Literal["multiplier"] = "multiplier"
    label: ClassVar = Words("乘数计分法", "multiplier method")
    chinese: ClassVar = "基础得分乘以其他各部分的系数。"
    notation: ClassVar = """
        start = sum(base_weight * base_score) / sum(base_weight) if any(base_weight) else 100
        start * product(coefficient) + sum(added_weight * added_score) / 100 \
            if any(added_weight) else start * product(coefficient)
    """
    base: Ids = parameter(..., "基数", "base")
    added: Ids = parameter((), "乘后相加", "added after the product")
    map: SerializeAsAny[CoefficientMap] = parameter(Identity(), "系数换算", "coefficient map")
    low: float | None = parameter(None, "系数下限", "lowest coefficient", ge=0, span=(0.7, 1))
    high: float | None = parameter(None, "系数上限", "highest coefficient", ge=0, span=(1, 1.3))
    scope: Literal["all", "category"] = parameter("all", "比较范围", "compared with")
    missing: Literal["error", "one", "mean"] = parameter("error", "缺失处理", "when missing")
    zero: Literal["error", "keep", "one"] = parameter("error", "零系数处理", "when zero")
    base_mark: float | None = parameter(None, "基本分", "base points", span=(50, 80))
    base_mark_caps: bool = parameter(False, "按基本分封顶", "cap at base points")

    @model_validator(mode="after")
    def _fits(self) -> Multiplier:
        if self.map.needs_band() and (self.low is None or self.high is None):
            raise refusal(
                "low" if self.low is None else "high",
                Words("没有填写", "nothing"),
                Words(
                    f"“{self.map.label.zh}”需要系数下限 low 和上限 high",
                    f"a number: map {self.map.method!r} needs low and high",
                ),
                Words("例如 low: 0.9, high: 1.1", "For example low: 0.9, high: 1.1"),
            )
        if self.low is not None and self.high is not None and self.low > self.high:
            raise refusal(
                "low",
                f"{self.low:g}",
                Words(f"不大于 high（{self.high:g}）", f"at most high ({self.high:g})"),
            )
        return self

    def named_children(self) -> dict[str, tuple[str, ...]]:
        """Return the children named as base and as added."""
        return {"base": self.base, "added": self.added}

    @staticmethod
    def _terms(
        x: Array,
        w: Array,
        *,
        children: tuple[str, ...],
        base: tuple[str, ...],
        added: tuple[str, ...],
        map: Callable[..., Array],
        low: Any,
        high: Any,
        missing: str,
        zero: str,
        base_mark: Any,
        base_mark_caps: bool,
    ) -> tuple[dict[int, Array], dict[int, Array], dict[int, Array]]:
        """Return points of base and of added children, and factors of coefficient children."""
        w = np.broadcast_to(w, np.broadcast_shapes(w.shape, x.shape))
        bases = [k for k, child in enumerate(children) if child in base]
        counted = x[bases]
        if base_mark is not None:
            below = (np.where(w[bases] > 0, counted, np.inf) < base_mark - 1e-9).any(0)
            if base_mark_caps:
                counted = np.where(below, np.minimum(counted, base_mark), counted)
        if len(bases) == 1:
            counts = w[bases] > 0
            blended = counted if counts.all() else np.where(counts, counted, np.nan)
        else:
            share = _present(counted, w[bases])
            total = share.sum(0)
            blended = share * np.nan_to_num(counted) / np.where(total > 0, total, np.nan)
        after, factors = {}, {}
        for k, child in enumerate(children):
            if child in added:
                after[k] = w[k] * x[k] / 100
            elif child not in base:
                c = _coefficient(x[k], map, low, high, missing, zero)
                counts = w[k] > 0 if base_mark is None else (w[k] > 0) & ~below
                factors[k] = c if counts.all() else np.where(counts, c, 1.0)
        return dict(zip(bases, blended, strict=True)), after, factors

    @staticmethod
    def parts(x: Array, w: Array, **parameters: Any) -> tuple[Array, Array]:
        """Return points of base and added children, and factors of coefficient children."""
        points, factors = np.zeros_like(x), np.ones_like(x)
        start, after, coefficients = Multiplier._terms(x, w, **parameters)
        for k, part in (start | after).items():
            points[k] = part
        for k, factor in coefficients.items():
            factors[k] = factor
        return points, factors

    @staticmethod
    @wraps(_terms.__func__, assigned=())  # type: ignore[attr-defined]  # the same parameters, said once
    def formula(x: Array, w: Array, **parameters: Any) -> Array:  # type: ignore[override]
        """Return base times coefficients plus the added parts."""
        start, after, coefficients = Multiplier._terms(x, w, **parameters)
        score: Any = sum(start.values()) if parameters["base"] else 100.0
        if coefficients:
            score = score * prod(coefficients.values())
        return np.broadcast_to(score + sum(after.values()), x.shape[1:])


def _coefficient(
    score: Array, map: Callable[..., Array], low: Any, high: Any, missing: str, zero: str
) -> Array:
    """Return the coefficient of a part of score (R, N); NaN where the scheme calls it an error."""
    absent = np.isnan(score)
    some_absent = bool(absent.any())
    known = np.maximum(score, 0.0)
    if some_absent:
        # Maps compare with those that have a score; where nobody has one, any number will do.
        known = np.where(absent, np.where(absent.all(-1, keepdims=True), 0.0, np.nan), known)
    c = np.asarray(map(known, low=low, high=high))
    c = c if low is None else np.maximum(c, low)
    c = c if high is None else np.minimum(c, high)
    if not (c > 0).all():
        c = np.where(c > 0, c, {"error": np.nan, "keep": 0.0, "one": 1.0}[zero])
    if some_absent:
        count = (~absent).sum(-1, keepdims=True)
        others = np.where(absent, 0.0, c).sum(-1, keepdims=True) / np.where(count, count, np.nan)
        c = np.where(absent, {"error": np.nan, "one": 1.0, "mean": others}[missing], c)
    return c
