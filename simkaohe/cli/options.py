"""What commands are made of: the parser of each, and the options that several share."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from wcwidth import wcswidth, wcwidth

from simkaohe.labels import Words, language
from simkaohe.scheme.problems import quoted


def told(zh: str, en: str) -> str:
    """Return words in the language of this run, which is chosen before any parser is made."""
    return str(Words(zh, en))


def lang(parser: argparse.ArgumentParser) -> None:
    """Add ``--lang``."""
    words = told("显示的语言", "language of what is printed")
    parser.add_argument("--lang", choices=("zh", "en"), default=argparse.SUPPRESS, help=words)


def output(parser: argparse.ArgumentParser) -> None:
    """Add ``--output`` and ``--lang``."""
    lang(parser)
    add_file(parser, told("写入文件", "write to a file"))


def table(parser: argparse.ArgumentParser) -> None:
    """Add ``--format``, ``--output`` and ``--lang``."""
    output(parser)
    words = told("表格（默认）、CSV 或 JSON", "a table (default), CSV or JSON")
    parser.add_argument("--format", choices=("table", "csv", "json"), default="table", help=words)


def edits(parser: argparse.ArgumentParser) -> None:
    """Add ``--set``."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar=told("路径=值", "PATH=VALUE"),
        help=told(
            "改方案的一项，如 gdp_growth.weight=30；可写多次",
            "change one entry of the scheme, e.g. gdp_growth.weight=30; may be repeated",
        ),
    )


def case(parser: argparse.ArgumentParser, default: Words | None = None) -> None:
    """Add the case, which may be left out where there is a default."""
    words = told(
        "自带案例的名称、工作簿（.xlsx），或含 scheme.yaml 和 actual.csv 的文件夹",
        "a bundled case, a workbook (.xlsx), or a folder with scheme.yaml and actual.csv",
    )
    words += told("；不写：{}", "; default: {}").format(default) if default else ""
    parser.add_argument(
        "case", nargs="?" if default else None, metavar=told("案例", "CASE"), help=words
    )


def unit(parser: argparse.ArgumentParser) -> None:
    """Add the unit."""
    words = told("单位的名称", "the unit's name")
    parser.add_argument("unit", metavar=told("单位", "UNIT"), help=words)


def scenario(parser: argparse.ArgumentParser) -> None:
    """Add ``--scenario``."""
    parser.add_argument(
        "--scenario",
        metavar=told("情景", "SCENARIO"),
        help=told(
            "按哪个情景：案例自带情景的名称，或 文件[:名称]",
            "under a scenario: one of the case's own by name, or FILE[:NAME]",
        ),
    )


def scenarios(parser: argparse.ArgumentParser) -> None:
    """Add the scenarios."""
    parser.add_argument(
        "scenarios",
        nargs="*",
        default=[],
        metavar=told("情景", "SCENARIO"),
        help=told(
            "情景文件（.yaml、.xlsx），或案例自带情景的名称；不写：自带的全部情景",
            "a file of scenarios (.yaml, .xlsx) or the name of one of the case's own; "
            "default: all of the case's own",
        ),
    )


def add_file(parser: argparse.ArgumentParser, words: str, *, required: bool = False) -> None:
    """Add ``--output``."""
    name = told("文件", "FILE")
    parser.add_argument("-o", "--output", type=file, metavar=name, required=required, help=words)


class Formatter(argparse.HelpFormatter):
    """Help in the reader's language; a Chinese letter is two columns wide and has no spaces."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: Any = None) -> None:
        """Add the usage."""
        super().add_usage(
            usage, actions, groups, told("用法：", "usage: ") if prefix is None else prefix
        )

    def start_section(self, heading: str | None) -> None:
        """Open a section under its heading."""
        super().start_section(str(HEADINGS.get(heading or "", heading)))

    def _split_lines(self, text: str, width: int) -> list[str]:
        if language() == "en":
            return super()._split_lines(text, width)
        lines = [""]
        for word in re.findall(r"[!-~]+ ?|.[，。；：、）]*", text):
            if lines[-1] and wcswidth(lines[-1] + word.rstrip()) > width:
                lines.append("")
            lines[-1] += word
        return [line.rstrip() for line in lines]


HEADINGS = {
    "positional arguments": Words("参数", "arguments"),
    "options": Words("选项", "options"),
}
"""What argparse calls its sections, and how they are called here."""


class Parser(argparse.ArgumentParser):
    """A parser that helps, and says in one sentence what is wrong, in the reader's language."""

    def __init__(self, **more: Any) -> None:
        super().__init__(formatter_class=Formatter, add_help=False, **more)
        words = told("显示这份说明", "show this help")
        self.add_argument("-h", "--help", action="help", help=words)

    def format_help(self) -> str:
        """Return the help, its columns aligned however wide the letters are."""
        text = re.sub(r"(?m)^( +\S.*?)( {2,})(?=\S)", _aligned, super().format_help())
        return re.sub(r"(?m)^(\S.*):$", r"\1：", text) if language() == "zh" else text

    def error(self, message: str) -> NoReturn:
        """Print the sentence and end with status 2."""
        said = message
        if language() == "zh":
            for pattern, words in IN_CHINESE:
                said = re.sub(pattern, words, said)
        more = Words("用法：{} --help", "See {} --help").format(self.prog)
        self.exit(2, f"{self.prog}{Words('：', ': ')}{said}{Words('。', '. ')}{more}\n")


def _aligned(found: re.Match[str]) -> str:
    head, gap = found.groups()
    return head + " " * max(len(gap) - sum(wcwidth(letter) == 2 for letter in head), 2)


IN_CHINESE = (
    (r"^the following arguments are required: (.*)", r"缺少 \1"),
    (r"^one of the arguments (.*) is required", r"缺少 \1 之一"),
    (r"^unrecognized arguments: (.*)", r"不认识 \1"),
    (r"^argument (.*?): not allowed with argument (.*)", r"\1 不能与 \2 同用"),
    (r"^ambiguous option: (.*?) could match (.*)", r"\1 不清楚，可能是 \2"),
    (r"^argument (.*?): ", r"\1："),
    (r"：invalid choice: (.*) \(choose from (.*)\)", r"：没有 \1，可用的有：\2"),
    (r"：ignored explicit argument (.*)", r"：后面不要写值，却写了 \1"),
    (r"：expected (?:at least )?one argument", "：后面要有一个值"),
    (r"：expected (\d+) arguments", r"：后面要有 \1 个值"),
)
"""What argparse says, and how it is said in Chinese."""


class Commands:
    """The commands of the program."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        name, title = told("命令", "COMMAND"), told("命令", "commands")
        self._parsers = parser.add_subparsers(required=True, metavar=name, title=title)

    def add(
        self,
        name: str,
        run: Callable[[argparse.Namespace], str | None],
        words: str,
        *shared: Callable[[argparse.ArgumentParser], None],
    ) -> argparse.ArgumentParser:
        """Add a command; what ``run`` returns is printed, or written to ``--output``."""
        added = self._parsers.add_parser(name, help=words, description=words)
        added.set_defaults(run=run)
        for add in shared:
            add(added)
        return added


def file(text: str) -> Path:
    """Return a path to write to."""
    if not text.strip():
        raise argparse.ArgumentTypeError(told("没有写文件名", "no file is named"))
    return Path(text)


def reader(
    kind: Callable[[str], Any], fine: Callable[[Any], bool], zh: str, en: str
) -> Callable[[str], Any]:
    """Return what reads a number of an option, or says what it should be."""

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not fine(value):
            found = quoted(text)
            words = told(f"{found.zh}应为{zh}", f"found {found.en}; expected {en}")
            raise argparse.ArgumentTypeError(words)
        return value

    return read


places = reader(int, lambda n: n >= 1, "1 或更大的整数", "1 or more")
seed = reader(int, lambda n: n >= 0, "0 或更大的整数", "0 or more")
