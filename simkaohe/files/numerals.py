"""Numbers and names (数与名称): what a person may write, and what to say where it is neither."""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal

from simkaohe.files.cells import Exact, Odd
from simkaohe.labels import Words

INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
DIGITS = {
    **{ord("０") + n: str(n) for n in range(10)},
    **{ord(a): b for a, b in zip("＋－−﹣．，％﹪　", "+---.,%% ", strict=True)},
}
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\d{1,3}(,\d{3})+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


BRIEF = Words("数，或留空", "a number, or an empty cell")


class Misfit(Exception):
    """A cell that does not say what its field needs; the reader adds the place."""

    def __init__(self, found: Words | str, expected: Words | str, remedy: Words | str = "") -> None:
        super().__init__(found)
        self.found, self.expected, self.remedy = found, expected, remedy


def key(text: str) -> str:
    """Return the form in which names are compared: blanks, width and case make no difference."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text).translate(INVISIBLE)).casefold()


def clean(text: str) -> str:
    """Return text without blanks around it and without invisible characters."""
    return text if isinstance(text, Exact) else text.translate(INVISIBLE).strip()


def as_text(number: float) -> str:
    """Return a number as a person types it: 12, not 12.0."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e16 else repr(number)


def shown(text: str) -> Words:
    """Return what was found as a message shows it."""
    text = text if len(text) <= 60 else text[:57] + "…"
    return Words(f"“{text}”", repr(text))


def to_number(text: str, percent: str = "refuse") -> float | None:
    """Return the number that a text writes; None when it is none.

    Raises
    ------
    Misfit
        For a percentage where nobody can tell what it means, and a number too large.
    """
    plain = text.translate(INVISIBLE).translate(DIGITS).strip()
    if plain[:1] in ("'", "’", "‘", "＇"):
        plain = plain[1:].strip()
    sign = plain.endswith("%")
    bare = plain[:-1].rstrip() if sign else plain
    if not bare.isascii() or not NUMBER.fullmatch(bare):
        return None
    number = Decimal(bare.replace(",", ""))
    value = percentage(number, text, percent) if sign else float(number)
    if math.isinf(value):
        raise Misfit(shown(text), BRIEF)
    return value


def percentage(hundredfold: Decimal, text: str, percent: str) -> float:
    """Return what a percentage means in a field: ``points`` 35, ``share`` 0.35, else a problem."""
    if percent == "points":
        return float(hundredfold)
    if percent == "share":
        return float(hundredfold / 100)
    bare = f"{round(hundredfold, 8).normalize():f}"
    raise Misfit(
        Words(f"百分数“{text}”", f"the percentage {text}"),
        Words("不带百分号的数", "a number without a percent sign"),
        Words(
            f"请按指标的计量单位改写（例如 {bare}），并把单元格格式改为“常规”；"
            "如果计量单位就是百分之几，请把指标的计量单位填为 %",
            f"Write it in the indicator's unit (e.g. {bare}) and set the cell's format to General; "
            "if the unit is percent, write % as the indicator's unit",
        )
        if percent == "unit"
        else Words(
            "请写成不带百分号的数，并把单元格格式改为“常规”",
            "Write a plain number and set the cell's format to General",
        ),
    )


NOTHING = {
    *("-", "--", "—", "——", "/", "\\", "n/a", "na", "nan", "none", "null", "...", "…", "……", "."),
    *(
        "无",
        "空",
        "缺",
        "缺失",
        "暂无",
        "没有",
        "未报",
        "待定",
        "不适用",
        "无数据",
        "_",
        "*",
        "?",
        "？",
    ),
}
"""What people write where there is nothing."""
TEN_THOUSANDS = {"万": 10**4, "亿": 10**8}
_OTHER_MEANING = re.compile(
    r"[/／\\。:：–—‑<>＜＞≤≥≈~～±‰%^+＋_=\d]|年|月|日|时|秒|[十百千万亿兆]|至|到|pct|percent|[(（]\s*[-−]?\d",
    re.IGNORECASE,
)


def example(text: str) -> str:
    """Return the number that a text certainly means, as it should be written; "" when unsure."""
    plain = text.translate(INVISIBLE).translate(DIGITS).strip()
    runs = re.findall(r"\d[\d,.]*", plain)
    if len(runs) != 1 or not NUMBER.fullmatch(runs[0]):
        return ""
    before, _, after = plain.partition(runs[0])
    sign = "-" if before.endswith("-") else ""
    if sign and before != "-":
        return ""
    number = Decimal(sign + runs[0].replace(",", ""))
    if not before.strip("-") and after.strip() in TEN_THOUSANDS:
        return f"{number * TEN_THOUSANDS[after.strip()]:f}".partition(".0")[0]
    around = f"{before.removesuffix('-')} {after}"
    if _OTHER_MEANING.search(around) or re.search(r"[(（]\s*$", before):
        return ""
    if re.match(r"[a-z_.]", after, re.IGNORECASE) or re.search(r"[a-z_.]$", before, re.IGNORECASE):
        return ""
    return f"{number:f}"


def mend(text: str, use: str = "refuse") -> Words | str:
    """Return what to do about text where a number belongs.

    Parameters
    ----------
    text : str
    use : {"unit", "points", "share", "refuse"}
        As a field's ``percent``: ``unit`` is a number of the data, ``points`` a weight.
    """
    if key(text) in NOTHING or not re.search(r"\w", text):
        return {
            "unit": Words("没有数值时请留空", "Leave the cell empty where there is no value"),
            "points": Words("不计这一项时请写 0", "Write 0 if it does not count"),
        }.get(
            use,
            Words("请写数；用默认值时请留空", "Write a number, or leave it empty for the default"),
        )
    number = example(text)
    if not number:
        digits = Words("请只写阿拉伯数字组成的一个数", "Write one number, in digits only")
        if any(unicodedata.numeric(letter, None) is not None for letter in text):
            return digits
        empty = Words(
            "请写数；没有数值时请留空", "Write a number, or leave it empty where there is none"
        )
        return empty if use == "unit" else ""
    of_unit = use == "unit"
    return Words(
        f"请只写数（例如 {number}" + ("，按指标的计量单位换算）" if of_unit else "）"),
        f"Write only the number (e.g. {number})" + (", in the indicator's unit" * of_unit),
    )


def odd_words(cell: Odd) -> Words:
    """Return what an odd cell is, in words."""
    if cell.kind == "formula":
        return Words("没有计算结果的公式", "a formula without a calculated value")
    return {
        "percent": Words("百分数“{}”", "the percentage {}"),
        "date": Words("日期“{}”", "the date {}"),
        "error": Words("错误值 {}", "the error {}"),
        "switch": Words("逻辑值 {}", "the truth value {}"),
        "number": Words("写坏的数“{}”", "the broken number {}"),
    }[cell.kind].format(cell.text)


def odd_remedy(cell: Odd, use: str = "refuse") -> Words | str:
    """Return what to do about an odd cell; ``use`` is as in :func:`mend`."""
    if cell.kind == "formula":
        return Words("请用 Excel 打开，重新计算并保存", "Open it in Excel, recalculate and save")
    return {
        "date": Words(
            "请把单元格格式改为“常规”后重新填写",
            "Set the cell's format to General and write it again",
        ),
        "error": Words("请改正公式", "Mend the formula")
        if use == "points"
        else Words("请改正公式，或留空", "Mend the formula, or leave the cell empty"),
    }.get(cell.kind, "")
