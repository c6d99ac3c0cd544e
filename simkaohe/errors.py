"""One error class: one clear sentence for each problem, all problems at once.

The pattern of a sentence is *where: found; expected; what to do*. A sentence is written once, in
both languages, where the problem is noticed.
"""

from __future__ import annotations

import difflib
import errno
import socket
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import NamedTuple, NoReturn

from simkaohe.labels import Words


class Problem(NamedTuple):
    """One thing that is wrong, for a reader who can mend it.

    Parameters
    ----------
    where : str
        File › sheet › cell, or edit path.
    found, expected, remedy : Words or str
        What is there, what should be there, and what to do. ``expected`` and ``remedy`` may be
        empty.
    """

    where: str
    found: Words | str
    expected: Words | str = ""
    remedy: Words | str = ""

    @property
    def words(self) -> Words:
        """The sentence in both languages."""
        parts = [w if isinstance(w, Words) else Words(w, w) for w in self[1:]]
        zh, en = ([str(text) for text in texts] for texts in zip(*parts, strict=True))
        return Words(
            self._said(zh, ("{}", "应为{}", "：", "；", "。")),
            self._said(en, ("found {}", "expected {}", ": ", "; ", ". ")),
        )

    def _said(self, texts: Sequence[str], style: Sequence[str]) -> str:
        found, expected, remedy = texts
        there, wanted, colon, semicolon, stop = style
        both = [there.format(found), wanted.format(expected)] if expected else [found]
        sentence = semicolon.join(part for part in both if part)
        said = f"{sentence}{stop}{remedy}" if remedy else sentence
        end = "" if said.endswith(("。", ".", "?", "？")) else stop.strip()
        place = f"{self.where}{colon}" if self.where else ""
        return f"{place}{said}{end}".replace("\n", " ")

    def __str__(self) -> str:
        return str(self.words)

    def inside(self, place: str) -> Problem:
        """Return the same problem with the place (a file, a scenario) named in front."""
        return self._replace(where=f"{place} › {self.where}" if self.where else place)


class SimkaoheError(Exception):
    """Everything that is wrong with what a person gave, one sentence each.

    Attributes
    ----------
    problems : tuple of Problem
        At least one.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

    def inside(self, place: str) -> SimkaoheError:
        """Return the same error with the place named in front of every problem."""
        return SimkaoheError(*(problem.inside(place) for problem in self.problems))


def refuse(
    where: str, found: Words | str, expected: Words | str = "", remedy: Words | str = ""
) -> NoReturn:
    """Raise an error about one thing; see :class:`Problem`."""
    raise SimkaoheError(Problem(where, found, expected, remedy))


def check_known(
    where: str, word: str, known: Mapping[str, str] | Iterable[str], what: Words
) -> None:
    """Refuse a name that is not known; see :func:`unknown`."""
    names = known if isinstance(known, Mapping) else list(known)
    if word not in names:
        raise SimkaoheError(unknown(where, word, names, what))


def check_seed(seed: object) -> None:
    """Refuse a seed that is no whole number, or one below 0."""
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        expected = Words("0 或更大的整数", "a whole number, 0 or more")
        refuse("seed", repr(seed), expected)


def reason(error: OSError) -> Words:
    """Return why the machine refuses something, as it says it; in Chinese where it is usual."""
    said = error.strerror or str(error)
    usual = "没有这个地址" if isinstance(error, socket.gaierror) else REASONS.get(error.errno or 0)
    return Words(usual or said, said)


REASONS = {
    errno.ENOENT: "没有这个文件夹",
    errno.ENOTDIR: "路径中有一段不是文件夹",
    errno.EISDIR: "这是文件夹",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "这里只能读",
    errno.ENOSPC: "磁盘已满",
    errno.ENAMETOOLONG: "名称太长",
    errno.EADDRINUSE: "已被占用",
    errno.EADDRNOTAVAIL: "不是本机的地址",
}
"""Why a file cannot be written or an address not be used, in Chinese."""


def nearest(word: str, known: Mapping[str, str] | Iterable[str], count: int = 3) -> list[str]:
    """Return the known names that a mistyped one probably meant, best first.

    Parameters
    ----------
    word : str
        What was typed.
    known : mapping of name to label, or iterable of names
        Labels (what people read) are compared too.
    count : int
        How many to return at most.
    """
    labels = dict(known) if isinstance(known, Mapping) else {name: name for name in known}
    likeness = {
        name: max(_likeness(word.lower(), text.lower()) for text in (name, label))
        for name, label in labels.items()
    }
    close = sorted((name for name in labels if likeness[name] >= 0.5), key=lambda n: -likeness[n])
    return close[:count]


def _likeness(word: str, text: str) -> float:
    ratio = difflib.SequenceMatcher(None, word, text).ratio()
    inside = (len(word) > 1 and word in text) or (len(text) > 1 and text in word)
    return max(ratio, 0.6) if inside else ratio


def unknown(
    where: str, word: str, known: Mapping[str, str] | Iterable[str], what: Words
) -> Problem:
    """Return the problem “there is no such name”, with the nearest names that exist.

    Parameters
    ----------
    what : Words
        What kind of name it is, e.g. ``Words("指标", "indicator")``.
    """
    known = known if isinstance(known, Mapping) else list(known)
    close = nearest(word, known)
    found = Words(f"没有{what.zh}“{word}”", f"there is no {what.en} {word!r}")
    shown = close or list(known)[:6]
    names = "、".join(shown), ", ".join(repr(name) for name in shown)
    if close:
        remedy = Words(f"是否想写：{names[0]}？", f"Did you mean {names[1]}?")
    elif shown:
        more = len(known) - len(shown)
        remedy = Words(
            f"可用的有：{names[0]}" + (f" 等 {len(known)} 个" if more else ""),
            f"There are: {names[1]}" + (f" and {more} more" if more else ""),
        )
    else:
        remedy = Words(f"这里没有任何{what.zh}", f"There is no {what.en} here at all")
    return Problem(where, found, remedy=remedy)
