"""Files whose quotes are letters: exports with tabs that quote nothing."""

from tests.uploads.feed.formats.understanding import of_lines
from tests.uploads.feed.reading import layout_of

HEADER = "vendor_product_id\tproduct_name\tcategory\tsku\tprice\tstock_quantity"


def _layout(*rows: str) -> bool:
    return layout_of("".join(f"{line}\n" for line in (HEADER, *rows)).encode()).unquoted


def test_a_name_that_begins_with_a_quote_is_a_name_where_no_cell_of_the_file_is_quoted() -> None:
    found = of_lines(
        HEADER, '1\t"Harbour" game\tBooks\tS1\t9\t1', '2\tLamp 12" wide\tBooks\tS2\t9\t1', '3\t"Open\tBooks\tS3\t9\t1'
    )
    assert [one.product_name for one in found.drafts.values()] == ['"Harbour" game', 'Lamp 12" wide', '"Open']


def test_where_a_cell_is_quoted_or_a_line_is_no_row_quotes_are_quotes() -> None:
    assert not _layout('1\t"Harbour" game\tBooks\tS1\t9\t1', '2\t"Lamp"\tBooks\tS2\t9\t1')
    assert not _layout('1\t"Harbour" game\tBooks\tS1\t9\t1', "2\tLamp\tBooks\tS2")
    assert not _layout('1\t"Two\nlines"\tBooks\tS1\t9\t1')


def test_a_file_without_tabs_is_not_looked_at_so() -> None:
    data = b'vendor_product_id,product_name,category,sku,price,stock_quantity\n1,"A" b,Books,S1,9,1\n'
    assert not layout_of(data).unquoted
