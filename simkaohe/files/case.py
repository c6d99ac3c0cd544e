"""Cases (案例): a scheme with its data, in a folder or a workbook; some travel with the package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from simkaohe.errors import Problem, SimkaoheError, refuse, unknown
from simkaohe.files.scheme import read_scenarios, read_scheme, save_scenarios, write_scheme
from simkaohe.files.tables import read_records, read_table, write_records, write_table
from simkaohe.labels import Words
from simkaohe.panel import RECORDS, WIDE, Panel
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.tree import Scheme

Progress = Callable[[int, int, str], object]
WORKBOOKS = (".xlsx", ".xlsm")
FREE = ("covariates", "periods", "difficulty")
"""Tables whose columns are not indicators."""
SOURCES = Words(
    "案例名称、案例文件夹或 .xlsx 工作簿", "a case's name, its folder or an .xlsx workbook"
)
_PACKAGE = Path(__file__).parent.parent


def bundled_cases() -> dict[str, Path]:
    """Return the folders of the cases that travel with the package, by name."""
    places = (_PACKAGE / "data", _PACKAGE.parent / "data")
    home = next((place for place in places if place.is_dir()), places[0])
    return {path.parent.name: path.parent for path in sorted(home.glob("*/scheme.yaml"))}


def load(source: str | Path, progress: Progress | None = None) -> tuple[Scheme, Panel]:
    """Read a scheme and its data.

    Parameters
    ----------
    source : str or Path
        The name of a bundled case (see :func:`bundled_cases`), an Excel workbook (see
        :func:`save`), or a folder with ``scheme.yaml`` and
        ``actual.csv``, and where there are any ``target.csv``, ``previous.csv``, … (every table of
        :class:`Panel` has a file of its name). Tables have units in rows and indicators (ids or
        names) in columns; lists of records (``events.csv``, ``ratings.csv``, ``answers.csv``) have
        a record in each row; in UTF-8 or GBK.
    progress : function (done, total, label), optional
        Told how far the reading of a workbook is.

    Returns
    -------
    scheme : Scheme
    panel : Panel

    Raises
    ------
    SimkaoheError
        Everything that is wrong in the files, each with file, row and column or edit path.
    """
    if is_workbook(source):
        from simkaohe.files.workbook import read_workbook

        scheme, panel, _ = read_workbook(Path(source), progress)
        return scheme, panel
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
    events = {adjustment.name: name for name, adjustment in scheme.adjustments.items()}
    for column, ids in (("indicator", headings), ("event", events)):
        for table in RECORDS:
            if column in frames.get(table, ()):
                names = frames[table][column]
                frames[table][column] = [ids.get(name, name) for name in names]
    return scheme, Panel(**frames)


def is_workbook(source: str | Path) -> bool:
    """Return whether a source is a file that is to be read as a workbook."""
    path = Path(source)
    text = path.suffix.lower() in (".yaml", ".yml", ".csv", ".json")
    return (path.is_file() and not text) or path.suffix.lower() in WORKBOOKS


def load_scenarios(source: str | Path) -> list[Scenario]:
    """Read scenarios from a YAML file (one or a list), from a case's folder or from a workbook.

    Raises
    ------
    SimkaoheError
        Everything that is wrong in the file.
    """
    if is_workbook(source):
        from simkaohe.files.workbook import read_workbook

        return read_workbook(Path(source))[2]
    if str(source) not in bundled_cases() and not Path(source).is_dir():
        return read_scenarios(Path(source))
    path = _folder(source) / "scenarios.yaml"
    return read_scenarios(path) if path.exists() else []


def _folder(source: str | Path) -> Path:
    if not str(source).strip():
        refuse(
            str(Words("案例", "case")),
            Words("没有写名称", "no name"),
            SOURCES,
        )
    path, cases = Path(source), bundled_cases()
    if str(source) in cases:
        return cases[str(source)]
    if path.name == "scheme.yaml":
        path = path.parent
    if path.is_dir():
        return path
    if path.is_file():
        refuse(
            str(source),
            Words("别的文件", "a file of another kind"),
            SOURCES,
        )
    raise SimkaoheError(
        unknown(str(source), str(source), list(cases), Words("案例或文件夹", "case or folder"))
    )


def save(
    place: str | Path, scheme: Scheme, panel: Panel, scenarios: Sequence[Scenario] = ()
) -> Path:
    """Write a case that :func:`load` reads back: a workbook (``.xlsx``) or a folder.

    Every file is written whole or not at all.

    Raises
    ------
    SimkaoheError
        When the folder cannot be written to.
    """
    folder = Path(place)
    if folder.suffix.lower() in WORKBOOKS:
        from simkaohe.files.workbook import write_workbook

        return write_workbook(folder, scheme, panel, scenarios)
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
    if scenarios:
        save_scenarios(folder / "scenarios.yaml", scenarios)
    return folder
