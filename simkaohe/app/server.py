"""The server (服务): Voilà with only what pages need; see :func:`serve`.

What a visitor can reach: the index, a page for each notebook, the page's own kernel, and the files
of the user interface. What is shut off: contents, file browser, notebook files, terminals, login by
password, a list of kernels, starting kernels other than by opening a page, and every message to a
kernel but those of widgets (Voilà's ``allowed_message_types``: no code can be sent to run).
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import socket
import sys
import tempfile
import webbrowser
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import tornado.ioloop
from jupyter_server.base.handlers import FileFindHandler
from jupyter_server.services.kernels.handlers import KernelHandler
from jupyter_server.utils import url_path_join
from jupyterlab_server.themes_handler import ThemesHandler
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from traitlets.config import Config
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.static_file_handler import MultiStaticFileHandler, TemplateStaticFileHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from simkaohe.app.handlers import (
    TEMPLATES,
    IndexHandler,
    NothingHandler,
    PageHandler,
    prepared,
)
from simkaohe.app.pages import notebooks_folder, pages
from simkaohe.errors import Problem, SimkaoheError, reason, refuse
from simkaohe.labels import Language, Words

REACHABLE = (
    KernelHandler,
    VoilaKernelWebsocketHandler,
    VoilaShutdownKernelHandler,
    TemplateStaticFileHandler,
    MultiStaticFileHandler,
    ThemesHandler,
    FileFindHandler,
)
"""Of all that Voilà serves. The files among them are the user interface, the same for everybody."""
EXTENSIONS = [
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
]
"""The parts of JupyterLab that a page loads, whatever else is installed on the machine."""
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",  # Voilà's and the widgets' own
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
"""A page talks to its own server only: nothing is fetched from or sent to the network."""
LOCAL = ("127.0.0.1", "localhost", "::1")
RETRIES = 20


@dataclass(frozen=True)
class Service:
    """How the app is served.

    Parameters
    ----------
    title : str
        What the pages open with, for the index; empty: each page's own example.
    token : str
        Empty: no token is asked for.
    say_token : bool
        Whether the token is printed with the address: who gave it knows it.
    ip, port, base_url : str, int or None, str
        Where; ``port=None`` takes the first free one from 8866 on.
    browser : bool
        Whether to open a browser.
    keep : Path
        The folder in which each visitor has a folder for saved scenarios.
    idle : float
        Minutes after which a kernel that nobody uses is ended.
    most : int
        How many pages may be open at once.
    megabytes : float
        How large an upload may be.
    language : "zh", "en" or None
        What the pages open in for who has chosen none; None: what the browser says.
    """

    title: str
    token: str
    keep: Path
    say_token: bool = True
    ip: str = "127.0.0.1"
    port: int | None = None
    base_url: str = "/"
    browser: bool = True
    idle: float = 60.0
    most: int = 20
    megabytes: float = 10.0
    language: Language | None = None

    @property
    def is_local(self) -> bool:
        """Whether only this computer can reach it."""
        return self.ip in LOCAL


def serve(service: Service) -> None:
    """Serve the notebooks until the process is told to stop.

    Raises
    ------
    SimkaoheError
        When the notebooks are missing, the port is taken, or the folder cannot be made.
    """
    home = notebooks_folder()
    try:
        service.keep.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        words = Words("建不了这个文件夹", "this folder cannot be made")
        raise SimkaoheError(Problem(str(service.keep), words)) from error
    server = Server(service, home)
    server.initialize([])
    server.start()


class Server(Voila):
    """Voilà with fewer doors."""

    def __init__(self, service: Service, home: Path) -> None:
        super().__init__(config=_configuration(service))
        self.service, self.home, self.pages = service, home, pages(home)
        self.config_file_paths = []  # nobody's voila.json opens what is shut here
        self.token = service.token
        if service.token:  # who has given the token stays known when the server starts anew
            self.cookie_secret = hashlib.sha256(f"simkaohe {service.token}".encode()).digest()
        self.tornado_settings = {
            "simkaohe": self,
            # Without a token, a page from elsewhere must not pass for this computer by its name.
            "allow_remote_access": bool(service.token) or not service.is_local,
            "websocket_max_message_size": self._largest_upload + 1_000_000,
            "headers": {
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "same-origin",
                "Content-Security-Policy": "; ".join(f"{k} {v}" for k, v in POLICY.items()),
            },
        }

    def setup_template_dirs(self) -> None:
        """Put this package's page around Voilà's."""
        super().setup_template_dirs()
        look = Path(__file__).parents[1] / "widgets"
        self.template_paths = [str(TEMPLATES), str(look), *self.template_paths]

    def init_handlers(self) -> list[Any]:
        """Keep what pages need of Voilà's handlers; everything else is “no such page”."""
        kept = [each for each in super().init_handlers() if each[1] in REACHABLE]
        page = {
            "template_paths": self.template_paths,
            "config": self.config,
            "voila_configuration": self.voila_configuration,
        }
        return [
            (self.server_url, IndexHandler),
            (url_path_join(self.server_url, r"/page/([\w-]+)"), PageHandler, page),
            *kept,
            (r".*", NothingHandler),
        ]

    def start(self) -> None:
        """Serve copies of the notebooks, so that no kernel works among the installed files."""
        self._bound = self._sockets()
        os.environ["SIMKAOHE_KEEP"] = str(self.service.keep.absolute())  # for the kernels
        os.environ["SIMKAOHE_UPLOAD"] = str(self._largest_upload)
        with tempfile.TemporaryDirectory(prefix="simkaohe-") as work:
            shutil.copytree(self.home, work, dirs_exist_ok=True)
            self.root_dir = work
            super().start()

    @property
    def _largest_upload(self) -> int:
        return int(self.service.megabytes * 1e6)

    def listen(self) -> None:
        """Say where the pages are, and serve."""
        self.port = self._bound[0].getsockname()[1]
        # Uploads go through the pages' own channel; no request has a body to speak of.
        served = HTTPServer(self.app, max_body_size=100_000, xheaders=self.service.is_local)
        served.add_sockets(self._bound)
        self._announce()
        self.ioloop = tornado.ioloop.IOLoop.current()
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    def _sockets(self) -> list[Any]:
        first = 8866 if self.service.port is None else self.service.port
        tries = RETRIES if self.service.port is None else 1
        for port in range(first, first + tries):
            try:
                return bind_sockets(port, self.service.ip)
            except OSError as error:
                why, number = reason(error), error.errno
                if isinstance(error, socket.gaierror) or number == errno.EADDRNOTAVAIL:
                    elsewhere = Words(
                        "请用 --ip 写这台电脑自己的地址，如 127.0.0.1",
                        "Give an address of this computer with --ip, such as 127.0.0.1",
                    )
                    break
                elsewhere = Words("请用 --port 换一个端口", "Choose another port with --port")
        refuse(
            f"{self.service.ip}:{first}",
            Words(f"用不了这个地址（{why.zh}）", f"this address cannot be used ({why.en})"),
            remedy=elsewhere,
        )

    def _announce(self) -> None:
        host = "127.0.0.1" if self.service.ip in ("", "0.0.0.0", "::") else self.service.ip
        host = f"[{host}]" if ":" in host else host
        address = url_path_join(f"http://{host}:{self.port}", self.base_url)
        token = f"?token={quote(self.token)}" if self.token else ""
        shown = token if self.service.say_token else token and "?token=…"
        for line in (
            Words("应用已启动：{}", "The app is running: {}").format(f"{address}{shown}"),
            Words("按 Ctrl+C 停止", "Stop it with Ctrl+C"),
        ):
            print(line, file=sys.stderr, flush=True)
        if self.service.browser:
            # through a file that only this user can read: other users see a process's arguments
            door = Path(self.connection_dir, "open.html")
            door.write_text(
                f'<meta charset="utf-8"><meta http-equiv="refresh" content="0;url='
                f'{escape(address + token)}">',
                "utf-8",
            )
            door.chmod(0o600)
            webbrowser.open(door.as_uri())


def _configuration(service: Service) -> Config:
    config = Config()
    config.Voila.ip, config.Voila.base_url = service.ip, service.base_url
    config.Voila.open_browser, config.Voila.log_level = False, "ERROR"
    config.Voila.identity_provider_class = "voila.voila_identity_provider.VoilaIdentityProvider"
    config.IdentityProvider.cookie_options = {"samesite": "Lax"}
    config.VoilaConfiguration.update(
        strip_sources=True,
        show_tracebacks=False,
        file_allowlist=[],
        allow_template_override="NO",
        allow_theme_override="NO",
        extension_allowlist=EXTENSIONS,
        http_header_envs=["X-Simkaohe-Visitor"],
        prelaunch_hook=prepared,
    )
    if sys.platform == "linux" and len(tempfile.gettempdir()) < 40:  # socket names are short
        config.KernelManager.transport = "ipc"  # kernels listen to this user only, on no port
    config.MappingKernelManager.update(
        cull_idle_timeout=max(1, int(service.idle * 60)),
        cull_interval=max(1, min(60, int(service.idle * 15))),
        cull_connected=True,  # a forgotten tab holds no memory for ever
    )
    return config
