"""Draw the packages and the imports between them from the code: `python docs/draw_house.py [--check]`.

Write `docs/images/house.svg` and the table between the markers of `docs/developing.md`. With `--check` write
nothing, and end with 1 where the table is no longer true. End with 1 where an arrow does not point
downwards.
"""

import sys
import tomllib
from pathlib import Path

import grimp
import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "developing.md"
PICTURE = ROOT / "docs" / "images" / "house.svg"
BEGIN, END = "<!-- house: begin -->", "<!-- house: end -->"

Rooms = list[list[str]]
Arrows = dict[str, set[str]]


def floors() -> Rooms:
    """Read the floors from the contract of import-linter, from the top; single files are one room."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(
        contract["layers"]
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    rooms = [
        [name.strip().removeprefix("oemsar.") for name in layer.replace("|", ":").split(":")]
        for layer in layers
    ]
    return [*rooms[:-1], ["single files"]]


def arrows(rooms: Rooms) -> Arrows:
    """Find which room imports from which, for types only included."""
    graph = grimp.build_graph("oemsar", exclude_type_checking_imports=False)
    packages = {room for floor in rooms for room in floor}

    def room_of(module: str) -> str:
        first = module.split(".")[1] if "." in module else ""
        return first if first in packages else "single files"

    found: Arrows = {room: set() for floor in rooms for room in floor}
    for module in sorted(graph.modules - {"oemsar"}):
        for imported in graph.find_modules_directly_imported_by(module) - {"oemsar"}:
            if room_of(module) != room_of(imported):
                found[room_of(module)].add(room_of(imported))
    return found


def upwards(rooms: Rooms, found: Arrows) -> list[str]:
    """List the arrows that do not point to a lower floor."""
    level = {room: number for number, floor in enumerate(rooms) for room in floor}
    return sorted(
        f"{room} -> {to}" for room, goals in found.items() for to in goals if level[to] <= level[room]
    )


def table(rooms: Rooms, found: Arrows) -> str:
    """Write the floors as a Markdown table: one row a package with the packages it imports from."""
    order = [room for floor in rooms for room in floor]
    lines = ["| Floor | Package | Imports from |", "| --- | --- | --- |"]
    for number, floor in enumerate(rooms):
        for room in floor:
            goals = ", ".join(f"`{goal}`" for goal in order if goal in found[room] and goal != "single files")
            lines.append(f"| {len(rooms) - number} | `{room}` | {goals or 'single files only'} |")
    return "\n".join(lines)


def draw(rooms: Rooms, found: Arrows) -> None:
    """Draw the floors from the top down with an arrow for each import; single files are left out."""
    mpl.rcParams["svg.hashsalt"] = "house"
    centre = {
        room: ((column + 1) / (len(floor) + 1), -float(number))
        for number, floor in enumerate(rooms[:-1])
        for column, room in enumerate(floor)
    }
    figure = Figure(figsize=(9, 8))
    FigureCanvasSVG(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(min(y for _, y in centre.values()) - 0.5, 0.5)
    for room, at in sorted(centre.items()):
        for goal in sorted(found[room] & centre.keys()):
            style = {"arrowstyle": "-|>", "color": "#8899aa", "lw": 0.8, "shrinkA": 14, "shrinkB": 14}
            style["connectionstyle"] = "arc3,rad=0.12"
            axes.annotate("", centre[goal], at, arrowprops=style)
    for room, at in centre.items():
        box = {"boxstyle": "round,pad=0.5", "facecolor": "#eef3f8", "edgecolor": "#335577"}
        axes.text(*at, room, ha="center", va="center", bbox=box, fontsize=11, zorder=3)
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, format="svg", metadata={"Date": None})


def main() -> int:
    """Write or check; returns the exit code."""
    rooms = floors()
    found = arrows(rooms)
    wrong = upwards(rooms, found)
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    made = f"{before}{BEGIN}\n{table(rooms, found)}\n{END}{after}"
    for arrow in wrong:
        print(f"upwards or in a circle: {arrow}")
    if "--check" in sys.argv:
        if made != text:
            print("docs/developing.md does not show the house as it is; run python docs/draw_house.py")
        return int(bool(wrong) or made != text)
    PAGE.write_text(made, encoding="utf-8")
    draw(rooms, found)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
