"""From key press to painted picture in real Chromium, beside a bare ipywidgets round trip.

    pip install -e .[bench]
    python benchmarks/latency.py [units …]

One JupyterLab page for each number of units holds `sk.widgets.weights` and a bare slider whose label
is set in the kernel. A key press on a slider starts the clock (the event's own time stamp); it stops
in the page when the frame has been painted that shows the new ranks. The lines then go on moving to
their places for 140 ms. While the sum is kept, the sliders and boxes of the siblings move as well.
Without Chromium nothing is measured.
"""

from __future__ import annotations

import os

os.environ["SIMKAOHE_LANGUAGE"] = "en"

import json
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

MOVES = 40
UNITS = (20, 100, 300)
AIM = {100: 100, 300: 200}
"""Milliseconds, 95th percentile."""
CASE = """
import numpy as np
import pandas as pd

import simkaohe as sk

N = {units}
rng = np.random.default_rng(1)
GROUPS = dict(economy=12, green=8, service=10, order=6)
ids = [f"{{group}}_{{k}}" for group, count in GROUPS.items() for k in range(count)]
units = [f"Unit {{i:03d}}" for i in range(N)]
frame = pd.DataFrame(np.round(rng.gamma(9.0, 5.0, (N, len(ids))).clip(0, 100), 1), units, ids)
kinds = ["plain", "hills", "coast"]
scheme = sk.Scheme.read(
    {{
        "name": "latency",
        "ranking": {{"digits": 2}},
        "categories": {{kind: {{}} for kind in kinds}},
        "units": {{unit: kinds[i % 3] for i, unit in enumerate(units)}},
        "grades": {{
            "bands": [
                {{"name": "A", "share": 0.3}},
                {{"name": "B", "share": 0.4}},
                {{"name": "C"}},
            ]
        }},
        "root": {{
            "id": "total",
            "children": [
                {{
                    "id": group,
                    "weight": weight,
                    "children": [
                        {{"id": leaf, "rule": {{"method": "minmax", "worst": 0, "best": 100}}}}
                        for leaf in ids
                        if leaf.startswith(group)
                    ],
                }}
                for group, weight in zip(GROUPS, (40, 25, 20, 15))
            ],
        }},
    }}
)
panel = sk.Panel(frame)
"""
BARE = """
import ipywidgets as w

bare, label = w.IntSlider(description="bare"), w.Label()
label.add_class("bare-label")
bare.observe(lambda change: setattr(label, "value", str(change["new"])), "value")
w.VBox([bare, label])
"""
WATCH = """(target) => {
    const node = document.querySelector(target);
    window.seen = [];
    const painted = (done) => requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = done;
        channel.port2.postMessage(null);
    });
    window.begun = null;
    window.addEventListener("keydown", (event) => { window.begun = event.timeStamp; }, true);
    const stop = () => {
        if (window.begun === null) return;
        window.seen.push(performance.now() - window.begun);
        window.begun = null;
    };
    // The chart raises data-version when its frame has been painted; a label has to be watched.
    new MutationObserver(() => (node.dataset.version ? stop() : painted(stop)))
        .observe(node, { subtree: true, childList: true, characterData: true, attributeFilter: ["data-version"] });
}"""


def main(sizes: list[int]) -> None:
    if not any(shutil.which(n) for n in ("chromium", "chromium-browser", "google-chrome")):
        print("latency: no Chromium on this machine, so nothing is measured")
        return
    from browser import jupyterlab

    rows = []
    with tempfile.TemporaryDirectory() as home:
        notebooks = Path(home, "notebooks")
        notebooks.mkdir()
        for size in sizes:
            (notebooks / f"n{size}.ipynb").write_text(json.dumps(notebook(size)))
        with jupyterlab(notebooks, Path(home, "lab.log")) as address:
            for size in sizes:
                rows += measured(address, size)
    head = ["what", "units", "moves", "median ms", "95 % ms", "aim"]
    print(tabulate(rows, head, floatfmt=".0f"))


def notebook(units: int) -> dict:
    """Return a notebook with the workbench and the bare slider."""
    cells = [CASE.format(units=units), "sk.widgets.weights(scheme, panel)", BARE]
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{k}",
                "metadata": {},
                "outputs": [],
                "source": cell.strip(),
                "execution_count": None,
            }
            for k, cell in enumerate(cells)
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def measured(address: str, units: int) -> list[list]:
    """Return a row for the workbench and one for the bare slider, on one page."""
    from browser import page, run_all

    rows = []
    with page() as opened:
        opened.set_default_timeout(60_000)
        run_all(opened, address, f"n{units}")
        opened.wait_for_function(
            f"document.querySelectorAll('[data-testid=shift-chart] [data-unit]').length === {units}"
        )
        opened.locator(".bare-label").wait_for(state="attached")
        opened.wait_for_timeout(1500)
        chart = "[data-testid=shift-chart]"
        for name, slider, target, key in (
            ("bare slider to label", "bare", ".bare-label", "ArrowRight"),
            ("workbench, sum kept", "economy", chart, "ArrowRight"),
            ("workbench, one weight", "economy", chart, "ArrowLeft"),
        ):
            if "one weight" in name:
                opened.get_by_label("Keep the sum").click()
            found = moves(opened, slider, target, key)
            aim = f"< {AIM[units]}" if units in AIM and slider != "bare" else ""
            rows.append([name, units, len(found), median(found), quantiles(found, n=20)[-1], aim])
    return rows


def moves(opened, slider: str, target: str, key: str = "ArrowRight") -> list[float]:
    """Press an arrow key on a slider, wait for the picture, and so on; return milliseconds."""
    opened.evaluate(WATCH, target)
    handle = opened.locator(".widget-hslider", has_text=slider).get_by_role("slider").first
    handle.scroll_into_view_if_needed()
    handle.focus()
    for move in range(MOVES + 5):
        opened.keyboard.press(key)
        opened.wait_for_function(f"window.seen.length > {move}")
        opened.wait_for_timeout(60)  # until the next one nothing else is on its way
    return opened.evaluate("window.seen")[5:]


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or list(UNITS))
