"""Schemes and scenarios as YAML files (方案文件、情景文件)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from simkaohe.errors import SimkaoheError, refuse
from simkaohe.files.text import parse_yaml, read_text, to_yaml, write_text
from simkaohe.labels import Words
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.problems import problems_of
from simkaohe.scheme.tree import Scheme


def read_scheme(path: str | Path) -> Scheme:
    """Read a scheme from a YAML file.

    Raises
    ------
    SimkaoheError
        Everything that is wrong in the file, each with file and edit path.
    """
    path = Path(path)
    values = parse_yaml(read_text(path), path.name)
    try:
        return Scheme.read(values)
    except SimkaoheError as error:
        raise error.inside(path.name) from error


def write_scheme(path: str | Path, scheme: Scheme) -> Path:
    """Write a scheme as YAML; ``read_scheme`` gives the same scheme back."""
    return write_text(Path(path), to_yaml(scheme.plain()))


def read_scenarios(path: str | Path) -> list[Scenario]:
    """Read scenarios from a YAML file: one (``name``, ``edits``) or a list of them.

    Raises
    ------
    SimkaoheError
        Everything that is wrong in the file.
    """
    path = Path(path)
    values = parse_yaml(read_text(path), path.name)
    entries = [values] if isinstance(values, Mapping) else values
    if not isinstance(entries, list) or not entries:
        refuse(
            path.name,
            Words("没有情景", "no scenario"),
            Words("带 name 和 edits 的情景，或情景列表", "a name and edits, or a list of them"),
        )
    scenarios, problems = [], []
    for number, entry in enumerate(entries, 1):
        try:
            scenarios.append(Scenario.model_validate(entry))
        except ValidationError as error:
            place = path.name if len(entries) == 1 else f"{path.name} › {number}"
            problems += [problem.inside(place) for problem in problems_of(error, entry)]
    if problems:
        raise SimkaoheError(*problems)
    return scenarios


def save_scenarios(path: str | Path, scenarios: Iterable[Scenario]) -> Path:
    """Write scenarios as a YAML list."""
    entries = [s.model_dump(mode="json", exclude_defaults=True) for s in scenarios]
    return write_text(Path(path), to_yaml(entries))
