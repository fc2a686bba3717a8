"""Draws territories.json and static/world.svg from world-atlas 2.0.2 (npm; ISC; made from Natural Earth 4.1).

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python -m oversight.world.draw package/countries-50m.json

Arcs are simplified before they are joined, so that neighbours keep one border. The projection is Natural Earth
(Šavrič et al. 2015, https://doi.org/10.1080/17538947.2011.627219, polynomial form).
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

from django_countries.data import COUNTRIES
from django_countries.fields import Country

Point = tuple[float, float]
WIDTH, HEIGHT = 1000, 440
TOLERANCE, SMALL = 0.4, 8.0
HERE = Path(__file__).parent


def projected(longitude: float, latitude: float) -> Point:
    """Degrees to the drawing's units, x to the right and y down."""
    angle, square = math.radians(latitude), math.radians(latitude) ** 2
    x = 0.8707 - 0.131979 * square + square**2 * (-0.013791 + square**4 * (0.003971 - 0.001529 * square))
    y = angle * (1.007226 + square * (0.015085 + square**2 * (-0.044475 + 0.028874 * square - 0.005916 * square**2)))
    scale = WIDTH / (2 * math.pi * 0.8707)
    return WIDTH / 2 + math.radians(longitude) * x * scale, 226 - y * scale


def simplified(points: list[Point]) -> list[Point]:
    """Douglas and Peucker: without the points drawn nearer than TOLERANCE to the line through the others."""
    if len(points) < 3:
        return points
    drawn = [projected(*point) for point in points]
    (x0, y0), (x1, y1) = drawn[0], drawn[-1]
    length = math.hypot(x1 - x0, y1 - y0)

    def off(point: Point) -> float:
        x, y = point
        if not length:
            return math.hypot(x - x0, y - y0)
        return abs((x1 - x0) * (y0 - y) - (x0 - x) * (y1 - y0)) / length

    furthest = max(range(1, len(points) - 1), key=lambda index: off(drawn[index]))
    if off(drawn[furthest]) < TOLERANCE:
        return [points[0], points[-1]]
    return simplified(points[: furthest + 1])[:-1] + simplified(points[furthest:])


def arcs_of(topology: dict[str, Any]) -> list[list[Point]]:
    """The topology's lines in degrees, decoded from their differences and simplified."""
    (kx, ky), (dx, dy) = topology["transform"]["scale"], topology["transform"]["translate"]
    found = []
    for arc in topology["arcs"]:
        x = y = 0
        line = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            line.append((x * kx + dx, y * ky + dy))
        found.append(simplified(line))
    return found


def rings(numbers: list[int], arcs: list[list[Point]]) -> list[list[Point]]:
    """A closed line of arcs as drawn: where it crosses the 180th meridian, a part on either side.

    A number below zero stands for its complement, walked backwards.
    """
    points: list[Point] = []
    for number in numbers:
        line = arcs[number] if number >= 0 else arcs[~number][::-1]
        for longitude, latitude in line[1:] if points else line:
            turns = round((points[-1][0] - longitude) / 360) if points else 0
            points.append((longitude + 360 * turns, latitude))
    parts = []
    for turn in (-360, 0, 360):
        moved = [(longitude + turn, latitude) for longitude, latitude in points]
        part = _within(_within(moved, 180, 1), -180, -1)
        if part:
            parts.append([projected(*point) for point in part])
    return parts


def _within(points: list[Point], meridian: float, side: int) -> list[Point]:
    """Sutherland and Hodgman: the part of a closed line on one side of a meridian."""
    kept = []
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
        is_in, comes_in = side * x0 <= side * meridian, side * x1 <= side * meridian
        if is_in:
            kept.append((x0, y0))
        if is_in != comes_in:
            kept.append((meridian, y0 + (y1 - y0) * (meridian - x0) / (x1 - x0)))
    return kept


def path(lines: list[list[Point]]) -> str:
    """Closed lines as the `d` of an SVG path, in tenths of a unit."""
    words = []
    for points in lines:
        rounded = [f"{x:.1f} {y:.1f}".replace(".0", "") for x, y in points]
        kept = [point for index, point in enumerate(rounded) if not index or point != rounded[index - 1]]
        if len(kept) > 2:
            words.append("M" + "L".join(kept) + "Z")
    return "".join(words)


def main(source: str) -> None:
    topology = json.loads(Path(source).read_text())
    arcs = arcs_of(topology)
    codes = {Country(code).numeric_padded: code for code in COUNTRIES}
    territories: dict[str, dict[str, Any]] = {}
    ground = []
    for shape in topology["objects"]["countries"]["geometries"]:
        polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        lines = [line for polygon in polygons for numbers in polygon for line in rings(numbers, arcs)]
        largest = max(lines, key=_extent)
        code = codes.get(shape.get("id", ""))
        if code == "AQ":
            continue
        drawn = path(lines)
        ground.append(drawn)
        if code and code not in territories:
            xs, ys = [x for x, _y in largest], [y for _x, y in largest]
            middle = [round((min(xs) + max(xs)) / 2, 1), round((min(ys) + max(ys)) / 2, 1)]
            territories[code] = {"at": middle, "small": _extent(largest) < SMALL, "path": drawn}
    entries = [f" {json.dumps(code)}: {json.dumps(territories[code])}" for code in sorted(territories)]
    (HERE / "territories.json").write_text("{\n" + ",\n".join(entries) + "\n}\n")
    (HERE.parent.parent / "static" / "world.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<path fill="#8a969f" fill-opacity=".3" d="{"".join(ground)}"/></svg>\n'
    )


def _extent(points: list[Point]) -> float:
    xs, ys = zip(*points, strict=True)
    return float(max(max(xs) - min(xs), max(ys) - min(ys)))


if __name__ == "__main__":
    main(sys.argv[1])
