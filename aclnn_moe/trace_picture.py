# SPDX-License-Identifier: Apache-2.0
"""A picture of one launch's timeline: a line per core and pipe. Needs matplotlib."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from aclnn_moe.trace import PIPES, Launch

_COLOURS = {"S": "tab:gray", "V": "tab:orange", "MTE2": "tab:blue", "MTE3": "tab:green"}


def draw(launch: Launch, target: Path, *, cores: int = 4) -> None:
    """Draw the first cores of a launch into a file; its suffix says which kind of picture.

    Raises
    ------
    OSError
        The trace cannot be read, or the picture not written.
    ValueError
        The trace is not one of the host device, or there is no such kind of picture.
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ValueError("pictures need matplotlib: pip install 'aclnn-moe[benchmark]'") from error
    spans: dict[tuple[int, str], list[tuple[float, float]]] = defaultdict(list)
    try:
        for event in json.loads(launch.timeline.read_text(encoding="utf-8"))["traceEvents"]:
            if event["ph"] == "X" and event["pid"] < cores:
                spans[event["pid"], PIPES[event["tid"]]].append((event["ts"], event["dur"]))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"{launch.timeline} is no trace of the host device: {error!r}") from None
    lines = [(core, pipe) for core in range(min(cores, len(launch.cores))) for pipe in PIPES]
    figure, axes = pyplot.subplots(figsize=(11, 0.8 + 0.22 * len(lines)), layout="constrained")
    for height, line in enumerate(lines):
        axes.broken_barh(spans[line], (height - 0.4, 0.8), facecolors=_COLOURS[line[1]])
    axes.set_yticks(range(len(lines)), [f"core {core} {pipe}" for core, pipe in lines], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("microseconds under the model")
    axes.set_title(f"{launch.kernel}, rank {launch.rank}, launch {launch.number}", fontsize=9)
    figure.savefig(target, dpi=120)
    pyplot.close(figure)
