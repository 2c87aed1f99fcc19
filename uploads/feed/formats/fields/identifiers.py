"""Product ID and SKU of a row, and what they are made of where they are missing."""

from collections.abc import Callable

from catalog.rules.identifiers import repaired_sku
from uploads.feed.formats.fields.cells import cell_reader
from uploads.feed.formats.fields.step import Cells, Open, Step, Values
from uploads.feed.formats.fields.texts import options_reader
from uploads.feed.formats.made import slug
from uploads.feed.formats.model import EMPTY_SKU, PRODUCT_ID, REPAIR, UPDATE, YES, Plan
from uploads.feed.formats.texts import one_line


def identifiers_reader(plan: Plan) -> Step:
    sku_of, id_of, made_sku = cell_reader(plan, "sku"), cell_reader(plan, "vendor_product_id"), _sku_maker(plan)
    updates, repairs, asks_to_repair = plan.mode == UPDATE, plan.repair_skus == YES, not plan.repair_skus
    id_column, sku_column = plan.columns.get("vendor_product_id"), plan.columns.get("sku")
    one_number = id_column == sku_column
    sku_for_id = not updates and (not plan.own_list or id_column in (None, sku_column))
    has_id, has_sku = bool(id_column) or not updates, bool(sku_column) or not updates

    def read(cells: Cells, head: Cells | None, values: Values, derived: list[str], asked: Open) -> None:
        sku = sku_of(cells)
        own = sku if one_number else id_of(cells)
        if not sku.strip():
            sku = made_sku(cells, head, own, derived, asked)
        if not own.strip() and sku_for_id:
            own = sku
            derived.append("vendor_product_id")
        if has_id:
            values["vendor_product_id"] = own
        if has_sku:
            if not sku.isalnum() and (better := repaired_sku(sku)):
                if repairs:
                    sku = better
                    derived.append("sku")
                elif asks_to_repair:
                    asked.append((REPAIR, sku.strip()))
            values["sku"] = sku

    return read


def _sku_maker(plan: Plan) -> Callable[[Cells, Cells | None, str, list[str], Open], str]:
    """What a missing SKU is made of: handle and options, or the product ID, if a person says so; "" where it isn't."""
    handle, html, of_variants = plan.handle, plan.html, plan.options_of_variants
    options_of = options_reader(plan)
    takes_id, asks = plan.empty_sku == PRODUCT_ID, not plan.empty_sku

    def of_handle(cells: Cells, head: Cells | None, own: str, derived: list[str], asked: Open) -> str:
        options = options_of(cells) if head is not None or not of_variants else []
        cell = (cells.get(handle) or "").strip()
        derived.append("sku")
        return slug([one_line(cell) if html else cell, *options])

    def of_id(cells: Cells, head: Cells | None, own: str, derived: list[str], asked: Open) -> str:
        if own and asks:
            asked.append((EMPTY_SKU, own.strip()))
        if not own or not takes_id:
            return ""
        derived.append("sku")
        return own

    if handle:
        return of_handle
    return of_id if plan.id_for_sku and plan.mode != UPDATE else lambda cells, head, own, derived, asked: ""
