"""``simkaohe lab`` and ``app``: the notebooks, and the notebooks as pages without code."""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
from pathlib import Path

from simkaohe.app.pages import notebooks_folder
from simkaohe.cli.options import CASE, LANGUAGE, Commands, places
from simkaohe.cli.printing import said
from simkaohe.cli.reading import load_case
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words

SHORTEST_TOKEN = 12


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    lab = commands.add("lab", _lab, "open the notebooks in JupyterLab", LANGUAGE)
    lab.add_argument("jupyter", nargs=argparse.REMAINDER, help="passed on to JupyterLab")
    app = commands.add("app", _app, "serve the notebooks as pages without code", LANGUAGE)
    app.add_argument(
        "case",
        nargs="?",
        **(CASE | {"help": f"{CASE['help']}; default: each page opens its own example"}),
    )
    app.add_argument(
        "--port", type=_port, metavar="N", help="default: the first free one from 8866"
    )
    app.add_argument("--ip", default="127.0.0.1", help="default: 127.0.0.1, this computer only")
    app.add_argument("--base-url", default="/", metavar="PATH", help="the path behind a proxy")
    app.add_argument("--no-browser", action="store_true", help="open no browser")
    token = app.add_mutually_exclusive_group()
    token.add_argument("--token", help="default: $SIMKAOHE_TOKEN, else a new one at every start")
    token.add_argument("--no-token", action="store_true", help="let everybody in")
    app.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="where visitors' scenarios are kept"
    )
    app.add_argument(
        "--idle",
        type=_above_zero,
        default=60.0,
        metavar="MINUTES",
        help="end what nobody uses (default: 60)",
    )
    app.add_argument(
        "--most", type=places, default=20, metavar="N", help="pages open at once (default: 20)"
    )
    app.add_argument(
        "--upload",
        type=_above_zero,
        default=10.0,
        metavar="MB",
        help="the largest upload (default: 10)",
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        words = Words(f"{text!r} 应为 0 到 65535 的整数", f"found {text!r}; expected 0 to 65535")
        raise argparse.ArgumentTypeError(str(words))
    return int(text)


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        words = Words(f"{text!r} 应为大于 0 的数", f"found {text!r}; expected a number above 0")
        raise argparse.ArgumentTypeError(str(words))
    return number


def _lab(arguments: argparse.Namespace) -> None:
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    notebooks = str(notebooks_folder())
    words = [sys.executable, "-m", "jupyterlab", notebooks, *root, *arguments.jupyter]
    raise SystemExit(subprocess.call(words))


def _app(arguments: argparse.Namespace) -> None:
    title = ""
    if arguments.case:
        scheme, _ = load_case(arguments.case)
        title = scheme.label
        path = Path(arguments.case)
        os.environ["SIMKAOHE_CASE"] = str(path.absolute()) if path.exists() else arguments.case
    token, is_new = _token(arguments)
    from simkaohe.app.server import Service, serve

    service = Service(
        title=title,
        token=token,
        say_token=is_new,
        keep=arguments.keep or _usual_place(),
        ip=arguments.ip,
        port=arguments.port,
        base_url=f"/{arguments.base_url.strip('/')}/".replace("//", "/"),
        browser=not arguments.no_browser,
        idle=arguments.idle,
        most=arguments.most,
        megabytes=arguments.upload,
    )
    if not token and not service.is_local:
        said(
            Words(
                "警告：没有设口令，凡是能连到这台电脑的人都能打开这些页面。",
                "Warning: there is no token; everybody who can reach this computer can open "
                "these pages.",
            )
        )
    serve(service)


def _token(arguments: argparse.Namespace) -> tuple[str, bool]:
    """Return the token that visitors must know, and whether it is new; kernels do not inherit it."""
    given = os.environ.pop("SIMKAOHE_TOKEN", "")
    if arguments.no_token:
        return "", False
    token = arguments.token if arguments.token is not None else given
    if token and len(token) < SHORTEST_TOKEN:
        raise SimkaoheError(
            Problem(
                "token",
                Words(f"{len(token)} 个字符", f"{len(token)} characters"),
                Words(f"至少 {SHORTEST_TOKEN} 个", f"at least {SHORTEST_TOKEN}"),
                Words("短口令容易被猜中", "A short one is easily guessed"),
            )
        )
    return token or secrets.token_urlsafe(24), not token


def _usual_place() -> Path:
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir(), "simkaohe")
