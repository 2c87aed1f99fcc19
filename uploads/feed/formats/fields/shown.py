"""GTIN and picture of a row of an export: shops have a column for each, whether they fill it or not.

So a missing GTIN isn't worth a warning, and what is no GTIN in a column that may have any code keeps no row out.
"""

from catalog.rules.fields import BARCODE
from catalog.rules.values import image
from uploads.feed.formats.fields.cells import first_of
from uploads.feed.formats.fields.step import Cells, Open, Step, Values
from uploads.feed.formats.model import Plan


def gtin_reader(plan: Plan) -> Step:
    columns, of_any = plan.columns["gtin"], frozenset(plan.barcodes)
    strict = first_of(tuple(one for one in columns if one not in of_any), apostrophes=plan.apostrophes)
    lenient = first_of(tuple(one for one in columns if one in of_any), apostrophes=plan.apostrophes)
    kind, kinds = plan.gtin_type, frozenset(plan.gtin_types)

    def read(cells: Cells, head: Cells | None, values: Values, derived: list[str], asked: Open) -> None:
        if kind and (cells.get(kind) or "").strip().casefold() not in kinds:
            return
        if cell := strict(cells):
            values["gtin"] = cell
        else:
            values[BARCODE] = lenient(cells)

    return read


def picture_reader(plan: Plan) -> Step:
    """A variant has a picture of its own, or else its product's."""
    columns, own = plan.columns["image_url"], plan.own_pictures
    every = first_of(columns, apostrophes=False)
    of_variant = first_of(own, apostrophes=False) if own else every
    of_product = first_of(tuple(one for one in columns if one not in own), apostrophes=False)
    inherits, lists = plan.group is not None and "image_url" in plan.inherited, plan.many_pictures

    def read(cells: Cells, head: Cells | None, values: Values, derived: list[str], asked: Open) -> None:
        cell = every(cells) if head is None else of_variant(cells)
        inherited = not cell and inherits and head is not None
        if inherited and head is not None:
            cell = of_product(head)
        url = image.first(cell) if lists else cell
        values["image_url"] = url
        if (inherited and cell) or url != cell:
            derived.append("image_url")

    return read
