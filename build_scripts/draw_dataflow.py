# SPDX-License-Identifier: Apache-2.0
"""Draws docs/pictures/dataflow.svg: a token's way over three ranks. Needs matplotlib.

Run it from anywhere; the same matplotlib gives the same file.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "dataflow.svg"
COLOURS = ("#4878a8", "#d08a3c", "#6a9f58")  # of the ranks' tokens
INK, QUIET, PAPER = "#222222", "#8a8a8a", "#f4f2ee"
LEFT = {"x": 0.3, "expand_x": 3.1, "experts": 5.5, "rows": 7.7, "out": 10.9}
CELL, LANE, WIDTH = 0.34, 2.5, 1.25
# Token and rank of the expert of each choice, two tokens per rank, K = 2; each rank holds 1 expert.
CHOICES = {(0, 0): (0, 1), (0, 1): (1, 2), (1, 0): (0, 2), (1, 1): (1, 2), (2, 0): (0, 1),
           (2, 1): (2, 0)}  # fmt: skip


def cell(axes: Axes, x: float, y: float, colour: str, text: str, *, strong: bool = True) -> None:
    """Draw one row of an array."""
    axes.add_patch(
        Rectangle((x, y), WIDTH, CELL, facecolor=colour, edgecolor="white",
                  alpha=1.0 if strong else 0.55)
    )  # fmt: skip
    axes.text(x + WIDTH / 2, y + CELL / 2, text, color="white", ha="center", va="center", size=8)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    """Draw where a row goes."""
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=7, color=colour, lw=0.9,
                        alpha=0.75, connectionstyle="arc3,rad=0.0", shrinkA=1, shrinkB=1)
    )  # fmt: skip


def draw(axes: Axes) -> None:
    """Draw three lanes, one per rank; rows keep the colour of the rank their token came from."""
    rows: dict[int, list[tuple[int, int]]] = {rank: [] for rank in range(3)}
    for (rank, token), chosen in sorted(CHOICES.items()):
        for expert in chosen:
            rows[expert].append((rank, token))
    base = {rank: (2 - rank) * LANE for rank in range(3)}
    place: dict[tuple[int, int, int], float] = {}
    for rank in range(3):
        y = base[rank]
        axes.add_patch(Rectangle((-0.75, y - 0.16), 13.15, LANE - 0.3, color=PAPER, zorder=0))
        axes.text(-0.45, y + 0.95, f"rank {rank}", color=INK, rotation=90, va="center", size=9)
        for token in range(2):
            top = y + 1.25 - token * (CELL + 0.12)
            cell(axes, LEFT["x"], top, COLOURS[rank], f"t{token}")
            cell(axes, LEFT["out"], top, COLOURS[rank], f"t{token}")
        for number, (source, token) in enumerate(rows[rank]):
            top = y + 1.6 - number * CELL
            place[rank, source, token] = top + CELL / 2
            cell(axes, LEFT["expand_x"], top, COLOURS[source], f"rank {source}, t{token}")
            cell(axes, LEFT["rows"], top, COLOURS[source], f"rank {source}, t{token}", strong=False)
        axes.add_patch(
            Rectangle((LEFT["experts"], y + 0.25), 1.05, 1.7, facecolor="white", edgecolor=QUIET)
        )
        axes.text(LEFT["experts"] + 0.52, y + 1.1, f"expert {rank}", ha="center", size=8.5)
        middle = y + 1.1
        arrow(axes, (LEFT["expand_x"] + WIDTH, middle), (LEFT["experts"], middle), QUIET)
        arrow(axes, (LEFT["experts"] + 1.05, middle), (LEFT["rows"], middle), QUIET)
    for (rank, token), chosen in sorted(CHOICES.items()):
        own = base[rank] + 1.25 - token * (CELL + 0.12) + CELL / 2
        for expert in chosen:
            there = place[expert, rank, token]
            arrow(axes, (LEFT["x"] + WIDTH, own), (LEFT["expand_x"], there), COLOURS[rank])
            arrow(axes, (LEFT["rows"] + WIDTH, there), (LEFT["out"], own), COLOURS[rank])
    heads = {
        "tokens x": LEFT["x"] + WIDTH / 2,
        "dispatch": 2.35,
        "expand_x": LEFT["expand_x"] + WIDTH / 2,
        "experts\n(yours)": LEFT["experts"] + 0.52,
        "their rows": LEFT["rows"] + WIDTH / 2,
        "combine": 9.95,
        "x, y, rstd": LEFT["out"] + WIDTH / 2,
    }
    for text, x in heads.items():
        weight = "bold" if text in ("dispatch", "combine") else "normal"
        axes.text(x, 3 * LANE - 0.05, text, ha="center", va="center", size=10, weight=weight)
    axes.text(
        5.8, -0.55,
        "x = residual_x + sum over k of expert_scales[t, k] * row[t, k]          "
        "y = x / rms(x) * gamma",
        ha="center", color=INK, size=9,
    )  # fmt: skip
    axes.set_xlim(-0.85, 12.5)
    axes.set_ylim(-0.9, 3 * LANE + 0.4)
    axes.axis("off")


def main() -> None:
    """Write the picture."""
    mpl.rcParams["svg.hashsalt"] = "dataflow"
    mpl.rcParams["svg.fonttype"] = "none"
    figure, axes = plt.subplots(figsize=(10, 6.4))
    figure.subplots_adjust(0, 0, 1, 1)
    draw(axes)
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
