"""Files (文件): cases in folders, schemes and scenarios in YAML. Everything is written atomically."""

from simkaohe.files.case import bundled_cases, load, save
from simkaohe.files.scheme import load_scenarios, read_scheme, save_scenarios, write_scheme

__all__ = [
    "bundled_cases",
    "load",
    "load_scenarios",
    "read_scheme",
    "save",
    "save_scenarios",
    "write_scheme",
]
