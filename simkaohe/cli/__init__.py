"""The command line (命令行): ``simkaohe rank``, ``compare``, ``report``, ``template`` and others.

Each module with an ``add`` holds a family of commands; :data:`FAMILIES` lists them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import metadata

from simkaohe.cli import explaining, fairness, files, ranking, sensitivity, serving
from simkaohe.cli.options import Commands, Parser, lang, told
from simkaohe.cli.printing import put
from simkaohe.cli.reading import check_outputs
from simkaohe.errors import Problem, SimkaoheError, reason
from simkaohe.labels import Language, Words, language, use_language

FAMILIES = (ranking, explaining, sensitivity, fairness, files, serving)
"""The modules that add commands, in the order of the help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, or 2 with one sentence a problem."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    before = language()
    try:
        use_language(_asked_for(argv) or before)
        arguments = _parser().parse_args(argv)
        check_outputs(arguments)
        text = arguments.run(arguments)
        if text is not None:
            put(text, arguments)
    except SimkaoheError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    except OSError as error:
        why = reason(error)
        words = Words(f"读写失败：{why.zh}", f"reading or writing failed: {why.en}")
        print(Problem("simkaohe", words), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        use_language(before)
    return 0


def _asked_for(argv: Sequence[str] | None) -> Language | None:
    """Return the language of ``--lang``, which wrong commands are answered in too."""
    early = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    early.add_argument("--lang")
    try:
        asked = early.parse_known_args(argv)[0].lang
    except argparse.ArgumentError:
        return None
    return asked if asked in ("zh", "en") else None


def _parser() -> Parser:
    parser = Parser(
        prog="simkaohe",
        description=told(
            "模拟考核：考核方案实施之前先试一试。每个命令的用法：simkaohe 命令 --help",
            "模拟考核: try an assessment scheme before it is put into force. "
            "More on a command: simkaohe COMMAND --help",
        ),
    )
    version = f"simkaohe {metadata.version('simkaohe')}"
    words = told("显示版本", "show the version")
    parser.add_argument("--version", action="version", version=version, help=words)
    lang(parser)
    commands = Commands(parser)
    for family in FAMILIES:
        family.add(commands)
    return parser
