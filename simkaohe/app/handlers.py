"""What a visitor asks for (请求): the index, a page, or something that is not there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError, authenticated
from voila.tornado.handler import TornadoVoilaHandler

from simkaohe.app import visitors
from simkaohe.app.pages import LAB_ONLY, in_both_languages, without_code
from simkaohe.app.words import WORDS
from simkaohe.labels import Words

if TYPE_CHECKING:
    from simkaohe.app.server import Server

TEMPLATES = Path(__file__).parent / "templates"
_LANGUAGE = re.compile(r"""use_language\(["'](?:zh|en)["']\)""")


class Visited:
    """What the handlers share: visitors, languages, and errors in words."""

    server: Server
    language: str

    async def prepare(self, **options: Any) -> None:
        """Learn the visitor's language before anything else, also for who is refused."""
        self.server = self.settings["simkaohe"]
        asked, before = self.get_query_argument("lang", None), self.get_cookie(visitors.LANGUAGE)
        wishes = asked, before, self.server.service.language
        self.language = visitors.language_of(wishes, self.request.headers)
        if asked:
            self._remember(visitors.LANGUAGE, self.language)
        waiting = await super().prepare(**options)
        if waiting is not None:
            await waiting

    def visitor(self) -> str:
        """Return the name of the visitor's folder; a new visitor gets a cookie."""
        secret = visitors.secret_of(self.get_cookie(visitors.COOKIE))
        self._remember(visitors.COOKIE, secret)
        assert self.xsrf_token  # makes the cookie with which a page ends its kernel when it closes
        return visitors.folder_of(secret)

    def say(self, words: Words) -> str:
        """Return words in the visitor's language; the server itself speaks both."""
        return words.zh if self.language == "zh" else words.en

    def draw(self, template: str, **values: Any) -> None:
        """Answer with a page of this package."""
        loader = jinja2.FileSystemLoader(TEMPLATES)
        drawn = jinja2.Environment(loader=loader, autoescape=True).get_template(template)
        shared = {"say": self.say, "words": WORDS, "language": self.language}
        self.finish(drawn.render(**shared, base_url=self.base_url, **values))

    def get_login_url(self) -> str:
        """Refuse who has no token: there is nowhere to log in."""
        raise HTTPError(403)

    def write_error(self, status_code: int, **_: Any) -> None:
        """Say in a sentence what is wrong."""
        self.set_header("Content-Type", "text/html; charset=utf-8")
        message = WORDS.get(f"error_{status_code}", WORDS["error"])
        self.draw("error.html.j2", message=message, code=status_code)

    def _remember(self, name: str, value: str) -> None:
        self.set_cookie(
            name,
            value,
            expires_days=visitors.YEAR,
            path=self.base_url,
            httponly=True,
            samesite="Lax",
            secure=self.request.protocol == "https",
        )


class IndexHandler(Visited, JupyterHandler):
    """The first page: which pages there are."""

    @authenticated
    def get(self) -> None:
        """Show the index; a token in the address goes into a cookie and out of the address."""
        self.visitor()
        if self.get_query_argument("token", None) is not None:
            self.redirect(self.base_url)
        else:
            pages, title = self.server.pages.values(), self.server.service.title
            self.draw("list.html.j2", pages=pages, title=title)


class PageHandler(Visited, TornadoVoilaHandler):
    """A notebook as a page, with a kernel of its own."""

    @authenticated
    async def get(self, name: str) -> None:
        """Run the notebook for this visitor and show it."""
        if name not in self.server.pages:
            raise HTTPError(404)
        if len(self.kernel_manager.list_kernel_ids()) >= self.server.service.most:
            raise HTTPError(503)
        self.page = self.server.pages[name]
        self.request.headers["X-Simkaohe-Visitor"] = self.visitor()  # whatever was sent as such
        await super().get(f"{name}.ipynb")


class NothingHandler(Visited, JupyterHandler):
    """Everything else."""

    @authenticated
    def get(self) -> None:
        """Say that there is no such page."""
        raise HTTPError(404)


def prepared(page: PageHandler, notebook: Any, cwd: str) -> Any:
    """Leave out the cells that speak of JupyterLab; let the page speak the visitor's language."""
    del cwd
    notebook.cells = [
        cell for cell in notebook.cells if LAB_ONLY not in cell.metadata.get("tags", ())
    ]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = _LANGUAGE.sub(f'use_language("{page.language}")', cell.source)
        elif cell.cell_type == "markdown":
            cell.source = in_both_languages(without_code(cell.source))
    notebook.metadata["title"] = page.say(page.page.title)
    said = {name: page.say(words) for name, words in WORDS.items()}
    notebook.metadata["simkaohe"] = {**said, "lang": page.say(Words("zh-CN", "en"))}
    return notebook
