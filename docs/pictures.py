"""Draw the pictures of the README and the guides from the bundled cases: ``python docs/pictures.py``.

Figures come from the same functions that a user calls; the live picture is a photograph of notebook 2
in a real Chromium. The same seeds give the same pictures; each is kept below 300 kB.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["MPLBACKEND"] = "agg"
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

import matplotlib.pyplot as plt  # noqa: E402
from browser import jupyterlab, page, run_all  # noqa: E402
from PIL import Image  # noqa: E402

import simkaohe as sk  # noqa: E402

FOLDER = HERE / "pictures"
LARGEST = 300_000
ABROAD = ("intervals",)
"""Figures that the English README shows."""


def main() -> None:
    """Draw everything, in both languages where the English README shows it."""
    FOLDER.mkdir(exist_ok=True)
    for language, end in (("zh", ""), ("en", ".en")):
        sk.use_language(language)  # type: ignore[arg-type]
        for name, figure in figures().items():
            if end and name not in ABROAD:
                plt.close(figure)
                continue
            stream = io.BytesIO()
            figure.savefig(stream, format="png", dpi=100, bbox_inches="tight")
            plt.close(figure)
            keep(f"{name}{end}", stream.getvalue())
    for name, content in photographs().items():
        keep(name, content)


def figures() -> dict[str, Any]:
    """Return the figures by name."""
    scheme, panel = sk.load("three_papers")
    result = sk.evaluate(scheme, panel)
    high = scheme.edit({"total.combine.high": 1.2, "total.combine.low": 0.7})
    shift = sk.compare(panel, **{scheme.label: scheme, "0.7-1.2": high})
    drawn = sk.sensitivity.montecarlo(
        scheme, panel, sk.sensitivity.weights(within=0.25), draws=20_000, seed=1
    )
    along = sk.sensitivity.breakpoints(scheme, panel, "total.combine.high")
    weights = sk.sensitivity.effective_weights(scheme, panel)
    return {
        "shift": sk.plots.shift(shift).figure,
        "intervals": sk.plots.rank_intervals(drawn, result.ranking["rank"]).figure,
        "breakpoints": sk.plots.breakpoints(along).figure,
        "parity": sk.plots.parity(sk.fairness.parity(scheme, panel)).figure,
        "weights": sk.plots.effective_weights(weights).figure,
    }


def photographs() -> dict[str, bytes]:
    """Return the live picture after a weight was moved, and a lesson, each in both languages."""
    found = {}
    with (
        tempfile.TemporaryDirectory() as home,
        jupyterlab(HERE.parent / "notebooks", Path(home) / "lab.log") as lab,
    ):
        with page(1600, 1150) as opened:
            opened.set_default_timeout(180_000)
            run_all(opened, lab, "02_change_the_weights")
            opened.locator("[data-testid=shift-chart]").first.wait_for(state="visible")
            opened.get_by_role("button", name="权重").first.click()
            opened.get_by_role("button", name="合成方法与乘数").click()
            method = opened.locator(".widget-dropdown", has_text="合成方法").locator("select").first
            method.select_option(label="加权求和")
            for words, name in (("", "live"), ("English", "live.en")):
                found[name] = _photograph(opened, words, "[data-testid=shift-chart]")
        with page(1600, 1000) as opened:
            opened.set_default_timeout(180_000)
            run_all(opened, lab, "07_training")
            opened.get_by_role("button", name="下一步").wait_for()
            for _ in range(3):
                opened.get_by_role("button", name="下一步").click()
            for words, name in (("", "lesson"), ("English", "lesson.en")):
                found[name] = _photograph(opened, words, ".simkaohe-lesson table")
    return found


def _photograph(opened: Any, words: str, shown: str) -> bytes:
    if words:
        opened.get_by_role("button", name=words).first.click()
    opened.locator(shown).first.wait_for(state="visible")
    opened.wait_for_timeout(1500)  # the lines arrive
    output = opened.locator(".jp-OutputArea-output", has=opened.locator(shown)).first
    output.scroll_into_view_if_needed()
    return output.screenshot()


def keep(name: str, content: bytes) -> None:
    """Write a picture with as many colours as fit, and say how large it is."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    if picture.width > 1200:
        picture = picture.resize((1200, round(picture.height * 1200 / picture.width)))
    for colours in (256, 128, 64, 32):
        stream = io.BytesIO()
        picture.quantize(colours).save(stream, "PNG", optimize=True)
        if stream.tell() < LARGEST:
            break
    (FOLDER / f"{name}.png").write_bytes(stream.getvalue())
    print(f"{name}: {picture.width} × {picture.height}, {stream.tell() / 1000:.0f} kB")


if __name__ == "__main__":
    main()
