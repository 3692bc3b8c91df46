"""Growth as pictures for docs/benchmarks.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot

# The same picture at every run, so that a changed file means changed figures.
mpl.rcParams["svg.hashsalt"] = "benchmarks"

Points = Sequence[tuple[float, float]]


def draw(
    path: Path,
    curves: Mapping[str, Points],
    *,
    title: str,
    across: str,
    upwards: str,
    limit: float | None = None,
) -> None:
    """Curves over a logarithmic axis; the limit is a dashed line."""
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for label, points in curves.items():
        axes.plot(
            [x for x, _ in points], [y for _, y in points], marker="o", label=label
        )
    if limit is not None:
        axes.axhline(limit, linestyle="--", color="grey", label=f"budget {limit:g}")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set(title=title, xlabel=across, ylabel=upwards)
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
