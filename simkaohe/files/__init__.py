"""Files (文件): cases in folders and workbooks, schemes and scenarios. All are written atomically."""

from simkaohe.files.case import bundled_cases, load, load_scenarios, save
from simkaohe.files.scheme import read_scheme, save_scenarios, write_scheme

__all__ = [
    "bundled_cases",
    "load",
    "load_scenarios",
    "read_scheme",
    "save",
    "save_scenarios",
    "write_scheme",
]
