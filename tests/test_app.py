"""The app: who gets in, what can be reached, and what a visitor sees, in a real server and Chromium."""

from __future__ import annotations

import asyncio
import http.client
import http.cookiejar
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from browser import chromium, keep, page
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

import simkaohe as sk
from simkaohe.app import visitors
from simkaohe.app.pages import (
    LAB_ONLY,
    in_both_languages,
    notebooks_folder,
    pages,
    without_code,
)
from simkaohe.cli import main
from simkaohe.widgets import keeping, uploading
from simkaohe.widgets.following import about
from simkaohe.widgets.state import State
from simkaohe.widgets.transfer import Upload

TOKEN = "a token for the tests"
NAMES = [path.stem for path in sorted(notebooks_folder().glob("*.ipynb"))]
V1 = "v1.kernel.websocket.jupyter.org"


class App:
    """``simkaohe app`` as a process of its own, which can be stopped and started again."""

    def __init__(self, home: Path) -> None:
        self.home, self.address, self.port = home, "", "0"

    def start(self, *options: str) -> None:
        words = [sys.executable, "-m", "simkaohe", "app", "--no-browser", "--lang", "en"]
        words += ["--port", self.port, "--keep", str(self.home / "kept"), "--upload", "1", *options]
        environment = {**os.environ, "SIMKAOHE_TOKEN": TOKEN, "MPLBACKEND": ""}
        log = self.home / "app.log"
        with log.open("wb") as written:
            self.process = subprocess.Popen(words, env=environment, stderr=written, cwd=self.home)
        for _ in range(240):
            assert self.process.poll() is None, log.read_text()
            if said := re.search(r"(http://127\.0\.0\.1:(\d+)/).*\n", log.read_text()):
                self.address, self.port = said.groups()
                return
            time.sleep(0.25)
        raise AssertionError(log.read_text())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    served = App(tmp_path_factory.mktemp("app"))
    served.start()
    yield served
    served.stop()


class Visitor:
    """Somebody with cookies but without a browser."""

    def __init__(self, app: App, token: str | None = TOKEN) -> None:
        self.app, self.jar = app, http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        if token:
            self.get(f"?token={urllib.request.quote(token)}")

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        address = self.app.address + path
        request = urllib.request.Request(address, headers=headers, method=method)
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8", "replace")

    @property
    def cookies(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)


@pytest.fixture(scope="module")
def opened_page(app: App) -> tuple[Visitor, str, str]:
    """A visitor, the page that is open, and its kernel."""
    visitor = Visitor(app)
    status, html = visitor.get("page/09_your_own_workbook")
    assert status == 200
    found = re.search(r'"kernelId": "([\w-]+)"', html)
    assert found, html[-2000:]
    return visitor, html, found[1]


# -- who gets in -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["", f"page/{NAMES[0]}", "api/kernels/" + "-".join(["a"] * 5), "tree", "?token=wrong"]
)
def test_nobody_gets_in_without_the_token(app: App, path: str) -> None:
    status, html = Visitor(app, token=None).get(path)
    assert status == 403
    assert TOKEN not in html


def test_the_refusal_says_what_to_do_in_the_visitors_language(app: App) -> None:
    stranger = Visitor(app, token=None)
    assert "A token is needed" in stranger.get("", **{"Accept-Language": "en-GB"})[1]
    assert "需要口令" in stranger.get("?lang=zh", **{"Accept-Language": "en-GB"})[1]


@pytest.mark.parametrize(
    ("wishes", "browser", "language"),
    [
        ((None, None, None), "en-GB", "en"),
        ((None, None, None), "zh-CN", "zh"),
        ((None, None, "zh"), "en-GB", "zh"),
        ((None, "en", "zh"), "zh-CN", "en"),
        (("zh", "en", "en"), "en-GB", "zh"),
        (("fr", None, "en"), "zh-CN", "en"),
    ],
)
def test_a_visitors_choice_goes_before_the_servers_and_that_before_the_browsers(
    wishes, browser: str, language: str
) -> None:
    assert visitors.language_of(wishes, {"Accept-Language": browser}) == language


def test_pages_open_in_the_language_of_the_command(app: App) -> None:
    visitor = Visitor(app)
    assert '<html lang="en">' in visitor.get("", **{"Accept-Language": "zh-CN"})[1]
    assert '<html lang="zh-CN">' in visitor.get("?lang=zh", **{"Accept-Language": "en"})[1]
    assert '<html lang="zh-CN">' in visitor.get("", **{"Accept-Language": "en"})[1]


def test_the_token_does_not_stay_in_the_address(app: App) -> None:
    status, html = Visitor(app).get("")
    assert status == 200
    for each in pages(notebooks_folder()).values():
        assert f"/page/{each.name}" in html
        assert each.title.en in unescape(html)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_everything_in_one_language(name: str) -> None:
    """No Chinese sentence is left for English readers, no English one for Chinese readers."""
    cells = json.loads((notebooks_folder() / f"{name}.ipynb").read_text("utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] != "markdown" or LAB_ONLY in cell["metadata"].get("tags", ()):
            continue
        text = "".join(cell["source"])
        marked = in_both_languages(text)
        words = re.compile(r"</?span[^>]*>|[ ·]")
        assert words.sub("", marked) == words.sub("", text)  # not a word is lost
        rest = re.sub(r"<span.*?</span>|`[^`]*`", "", marked, flags=re.DOTALL)
        assert not re.search(r"[\u4e00-\u9fff]|[A-Za-z]{2,}", rest), rest
        for language, words in re.findall(
            r"<span class='skh-said' lang='([\w-]+)'>(.*?)</span>", marked
        ):
            plain = re.sub(r"`[^`]*`|“[^”]*”", "", words)
            chinese, english = (
                re.findall(r"[\u4e00-\u9fff]", plain),
                re.findall(r"[A-Za-z]{2,}", plain),
            )
            assert (len(english) * 2 > len(chinese)) == (language == "en"), words


def test_a_line_shows_its_code_in_both_languages() -> None:
    found = in_both_languages("1. `x = 1`：谁升？ Who rises?\n2. 谁降？ Who falls?")
    assert found == (
        "1. `x = 1`：<span class='skh-said' lang='zh-CN'>谁升？</span>"
        "<span class='skh-said' lang='en'>Who rises?</span>\n"
        "2. <span class='skh-said' lang='zh-CN'>谁降？</span>"
        "<span class='skh-said' lang='en'>Who falls?</span>"
    )
    assert in_both_languages("## 动一动") == "## 动一动"  # nothing to choose from


def test_a_page_does_not_ask_its_readers_to_write_python() -> None:
    text = "1. 谁升？ Who rises?\n2. `sk.evaluate(scheme)`：谁降？ Who falls?\n3. 打开 `02_change_the_weights`。"
    assert without_code(text) == "1. 谁升？ Who rises?\n3. 打开 `02_change_the_weights`。"
    assert without_code("`x.write(1)`：写成一页。") == ""
    assert (
        without_code("把 `weeks` 从 8 改成 4 (see below)") == "把 `weeks` 从 8 改成 4 (see below)"
    )


def test_without_a_token_only_this_computer_by_its_own_name(tmp_path: Path) -> None:
    app = App(tmp_path)
    app.start("--no-token")
    try:
        visitor = Visitor(app, token=None)
        assert visitor.get("")[0] == 200
        assert visitor.get("", Host="evil.example")[0] == 403
    finally:
        app.stop()


def test_a_port_that_is_taken_is_a_sentence(app: App) -> None:
    words = ["app", "--no-browser", "--lang", "en", "--port", app.port, "--keep", str(app.home)]
    done = subprocess.run(
        [sys.executable, "-m", "simkaohe", *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"127.0.0.1:{app.port}: this address cannot be used")
    assert done.stderr.count("\n") == 1


# -- what can be reached -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "api/contents",
        "api/contents/01_first_ranking.ipynb",
        "voila/api/contents/",
        "tree",
        "voila/tree",
        "voila/render/01_first_ranking.ipynb",
        "voila/files/01_first_ranking.ipynb",
        "files/01_first_ranking.ipynb",
        "notebooks/01_first_ranking.ipynb",
        "01_first_ranking.ipynb",
        "page/01_first_ranking.ipynb",
        "page/..%2f..%2fetc%2fpasswd",
        "voila/static/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "voila/templates/lab/static/..%2f..%2f..%2findex.html.j2",
        "voila/labextensions/..%2f..%2f..%2fetc%2fpasswd",
        "api/kernels",
        "api/sessions",
        "api/terminals",
        "terminals/1",
        "login",
        "lab",
    ],
)
def test_neither_code_nor_files_can_be_reached(app: App, path: str) -> None:
    status, html = Visitor(app).get(path)
    assert status >= 400
    assert "import simkaohe" not in html
    assert "root:" not in html


@pytest.mark.parametrize("path", ["api/kernels", "api/sessions", "api/contents"])
def test_nothing_can_be_started_or_written_by_post(app: App, path: str) -> None:
    visitor = Visitor(app)
    assert visitor.get(path, "POST")[0] in (403, 405)
    assert visitor.get(path, "PUT")[0] in (403, 405)


def test_a_page_has_no_code_and_its_kernel_runs_none(opened_page, tmp_path: Path) -> None:
    visitor, html, kernel = opened_page
    assert "sk.widgets" not in html
    assert "import simkaohe" not in html
    trace = tmp_path / "ran"
    for protocol in (None, V1):
        replies = asyncio.run(_asked(visitor, kernel, f"open({str(trace)!r}, 'w')", protocol))
        assert replies == ["kernel_info_reply"]
    assert not trace.exists()


async def _asked(visitor: Visitor, kernel: str, code: str, protocol: str | None) -> list[str]:
    """Send code to a kernel in every way there is, then something harmless; give the replies."""
    socket = await _channels(visitor, kernel, protocol=protocol)
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    asked = [
        ("shell", "execute_request", content),
        ("control", "execute_request", content),
        ("control", "debug_request", {"command": "evaluate", "arguments": {"expression": code}}),
        ("shell", "inspect_request", {"code": code, "cursor_pos": 1, "detail_level": 1}),
        ("shell", "complete_request", {"code": code, "cursor_pos": 1}),
        ("shell", "kernel_info_request", {}),
    ]
    for channel, kind, body in asked:
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "session": "s",
            "username": "",
            "date": "2026-01-01T00:00:00Z",
            "version": "5.3",
        }
        parts = [header, {}, {}, body]
        if protocol is None:
            names = ("header", "parent_header", "metadata", "content")
            message = dict(zip(names, parts, strict=True)) | {"channel": channel, "buffers": []}
            await socket.write_message(json.dumps(message))
        else:
            await socket.write_message(_packed(channel, parts), binary=True)
    replies = []
    while "kernel_info_reply" not in replies:
        answer = await asyncio.wait_for(socket.read_message(), 30)
        assert answer is not None
        text = answer if isinstance(answer, str) else answer.decode("utf-8", "replace")
        replies += re.findall(r'"msg_type": ?"(\w+_reply)"', text)[:1]
    socket.close()
    await _hung_up(socket)
    return replies


def _packed(channel: str, parts: list[dict]) -> bytes:
    """Return a message of the newer protocol: offsets, then the parts."""
    pieces = [channel.encode(), *(json.dumps(part).encode() for part in parts)]
    offsets = [8 * (1 + len(pieces) + 1)]
    for piece in pieces:
        offsets.append(offsets[-1] + len(piece))
    numbers = [len(offsets), *offsets]
    return b"".join([*(number.to_bytes(8, "little") for number in numbers), *pieces])


async def _channels(visitor: Visitor, kernel: str, protocol: str | None = None):
    headers = {"Cookie": visitor.cookies, "Origin": visitor.app.address.rstrip("/")}
    address = f"{visitor.app.address}api/kernels/{kernel}/channels?session_id=s"
    request = HTTPRequest(address.replace("http", "ws", 1), headers=headers)
    return await websocket_connect(request, subprotocols=[protocol] if protocol else None)


async def _hung_up(socket) -> None:
    """Read until the connection is closed."""
    while await asyncio.wait_for(socket.read_message(), 30) is not None:
        pass
    socket.close()


@pytest.mark.parametrize("changed", [{"Origin": "http://evil.example"}, {"Cookie": ""}])
def test_a_kernel_hears_nobody_from_elsewhere(opened_page, changed: dict[str, str]) -> None:
    visitor, _, kernel = opened_page
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Cookie": visitor.cookies,
        "Origin": visitor.app.address.rstrip("/"),
    }
    for sent, expected in ((headers, 101), (headers | changed, 403)):
        connection = http.client.HTTPConnection("127.0.0.1", int(visitor.app.port), timeout=30)
        connection.request("GET", f"/api/kernels/{kernel}/channels", headers=sent)
        assert connection.getresponse().status == expected
        connection.close()


def test_a_message_that_is_too_large_ends_the_connection(opened_page) -> None:
    visitor, _, kernel = opened_page

    async def send() -> None:
        socket = await _channels(visitor, kernel)
        await socket.write_message(b"0" * 2_500_000, binary=True)
        await _hung_up(socket)

    asyncio.run(send())
    assert visitor.get(f"api/kernels/{kernel}")[0] == 200


# -- what a visitor sees -----------------------------------------------------------------------------


def test_two_visitors_and_a_restart(app: App) -> None:
    """A ranking moved by keyboard is the engine's; the other sees nothing of it; it outlives all."""
    scheme, panel = sk.load("three_papers")
    base = sk.evaluate(scheme, panel).ranking["rank"].to_dict()
    edits = {"total.combine.low": 0.75}
    moved = sk.evaluate(scheme.edit(edits), panel).ranking["rank"].to_dict()
    assert moved != base
    kept = app.home / "kept"
    others = set(kept.iterdir()) if kept.exists() else set()
    with page() as first:
        first.set_default_timeout(90_000)
        _enter(first, app, "zh")
        _open(first, app, "02_change_the_weights")
        assert _ranks(first, base) == base
        first.get_by_role("button", name="合成方法与乘数").click()
        line = first.locator(".widget-hbox", has=first.get_by_text("系数下限", exact=True)).last
        line.get_by_role("slider").focus()
        while float(line.locator("input[type=number]").input_value()) > 0.75:
            first.keyboard.press("ArrowLeft")
            first.wait_for_timeout(50)
        assert _ranks(first, moved) == moved
        _save(first, "压低下限")
        (theirs,) = set(kept.iterdir()) - others
        assert theirs.stat().st_mode & 0o077 == 0

        # the other claims to be the first
        claim = {"X-Simkaohe-Visitor": theirs.name}
        context = first.context.browser.new_context(extra_http_headers=claim)
        second = context.new_page()
        second.set_default_timeout(90_000)
        _enter(second, app, "zh")
        _open(second, app, "02_change_the_weights")
        assert _ranks(second, base) == base
        assert _scenarios(second) == []
        context.close()

        kernel = _kernel(first)
        assert _ranks(first, moved) == moved
        app.stop()
        app.start("--idle", "0.05", "--most", "1")
        first.locator("#skh-gone", has_text="控件不再有反应").wait_for()
        keep(first, "app_asleep_zh")
        first.get_by_text("重新载入").click()
        _ready(first)
        assert _kernel(first) != kernel
        assert _ranks(first, moved) == moved
        assert _scenarios(first) == ["A · 压低下限"]
        keep(first, "app_kept_zh")

        visitor = Visitor(app)
        status, html = visitor.get("page/01_first_ranking", **{"Accept-Language": "en"})
        assert status == 503
        assert "Too many pages" in html
        last = _kernel(first)
        for _ in range(120):
            if visitor.get(f"api/kernels/{last}")[0] == 404:
                break
            time.sleep(0.5)
        assert visitor.get(f"api/kernels/{last}")[0] == 404  # idle kernels are ended
    app.stop()
    app.start()


def test_your_own_workbook(app: App, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.xlsx", tmp_path / "bad.xlsx"
    scheme, panel = sk.load("tai")
    sk.save(good, scheme, panel)
    cell = _damaged(good, bad)
    expected = sk.evaluate(scheme, panel).ranking["rank"].to_dict()
    with page() as opened:
        opened.set_default_timeout(90_000)
        _enter(opened, app, "zh")
        _open(opened, app, "09_your_own_workbook")
        chooser = opened.locator(".skh-transfer input")
        chooser.set_input_files({"name": "big.xlsx", "mimeType": "", "buffer": b"0" * 1_200_000})
        opened.locator("[role=alert]", has_text="1.2 MB；应为最大 1 MB").wait_for()
        chooser.set_input_files(bad)
        opened.locator(".simkaohe-problems", has_text=cell).wait_for()
        said = opened.locator("body").inner_text()
        assert "三十" in said
        assert "Traceback" not in said
        keep(opened, "app_bad_workbook_zh")
        opened.get_by_role("radio", name="English").or_(
            opened.get_by_role("button", name="English")
        ).first.click()
        opened.locator(".simkaohe-problems", has_text="What to do").wait_for()
        keep(opened, "app_bad_workbook_en")
        chooser.set_input_files(good)
        opened.locator("[data-testid=shift-chart]").first.wait_for()
        assert _ranks(opened, expected) == expected
        keep(opened, "app_own_workbook_en")
        with opened.expect_download() as waiting:
            opened.get_by_role("button", name="Empty template").click()
        waiting.value.save_as(tmp_path / "template.xlsx")
    assert (tmp_path / "template.xlsx").read_bytes()[:2] == b"PK"


def test_sliders_of_a_page_without_the_picture_have_names(app: App) -> None:
    with page() as opened:
        opened.set_default_timeout(90_000)
        _enter(opened, app, "en")
        _open(opened, app, "08_sprint")
        for name in ("Weeks left", "Tasks at a time"):
            opened.get_by_role("slider", name=name, exact=True).wait_for()
        box = opened.get_by_role("spinbutton", name="A week (0: as now)", exact=True)
        assert box.input_value() == "0"
        assert opened.get_by_label("Task", exact=True).bounding_box()["width"] > 350


def _damaged(good: Path, bad: Path) -> str:
    """Write text where a weight should be; give the cell that has to be named."""
    from openpyxl import load_workbook

    book = load_workbook(good)
    sheet = next(s for s in book if any(c.value == "patents" for r in s.iter_rows() for c in r))
    row = next(c.row for r in sheet.iter_rows() for c in r if c.value == "patents")
    cell = next(c for c in sheet[row] if isinstance(c.value, int | float))
    cell.value = "三十"
    book.save(bad)
    with pytest.raises(sk.SimkaoheError) as refused:
        sk.load(bad)
    assert cell.coordinate in refused.value.problems[0].where
    return cell.coordinate


def _enter(opened, app: App, language: str) -> None:
    chromium()
    opened.goto(f"{app.address}?token={TOKEN}")
    opened.get_by_role("link", name="中文" if language == "zh" else "English").click()


def _open(opened, app: App, name: str) -> None:
    opened.goto(f"{app.address}page/{name}")
    _ready(opened)


def _ready(opened) -> None:
    opened.locator("#rendered_cells").wait_for(state="visible")


def _kernel(opened) -> str:
    return opened.evaluate(
        "JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId"
    )


def _ranks(opened, expected: dict[str, int]) -> dict[str, int]:
    """Wait until the picture shows these ranks, and give what it shows."""
    script = (
        "[...document.querySelectorAll('[data-testid=shift-chart] [data-unit]')]"
        ".map(row => [row.dataset.unit, Number(row.dataset.after)])"
    )
    for _ in range(300):
        if dict(opened.evaluate(script)) == expected:
            break
        opened.wait_for_timeout(50)
    return dict(opened.evaluate(script))


def _save(opened, name: str) -> None:
    opened.get_by_role("button", name="情景").first.click()
    opened.get_by_label("名称").fill(name)
    opened.get_by_label("名称").press("Tab")
    opened.get_by_role("button", name="另存为新情景").click()
    opened.locator("option", has_text=name).first.wait_for(state="attached")


def _scenarios(opened) -> list[str]:
    chooser = opened.locator(".widget-dropdown", has_text="情景").locator("select")
    return [text.replace("\xa0", " ") for text in chooser.first.locator("option").all_inner_texts()]


# -- without a server --------------------------------------------------------------------------------


def test_only_this_computer_and_with_a_token_unless_told_otherwise(capsys, monkeypatch) -> None:
    served = []
    monkeypatch.setattr("simkaohe.app.server.serve", served.append)
    monkeypatch.delenv("SIMKAOHE_TOKEN", raising=False)
    for words in ([], ["--ip", "0.0.0.0"], ["--no-token"], ["--ip", "0.0.0.0", "--no-token"]):
        assert main(["app", *words, "--lang", "en"]) == 0
    plain, opened, _, both = served
    assert plain.is_local
    assert len(plain.token) >= 32
    assert plain.token != opened.token
    assert not opened.is_local
    assert both.token == ""
    assert capsys.readouterr().err.count("Warning: there is no token") == 1
    assert main(["app", "--token", "short"]) == 2
    assert "at least 12" in capsys.readouterr().err
    assert main(["app", "three_paper"]) == 2
    assert "Did you mean 'three_papers'" in capsys.readouterr().err


def test_pages_open_with_the_case_that_was_named(monkeypatch, tmp_path: Path) -> None:
    scheme, _ = sk.widgets.opened("three_papers")
    assert scheme == sk.load("three_papers")[0]
    monkeypatch.setattr("simkaohe.app.server.serve", lambda service: None)
    monkeypatch.setenv("SIMKAOHE_CASE", "")
    book = sk.save(tmp_path / "自己.xlsx", *sk.load("tai"))
    monkeypatch.chdir(tmp_path)
    assert main(["app", "自己.xlsx"]) == 0
    monkeypatch.chdir("/")
    assert os.environ["SIMKAOHE_CASE"] == str(book)
    assert sk.widgets.opened("three_papers")[0] == sk.load("tai")[0]
    assert uploading.own_workbook().state.scheme == sk.load("tai")[0]


def test_a_visitors_folder_does_not_give_the_secret_away() -> None:
    secret = visitors.secret_of(None)
    assert visitors.secret_of(secret) == secret
    assert secret not in visitors.folder_of(secret)
    for forged in ("", "../../etc", secret + "x", "é" * 43):
        assert visitors.secret_of(forged) not in ("", forged)
    assert visitors.folder_of(secret) != visitors.folder_of(visitors.secret_of(None))


def test_titles_and_first_lines_come_from_the_notebooks() -> None:
    found = pages(notebooks_folder())
    assert found["02_change_the_weights"].title == ("2 改一改权重", "2 Change the weights")
    for each in found.values():
        assert each.about.zh
        assert each.about.en
        assert "Run All" not in each.about.zh + each.about.en


@pytest.fixture
def visited(monkeypatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SIMKAOHE_KEEP", str(tmp_path))
    monkeypatch.setenv("HTTP_X_SIMKAOHE_VISITOR", "0" * 32)
    monkeypatch.setenv("SCRIPT_NAME", "/page/02_change_the_weights")
    return tmp_path / ("0" * 32)


def test_scenarios_are_kept_for_a_scheme_and_shared_by_pages(visited: Path, monkeypatch) -> None:
    tai = sk.load("tai")
    first, other = (keeping.kept(State(*tai)) for _ in range(2))
    first.set("patents.weight", 0.2)
    first.save_as("more patents")
    other.save_as("as it is")  # in a second tab, which has not seen the first's
    first.set("patents.weight", 0.3)
    again = keeping.kept(State(*tai))
    assert {s.name for s in again.scenarios.values()} == {"more patents", "as it is"}
    assert again.value("patents.weight") == 0.3
    assert not again.can_undo
    monkeypatch.setenv("SCRIPT_NAME", "/page/03_categories")
    assert keeping.kept(State(*tai)).edits == {}  # edits without a name belong to their page
    assert not keeping.kept(State(*sk.load("three_papers"))).scenarios
    again.delete("A")
    again.delete("B")
    assert not keeping.kept(State(*tai)).scenarios
    assert not [path for path in visited.iterdir() if path.name.startswith(".")]


def test_locks_and_the_sides_compared_are_there_after_a_restart(visited: Path) -> None:
    tai = sk.load("tai")
    state = keeping.kept(State(*tai))
    state.set("patents.weight", 0.2)
    state.save_as("more patents")
    state.compare("A", "base")
    state.lock("exports.weight")
    again = keeping.kept(State(*tai))
    assert (again.sides, again.locked) == (("A", "base"), {"exports.weight"})
    state.reset()
    state.compare("base", "current")
    state.lock("exports.weight", False)
    assert len(list(visited.iterdir())) == 1  # nothing to keep but the scenario


def test_what_cannot_be_read_is_put_aside_and_said(visited: Path) -> None:
    state = keeping.kept(State(*sk.load("tai")))
    state.save_as("fine")
    (path,) = visited.glob("*.yaml")
    path.write_text("- {name: old, edist: {patents.weight: 1}}\n")
    again = keeping.kept(State(*sk.load("tai")))
    assert "edist" in again.message
    assert not again.scenarios
    (aside,) = visited.glob("*.aside")
    assert "edist" in aside.read_text()


def test_a_corrected_workbook_finds_its_scenarios_again(visited: Path, tmp_path: Path) -> None:
    """An indicator that came is no obstacle; edits of one that went are told, and not lost."""
    scheme, panel = sk.load("tai")
    leaves = list(scheme.root.children)
    fewer = scheme.edit({"total.children": leaves[1:]})
    gone, stays = leaves[0].id, leaves[1].id
    first = keeping.kept(State(fewer, panel))
    first.set(f"{stays}.weight", 0.2)
    first.save_as("before it came")
    with_all = keeping.kept(State(scheme, panel))
    assert with_all.scenarios["A"].edits == {f"{stays}.weight": 0.2}
    assert with_all.edits == {f"{stays}.weight": 0.2}
    assert not with_all.message
    with_all.reset()
    with_all.set(f"{gone}.weight", 0.3)
    with_all.save_as("only what goes")
    with_all.set(f"{stays}.weight", 0.4)
    with_all.save_as("both")
    with_all.lock(f"{gone}.weight")
    again = keeping.kept(State(fewer, panel))
    assert {one.name: dict(one.edits) for one in again.scenarios.values()} == {
        "before it came": {f"{stays}.weight": 0.2},
        "both": {f"{stays}.weight": 0.4},
    }
    assert (again.edits, again.locked) == ({f"{stays}.weight": 0.4}, set())
    said = again.message.splitlines()
    assert len(said) == 2  # of scenarios, and of edits without a name
    assert "only what goes" in said[0]
    assert all(f"{gone}.weight" in sentence for sentence in said)
    assert "no result" not in about(again)
    again.annotate("B", "still there")
    back = keeping.kept(State(scheme, panel))
    kept = {one.name: (dict(one.edits), one.note) for one in back.scenarios.values()}
    assert kept["both"] == ({f"{gone}.weight": 0.3, f"{stays}.weight": 0.4}, "still there")
    assert kept["only what goes"][0] == {f"{gone}.weight": 0.3}


def test_an_edit_that_the_data_do_not_bear_is_left_out(visited: Path) -> None:
    scheme, panel = sk.load("three_papers")
    first = keeping.kept(State(scheme, panel))
    first.set("grassroots.rule", "completion")  # there are no targets
    first.set("party.weight", 20.0)
    again = keeping.kept(State(scheme, panel))
    assert again.edits == {"party.weight": 20.0}
    assert again.message.endswith("(grassroots.rule)")


def test_a_page_without_its_workbook_says_what_brings_everything_back(
    visited: Path, tmp_path: Path
) -> None:
    scheme, panel = sk.load("tai")
    assert "come back" not in uploading.OwnWorkbook()._told.value
    book = sk.save(tmp_path / "tai.xlsx", scheme, panel).read_bytes()
    page = uploading.OwnWorkbook()
    page.read("tai.xlsx", book)
    page.state.set("patents.weight", 0.2)
    reloaded = uploading.OwnWorkbook()
    assert "come back" in reloaded._told.value
    reloaded.read("again.xlsx", book)
    assert reloaded.state.edits == {"patents.weight": 0.2}
    assert "come back" not in reloaded._told.value


def test_outside_the_app_nothing_is_written(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("../../x", "", "0" * 31):
        monkeypatch.setenv("SIMKAOHE_KEEP", str(tmp_path))
        monkeypatch.setenv("HTTP_X_SIMKAOHE_VISITOR", name)
        keeping.kept(State(*sk.load("tai"))).save_as("nowhere")
    assert list(tmp_path.iterdir()) == []


def test_an_upload_is_measured_here_whatever_the_page_says(monkeypatch) -> None:
    monkeypatch.setenv("SIMKAOHE_UPLOAD", "10")
    taken = []
    upload = Upload(lambda name, content: taken.append((name, content)), ".xlsx", ("", ""))
    upload.limit = 1_000_000  # as a page might
    upload.receive("../../a.xlsx", memoryview(b"0123456789"))
    assert taken == [("a.xlsx", b"0123456789")]
    assert upload.message == ""
    upload.receive("a.xlsx", memoryview(b"01234567890"))
    assert len(taken) == 1
    assert "at most 1e-05 MB" in upload.message


def test_problems_are_listed_by_sheet_and_cell_without_markup() -> None:
    own = uploading.own_workbook()
    own.read("<i>.xlsx", b"PK nonsense")
    assert "<i>" not in uploading.listed(own.problems)
    example = uploading._example()
    own.read("example.xlsx", example)
    assert own.problems == ()
    assert own.state is not None
    assert len(own.state.scenarios) == len(sk.load_scenarios("three_papers"))
    state = own.state
    own.read("bad.xlsx", uploading._empty())
    assert own.problems
    assert own.state is state  # what was there stays while the other is mended
    assert f"Below is still {state.scheme.label}" in own._told.value


def test_weights_that_nearly_sum_to_100_are_told(tmp_path: Path) -> None:
    scheme, panel = sk.load("cadre_360")
    group = next(
        g for g in scheme.nodes.values() if sum(c.weight for c in getattr(g, "children", ())) == 100
    )
    slip = scheme.edit({f"{group.children[0].id}.weight": group.children[0].weight - 1})
    assert uploading.odd_sums(scheme) == []
    said = f"The weights below {group.label} sum to 99, not to 100"
    assert [words.en.partition(":")[0] for words in uploading.odd_sums(slip)] == [said]
    own = uploading.own_workbook()
    own.read("own.xlsx", sk.save(tmp_path / "own.xlsx", slip, panel).read_bytes())
    assert said in own._told.value
