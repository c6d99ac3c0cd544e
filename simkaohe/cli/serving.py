"""``simkaohe lab`` and ``app``: the notebooks, and the notebooks as pages without code."""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

from simkaohe.app.pages import notebooks_folder
from simkaohe.cli.options import Commands, case, lang, places, reader, told
from simkaohe.cli.printing import said
from simkaohe.cli.reading import load_case
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words

SHORTEST_TOKEN = 12


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    words = told("在 JupyterLab 中打开笔记本", "open the notebooks in JupyterLab")
    lab = commands.add("lab", _lab, words, lang)
    words = told("转交给 JupyterLab", "passed on to JupyterLab")
    lab.add_argument("jupyter", nargs=argparse.REMAINDER, help=words)
    served = told("以不带代码的网页打开笔记本", "serve the notebooks as pages without code")
    app = commands.add("app", _app, served, lang)
    case(app, Words("各页用自己的例子", "each page opens its own example"))
    for name, (metavar, words, more) in VALUES.items():
        app.add_argument(f"--{name}", metavar=str(metavar), help=str(words), **more)
    quiet = told("不打开浏览器", "open no browser")
    app.add_argument("--no-browser", action="store_true", help=quiet)
    token = app.add_mutually_exclusive_group()
    new = told(
        "不写：$SIMKAOHE_TOKEN，否则每次启动换新的",
        "default: $SIMKAOHE_TOKEN, else a new one at every start",
    )
    token.add_argument("--token", metavar=told("口令", "TOKEN"), help=new)
    free = told("不要口令，谁都能进", "let everybody in")
    token.add_argument("--no-token", action="store_true", help=free)


_port = reader(int, lambda n: 0 <= n <= 65535, "0 到 65535 的整数", "0 to 65535")
_above_zero = reader(float, lambda x: 0 < x < 1e6, "大于 0 的数", "a number above 0")
VALUES: dict[str, tuple[Words, Words, dict[str, Any]]] = {
    "port": (
        Words("端口", "N"),
        Words("不写：从 8866 起第一个空着的", "default: the first free one from 8866"),
        {"type": _port},
    ),
    "ip": (
        Words("地址", "ADDRESS"),
        Words("默认 127.0.0.1，只限本机", "default: 127.0.0.1, this computer only"),
        {"default": "127.0.0.1"},
    ),
    "base-url": (
        Words("路径", "PATH"),
        Words("代理后面的路径", "the path behind a proxy"),
        {"default": "/"},
    ),
    "keep": (
        Words("文件夹", "FOLDER"),
        Words("访问者的情景存在哪里", "where visitors' scenarios are kept"),
        {"type": Path},
    ),
    "idle": (
        Words("分钟", "MINUTES"),
        Words("闲置多久就结束（默认 60）", "end what nobody uses (default: 60)"),
        {"type": _above_zero, "default": 60.0},
    ),
    "most": (
        Words("页数", "N"),
        Words("最多同时打开几页（默认 20）", "pages open at once (default: 20)"),
        {"type": places, "default": 20},
    ),
    "upload": (
        Words("MB", "MB"),
        Words("上传文件最大多少（默认 10）", "the largest upload (default: 10)"),
        {"type": _above_zero, "default": 10.0},
    ),
}
"""The options of the server that have a value: what it is called, its help, and how it is read."""


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
        language=getattr(arguments, "lang", None),
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
