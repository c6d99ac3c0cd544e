"""What commands are made of: the parser of each, and the options that several share."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from simkaohe.labels import Words

LANGUAGE = argparse.ArgumentParser(add_help=False)
LANGUAGE.add_argument("--lang", choices=("zh", "en"), help="language of what is printed")
OUTPUT = argparse.ArgumentParser(add_help=False, parents=[LANGUAGE])
OUTPUT.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to a file")
TABLE = argparse.ArgumentParser(add_help=False, parents=[OUTPUT])
TABLE.add_argument("--format", choices=("table", "csv", "json"), default="table")
EDITS = argparse.ArgumentParser(add_help=False)
EDITS.add_argument(
    "--set",
    action="append",
    default=[],
    metavar="PATH=VALUE",
    help="change one entry of the scheme, e.g. gdp_growth.weight=30; may be repeated",
)
CASE: dict[str, Any] = {
    "metavar": "CASE",
    "help": "a bundled case, a workbook (.xlsx), or a folder with scheme.yaml and actual.csv",
}
SCENARIO: dict[str, Any] = {
    "metavar": "SCENARIO",
    "help": "under a scenario: one of the case's own by name, or FILE[:NAME]",
}
SCENARIOS: dict[str, Any] = {
    "nargs": "*",
    "metavar": "SCENARIO",
    "help": "a file of scenarios (.yaml, .xlsx) or the name of one of the case's own; "
    "default: all of the case's own",
}


class Parser(argparse.ArgumentParser):
    """A parser that says in one sentence, in the reader's language, what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Print the sentence and end with status 2."""
        said = message
        if str(Words("zh", "en")) == "zh":
            for pattern, words in IN_CHINESE:
                said = re.sub(pattern, words, said)
        more = Words("用法：{} --help", "See {} --help").format(self.prog)
        self.exit(2, f"{self.prog}{Words('：', ': ')}{said}{Words('。', '. ')}{more}\n")


IN_CHINESE = (
    (r"^the following arguments are required: (.*)", r"缺少 \1"),
    (r"^one of the arguments (.*) is required", r"缺少 \1 之一"),
    (r"^unrecognized arguments: (.*)", r"不认识 \1"),
    (r"^argument (.*?): not allowed with argument (.*)", r"\1 不能与 \2 同用"),
    (r"^ambiguous option: (.*?) could match (.*)", r"\1 不清楚，可能是 \2"),
    (r"^argument ", ""),
    (r": invalid choice: (.*) \(choose from (.*)\)", r"：没有 \1，可用的有：\2"),
    (r": invalid (?:int|float) value: (.*)", r"：\1 应为数"),
    (r": expected (?:at least )?one argument", "：后面要有一个值"),
    (r": expected (\d+) arguments", r"：后面要有 \1 个值"),
)
"""What argparse says, and how it is said in Chinese."""


class Commands:
    """The commands of the program."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        self,
        name: str,
        run: Callable[[argparse.Namespace], str | None],
        words: str,
        *shared: argparse.ArgumentParser,
    ) -> argparse.ArgumentParser:
        """Add a command; what ``run`` returns is printed, or written to ``--output``."""
        added = self._parsers.add_parser(name, help=words, description=words, parents=list(shared))
        added.set_defaults(run=run)
        return added


def places(text: str) -> int:
    """Return a number of places: 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        words = Words(f"{text!r} 应为 1 或更大的整数", f"found {text!r}; expected 1 or more")
        raise argparse.ArgumentTypeError(str(words))
    return int(text)


def seed(text: str) -> int:
    """Return a seed: a whole number, 0 or more."""
    if not text.isdecimal():
        words = Words(f"{text!r} 应为 0 或更大的整数", f"found {text!r}; expected 0 or more")
        raise argparse.ArgumentTypeError(str(words))
    return int(text)


def share(text: str) -> float:
    """Return a share: above 0, at most 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 1:
        words = Words(
            f"{text!r} 应为大于 0、不大于 1 的数", f"found {text!r}; expected above 0, at most 1"
        )
        raise argparse.ArgumentTypeError(str(words))
    return value
