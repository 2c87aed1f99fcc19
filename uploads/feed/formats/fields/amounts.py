"""What a row costs, in which currency, and how many there are."""

from uploads.feed.formats.fields.cells import cell_reader, found_reader
from uploads.feed.formats.fields.step import Cells, Open, Step, Values
from uploads.feed.formats.made import rounded_price, ungrouped, with_surcharge
from uploads.feed.formats.model import NEGATIVE, QUANTITY, ROUND, UPDATE, YES, Plan
from uploads.feed.formats.stock import quantity_reader


def amount_readers(plan: Plan) -> list[Step]:
    """Of currency, price and stock those that the file says, or has to say."""
    updates = plan.mode == UPDATE
    return [
        *([_currency_reader(plan)] if plan.columns.get("currency") else []),
        *([_price_reader(plan)] if plan.columns.get("price") else [] if updates else [_no_price]),
        *([_stock_reader(plan)] if plan.columns.get("stock_quantity") or not updates else []),
    ]


def _currency_reader(plan: Plan) -> Step:
    cell_of = found_reader(plan, "currency")

    def read(cells: Cells, head: Cells | None, values: Values, derived: list[str], asked: Open) -> None:
        values["currency"] = cell_of(cells, head)[0]

    return read


def _no_price(cells: Cells, head: Cells | None, values: Values, derived: list[str], asked: Open) -> None:
    values["price"] = ""


def _price_reader(plan: Plan) -> Step:
    cell_of, surcharge, thousands = found_reader(plan, "price"), plan.surcharge, plan.thousands
    rounds, asks, machine = plan.round_prices == YES, not plan.round_prices, plan.machine_numbers

    def read(cells: Cells, head: Cells | None, values: Values, derived: list[str], asked: Open) -> None:
        came, inherited = cell_of(cells, head)
        if surcharge and head is not None:
            came, inherited = with_surcharge(came, cells.get(surcharge) or ""), True
        price = ungrouped(came, thousands) if thousands else came
        if (rounds or asks) and (rounded := rounded_price(price, machine=machine)):
            if rounds:
                price = rounded
            else:
                asked.append((ROUND, price.strip()))
        values["price"] = price
        if inherited or price != came:
            derived.append("price")

    return read


def _stock_reader(plan: Plan) -> Step:
    quantity_of, answer, own_list = quantity_reader(plan), plan.quantity, plan.own_list
    cell_of = cell_reader(plan, "stock_quantity")
    sets_zero, asks_below_zero = plan.negative_stock == "0", not plan.negative_stock

    def read(cells: Cells, head: Cells | None, values: Values, derived: list[str], asked: Open) -> None:
        cell, is_derived, unknown, below_zero = quantity_of(cells, head)
        if unknown:
            is_derived, cell = True, answer
            if not answer:
                asked.append((QUANTITY, ""))
                if own_list:  # as long as nobody says it, it is a word where a number should be
                    cell = cell_of(cells)
        elif below_zero:
            if sets_zero:
                is_derived, cell = True, "0"
            elif asks_below_zero:
                asked.append((NEGATIVE, (cell or "").strip()))
        values["stock_quantity"] = cell
        if is_derived:
            derived.append("stock_quantity")

    return read
