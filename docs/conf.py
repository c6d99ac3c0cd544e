"""How the documentation is built: ``make docs``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]
os.environ["SIMKAOHE_LANGUAGE"] = "zh"

import simkaohe  # noqa: E402

project = "simkaohe 模拟考核"
author = "simkaohe contributors"
release = simkaohe.__version__
language = "zh_CN"
extensions = [
    "api_pages",
    "formula_manual",
    "offline_math",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
]
exclude_patterns = ["_ext"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
autosummary_generate = True
autosummary_imported_members = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "exclude-members": "model_config, model_post_init"}
html_theme = "furo"
html_title = project
html_math_renderer = "mathtext"
html_static_path: list[str] = []
html_copy_source = False
templates_path = ["_templates"]
