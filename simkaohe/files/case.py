"""Cases (案例): a scheme with its data, in one folder; some travel with the package."""

from __future__ import annotations

from pathlib import Path

from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.files.scheme import read_scheme, write_scheme
from simkaohe.files.tables import read_records, read_table, write_records, write_table
from simkaohe.labels import Words
from simkaohe.panel import RECORDS, WIDE, Panel
from simkaohe.scheme.tree import Scheme

FREE = ("covariates", "periods", "difficulty")
"""Tables whose columns are not indicators."""
_PACKAGE = Path(__file__).parent.parent


def bundled_cases() -> dict[str, Path]:
    """Return the folders of the cases that travel with the package, by name."""
    places = (_PACKAGE / "data", _PACKAGE.parent / "data")
    home = next((place for place in places if place.is_dir()), places[0])
    return {path.parent.name: path.parent for path in sorted(home.glob("*/scheme.yaml"))}


def load(source: str | Path) -> tuple[Scheme, Panel]:
    """Read a scheme and its data.

    Parameters
    ----------
    source : str or Path
        The name of a bundled case (see :func:`bundled_cases`), or a folder with ``scheme.yaml`` and
        ``actual.csv``, and where there are any ``target.csv``, ``previous.csv``, … (every table of
        :class:`Panel` has a file of its name). Tables have units in rows and indicators (ids or
        names) in columns; lists of records (``events.csv``, ``ratings.csv``, ``answers.csv``) have
        a record in each row; in UTF-8 or GBK.

    Returns
    -------
    scheme : Scheme
    panel : Panel

    Raises
    ------
    SimkaoheError
        Everything that is wrong in the files, each with file, row and column or edit path.
    """
    folder = _folder(source)
    scheme = read_scheme(folder / "scheme.yaml")
    headings: dict[str, str] = {}
    for leaf in scheme.indicators:
        names = (leaf.name, leaf.name_en) if leaf.data is None else ()
        headings |= {name: leaf.column for name in (leaf.column, *names) if name}
    units = [*scheme.units, *scheme.sources] if scheme.units else None
    problems: list[Problem] = []
    frames = {}
    for table in WIDE:
        path = folder / f"{table}.csv"
        if table == "actual" or path.exists():
            known = None if table in FREE else headings
            frames[table], wrong = read_table(path, known, units)
            problems += wrong
            if table == "actual" and units is None:
                units = list(frames[table].index)
    for table in RECORDS:
        path = folder / f"{table}.csv"
        if path.exists():
            frames[table], wrong = read_records(path, table)
            problems += wrong
    tables = [*WIDE, *RECORDS]
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in tables:
            problems.append(unknown(path.name, path.stem, tables, Words("数据表", "table")))
    if problems:
        raise SimkaoheError(*problems)
    return scheme, Panel(**frames)


def _folder(source: str | Path) -> Path:
    path, cases = Path(source), bundled_cases()
    if str(source) in cases:
        return cases[str(source)]
    if path.name == "scheme.yaml":
        path = path.parent
    if path.is_dir():
        return path
    if path.is_file():
        raise SimkaoheError(
            Problem(
                str(source),
                Words("这是一个文件", "this is a file"),
                Words("案例名称或案例文件夹", "the name of a case or its folder"),
            )
        )
    raise SimkaoheError(
        unknown(str(source), str(source), list(cases), Words("案例或文件夹", "case or folder"))
    )


def save(folder: str | Path, scheme: Scheme, panel: Panel) -> Path:
    """Write a case as a folder that :func:`load` reads back; each file whole or not at all.

    Raises
    ------
    SimkaoheError
        When the folder cannot be written to.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SimkaoheError(
            Problem(str(folder), Words("建不了这个文件夹", "this folder cannot be made"))
        ) from error
    write_scheme(folder / "scheme.yaml", scheme)
    for table in panel.tables:
        write_table(folder / f"{table}.csv", panel.frame(table))
    for table in panel.record_tables:
        write_records(folder / f"{table}.csv", panel.records(table))
    return folder
