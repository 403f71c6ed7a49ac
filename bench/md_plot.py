"""Draws the energies of `mlffgen md` as an SVG: the shadow energy with its drift, and the temperature.

    python3 bench/md_plot.py md.csv -o md.svg --title "ethanol, 0.5 fs"

Several replicas are summed; several files are drawn one below the other. Prints the drift in percent of the mean kinetic
energy per ns. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from dataclasses import dataclass
from pathlib import Path

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 900, 190, 86, 20, 46, 64  # pixels
BINS = 400  # across a panel: the line is the mean of a bin, the band its extremes
FS_PER_NS = 1e6


@dataclass
class Series:
    """One file: time in fs, energies summed over the replicas, the mean of their temperatures."""

    name: str
    unit: str
    time: list[float]
    shadow: list[float]
    total: list[float]
    kinetic: list[float]
    temperature: list[float]


def read(path: Path, name: str) -> Series:
    with open(path, newline="") as file:
        rows = csv.reader(file)
        heads = next(rows)
        unit = next(head for head in heads if head.startswith("potential")).split("(")[1].rstrip(")")
        at = {head.split(" (")[0]: k for k, head in enumerate(heads)}
        steps: dict[int, list[list[float]]] = {}
        for row in rows:
            # The row of the start has no shadow energy.
            if row[at["shadow"]]:
                steps.setdefault(int(row[at["step"]]), []).append([float(word) for word in row])
    if len(steps) < 3:
        raise SystemExit(f"{path}: fewer than three samples")

    def summed(key: str) -> list[float]:
        return [sum(row[at[key]] for row in rows) for rows in steps.values()]

    times = [rows[0][at["time"]] for rows in steps.values()]
    temperature = [t / len(rows) for t, rows in zip(summed("temperature"), steps.values())]
    return Series(name, unit, times, summed("shadow"), summed("total"), summed("kinetic"), temperature)


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def slope(x: list[float], y: list[float]) -> float:
    mx, my = mean(x), mean(y)
    return math.fsum((a - mx) * (b - my) for a, b in zip(x, y)) / math.fsum((a - mx) ** 2 for a in x)


def binned(y: list[float]) -> list[tuple[float, float, float, float]]:
    """Of each bin its middle (0 to 1), mean, smallest and largest."""
    size = max(1, math.ceil(len(y) / BINS))
    pieces = [y[k : k + size] for k in range(0, len(y), size)]
    return [((k + len(p) / size / 2) * size / len(y), mean(p), min(p), max(p)) for k, p in enumerate(pieces)]


def ticks(low: float, high: float, count: int) -> list[float]:
    step = 10 ** math.floor(math.log10((high - low) / count))
    step = next(step * factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= count)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def panel(top: float, x_high: float, bins: list[tuple[float, float, float, float]], label: str, title: str,
          line: tuple[float, float] | None) -> list[str]:
    """A frame with a band, a line and, if asked for, a straight line given by its ends."""
    low, high = min(b[2] for b in bins), max(b[3] for b in bins)
    margin = 0.06 * (high - low) or 1.0
    low, high = low - margin, high + margin
    inner = WIDTH - LEFT - RIGHT

    def place(x: float, y: float) -> str:
        return f"{LEFT + inner * x:.1f},{top + PANEL * (high - y) / (high - low):.1f}"

    out = [f'<rect x="{LEFT}" y="{top}" width="{inner}" height="{PANEL}" class="frame"/>']
    out.append(f'<text x="{LEFT}" y="{top - 8}">{title}</text>')
    middle = top + PANEL / 2
    out.append(f'<text x="20" y="{middle}" transform="rotate(-90 20 {middle})" text-anchor="middle">{label}</text>')
    for y in ticks(low, high, 5):
        at = top + PANEL * (high - y) / (high - low)
        out.append(f'<line x1="{LEFT}" x2="{LEFT + inner}" y1="{at:.1f}" y2="{at:.1f}" class="grid"/>')
        out.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{y:.6g}</text>')
    for x in ticks(0, x_high, 8):
        at = LEFT + inner * x / x_high
        out.append(f'<text x="{at:.1f}" y="{top + PANEL + 16}" text-anchor="middle">{x:.6g}</text>')
    out.append(f'<text x="{LEFT + inner}" y="{top + PANEL + 32}" text-anchor="end">time (ps)</text>')
    band = [place(b[0], b[3]) for b in bins] + [place(b[0], b[2]) for b in reversed(bins)]
    out.append(f'<polygon points="{" ".join(band)}" class="band"/>')
    out.append(f'<polyline points="{" ".join(place(b[0], b[1]) for b in bins)}" class="mean"/>')
    if line:
        out.append(f'<polyline points="{place(0, line[0])} {place(1, line[1])}" class="fit"/>')
    return out


def draw(series: list[Series], title: str) -> str:
    height = TOP + 2 * len(series) * (PANEL + GAP)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">',
        "<style>text{font:12px sans-serif;fill:#222}.frame{fill:none;stroke:#888}.grid{stroke:#e4e4e4}"
        ".band{fill:#bcd4ee;stroke:none}.mean{fill:none;stroke:#1f5fa8;stroke-width:1.3}"
        ".fit{fill:none;stroke:#c0392b;stroke-width:1.5;stroke-dasharray:6 4}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="20" style="font-size:15px">{title}</text>',
    ]
    for k, one in enumerate(series):
        top = TOP + 2 * k * (PANEL + GAP)
        kinetic = mean(one.kinetic)
        change = [100 * (e - one.shadow[0]) / kinetic for e in one.shadow]
        rate = slope(one.time, change) * FS_PER_NS
        swing = 100 * math.sqrt(mean([(e - mean(one.total)) ** 2 for e in one.total])) / kinetic
        x_high = one.time[-1] / 1e3
        middle, half = mean(change), rate / FS_PER_NS * (one.time[-1] - one.time[0]) / 2
        print(f"{one.name}: drift {rate:+.3g} % of the kinetic energy per ns, mean temperature {mean(one.temperature):.1f} K")
        text = f"{one.name}: drift {rate:+.3g} % of the kinetic energy per ns (the total energy swings by {swing:.2g} % RMS)"
        out += panel(top, x_high, binned(change), "shadow energy (% of kinetic)", text, (middle - half, middle + half))
        text = f"{one.name}: temperature, mean {mean(one.temperature):.1f} K"
        out += panel(top + PANEL + GAP, x_high, binned(one.temperature), "temperature (K)", text, None)
    return "\n".join([*out, "</svg>"]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("energies", type=Path, nargs="+", help="CSV files of mlffgen md --energies")
    parser.add_argument("-o", "--output", type=Path, default=Path("md.svg"), help="default: md.svg")
    parser.add_argument("--name", action="append", default=[], help="of a file, in their order; default: its stem")
    parser.add_argument("--title", default="Molecular dynamics")
    arguments = parser.parse_args()
    names = arguments.name + [path.stem for path in arguments.energies[len(arguments.name) :]]
    series = [read(path, name) for path, name in zip(arguments.energies, names)]
    arguments.output.write_text(draw(series, arguments.title))
    return 0


if __name__ == "__main__":
    sys.exit(main())
