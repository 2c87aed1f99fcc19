"""Small feeds for tests: `feed(line(1), line(2, price="0"))`."""

HEADER = "vendor_product_id,product_name,category,sku,brand,description,price,stock_quantity"


def line(number: int, **changes: str) -> str:
    """One valid row of a feed, unless changed: `line(3, price="0")`."""
    cells = {
        "vendor_product_id": f"P-{number}",
        "product_name": f"Product {number}",
        "category": "Electronics",
        "sku": f"SKU-{number}",
        "brand": "Acme",
        "description": "",
        "price": "9.99",
        "stock_quantity": "5",
    } | changes
    return ",".join(cells.values())


def feed(*rows: str) -> str:
    """A feed with the usual header above these rows."""
    return "\n".join([HEADER, *rows, ""])
