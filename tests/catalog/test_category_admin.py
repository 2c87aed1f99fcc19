"""The category whitelist in the admin: its tree, turning categories on and off, and its way through a spreadsheet."""

import io
from typing import Any

import pytest
import tablib
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import category_tree
from catalog.category_admin import CHANGED_MEANWHILE, TOO_OLD, UNREADABLE
from catalog.category_tree import in_order
from catalog.models import Product, ProductCategory
from tests.uploads.feed.costs import costly

LIST = "/admin/catalog/productcategory/"
IMPORT, CONFIRM, EXPORT = f"{LIST}import/", f"{LIST}process_import/", f"{LIST}export/"
SCRIPT = "<script>alert(1)</script>"


def make(**parents: str | None) -> None:
    """Categories by name, each with its parent."""
    for name, parent in parents.items():
        ProductCategory.objects.create(category_name=name, parent_category=parent)


def products(category: str, count: int, start: int = 1) -> None:
    Product.objects.bulk_create(
        Product(vendor_id="VEND001", vendor_product_id=f"{category}-{n}", product_name="x", category=category,
                sku=f"{category}-{n}", price="1", stock_quantity=0)
        for n in range(start, start + count)
    )  # fmt: skip


def table() -> list[tuple[str, str | None, bool]]:
    rows = ProductCategory.objects.order_by("category_id")
    return list(rows.values_list("category_name", "parent_category", "is_active"))


# --- the tree --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "tree"),
    [
        ([(1, "B", None), (2, "A", "B"), (3, "C", "A")], [(1, 0), (2, 1), (3, 2)]),
        ([(1, "Z", None), (2, "A", None), (3, "M", "A")], [(2, 0), (3, 1), (1, 0)]),
        ([(1, "B", "gone"), (2, "A", "")], [(2, 0), (1, 0)]),
        ([(1, "A", "B"), (2, "B", "A"), (3, "C", "B")], [(1, 0), (2, 1), (3, 2)]),
        ([(1, "A", "A")], [(1, 0)]),
        ([], []),
    ],
)
def test_children_follow_their_parents_and_circles_and_strangers_stand_at_the_top(
    rows: list[tuple[int, str, str | None]], tree: list[tuple[int, int]]
) -> None:
    assert list(in_order(rows).items()) == tree


def test_a_chain_of_thousands_is_no_matter() -> None:
    chain = [(n, f"{n:05}", f"{n - 1:05}" if n else None) for n in range(5000)]
    assert list(in_order(chain).values()) == list(range(5000))


def test_the_list_shows_the_tree_and_parents_that_are_no_categories(admin_client: Client) -> None:
    make(Zoo="Unheard of", Shoes="Clothing", Clothing=None, Boots="Shoes", Ring="Rung", Rung="Ring")
    response = admin_client.get(LIST)
    shown = [(category.category_name, category.depth) for category in response.context["cl"].result_list]
    assert shown == [("Clothing", 0), ("Shoes", 1), ("Boots", 2), ("Zoo", 0), ("Ring", 0), ("Rung", 1)]
    text = response.content.decode()
    assert '<span class="tree tree-2">Boots</span>' in text
    assert text.count("not a category") == 1


def test_the_tree_goes_on_over_pages_and_a_chosen_order_comes_first(admin_client: Client) -> None:
    make(Top=None, **{f"C{n:02}": "Top" for n in range(60)})
    assert [c.category_name for c in admin_client.get(f"{LIST}?p=2").context["cl"].result_list][:2] == ["C49", "C50"]
    first = admin_client.get(f"{LIST}?o=-1").context["cl"].result_list[0]
    assert (first.category_name, first.depth) == ("Top", 0)


def test_each_category_says_how_many_products_it_has_up_to_a_limit(
    admin_client: Client, vendor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(category_tree, "COUNTED", 3)
    make(Few=None, Many=None, None_=None)
    products("Few", 2)
    products("Many", 5)
    text = admin_client.get(LIST).content.decode()
    assert '?category=Few">2</a>' in text
    assert '?category=Many">3+</a>' in text
    assert 'class="field-products">0</td>' in text


def test_a_category_cannot_be_put_below_itself(admin_client: Client) -> None:
    make(A=None, B="A", C="B")
    a = ProductCategory.objects.get(category_name="A")
    for parent in ("A", "C"):
        form = {"category_name": "A", "parent_category": parent, "is_active": "on"}
        text = admin_client.post(f"{LIST}{a.pk}/change/", form).content.decode()
        assert "would go round in a circle" in text
    assert ProductCategory.objects.get(pk=a.pk).parent_category is None


# --- turning on and off ----------------------------------------------------------------------------------------


def keys(*names: str) -> list[int]:
    return list(ProductCategory.objects.filter(category_name__in=names).values_list("pk", flat=True))


def test_deactivating_asks_first_and_says_how_many_products_carry_them(admin_client: Client, vendor: Any) -> None:
    make(A=None, B=None, C=None)
    products("A", 3)
    ProductCategory.objects.filter(category_name="C").update(is_active=False)
    asked = admin_client.post(LIST, {"action": "deactivate", "_selected_action": keys("A", "B", "C")})
    assert [text for _, text in asked.context["question"].lines] == ["A: 3 products", "B: no products"]
    assert ProductCategory.objects.filter(is_active=True).count() == 2
    chosen = [key for key, _ in asked.context["question"].lines]
    form = {"action": "deactivate", "_selected_action": chosen, "confirmed": "yes"}
    done = admin_client.post(LIST, form, follow=True)
    assert "2 categories deactivated." in done.content.decode()
    assert not ProductCategory.objects.filter(is_active=True).exists()
    assert LogEntry.objects.filter(action_flag=CHANGE, change_message="Deactivated.").count() == 2


def test_activating_counts_those_that_somebody_else_activated_first(admin_client: Client) -> None:
    make(A=None, B=None)
    ProductCategory.objects.filter(category_name="A").update(is_active=False)
    form = {"action": "activate", "_selected_action": keys("A", "B"), "confirmed": "yes"}
    text = admin_client.post(LIST, form, follow=True).content.decode()
    assert "1 category activated." in text
    assert "1 category changed meanwhile: somebody got there first." in text
    assert [entry.object_repr for entry in LogEntry.objects.all()] == ["A"]


def test_where_nothing_would_change_nothing_is_asked(admin_client: Client) -> None:
    make(A=None)
    response = admin_client.post(LIST, {"action": "activate", "_selected_action": keys("A")}, follow=True)
    assert "All of these categories are active already." in response.content.decode()


def test_asking_about_many_costs_as_many_queries_as_about_one(admin_client: Client) -> None:
    make(**{f"C{n:02}": None for n in range(30)})

    def queries(action: str, chosen: list[int]) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.post(LIST, {"action": action, "_selected_action": chosen}).status_code == 200
        return len(captured)

    every = list(ProductCategory.objects.values_list("pk", flat=True))
    for action in ("deactivate", "delete_selected"):
        queries(action, every[:1])
        assert queries(action, every[:1]) == queries(action, every)


def test_a_category_in_use_is_not_deleted_from_the_list(admin_client: Client, vendor: Any) -> None:
    make(A=None, B=None)
    products("A", 1)
    form = {"action": "delete_selected", "_selected_action": keys("A", "B"), "post": "yes"}
    assert admin_client.post(LIST, form).status_code == 403
    assert ProductCategory.objects.count() == 2


def test_viewers_are_offered_no_action_and_no_import(client: Client, db: None) -> None:
    make(A=None)
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["view_productcategory", "change_productcategory"])
    )
    client.force_login(user)
    assert client.get(IMPORT).status_code == 403
    assert client.post(CONFIRM, {}).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="view_productcategory"))
    client.post(LIST, {"action": "deactivate", "_selected_action": keys("A"), "confirmed": "yes"})
    assert ProductCategory.objects.get().is_active
    assert "import/" not in client.get(LIST).content.decode()


# --- through a spreadsheet -------------------------------------------------------------------------------------


def choose(client: Client, content: str | bytes, kind: int = 0) -> Any:
    data = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile(f"categories.{'xlsx' if kind else 'csv'}", data)
    return client.post(IMPORT, {"import_file": file, "format": str(kind), "resource": "0"})


def confirm(client: Client, response: Any) -> Any:
    return client.post(CONFIRM, response.context["confirm_form"].initial, follow=True)


def exported(client: Client, kind: int) -> bytes:
    response: Any = client.post(EXPORT, {"format": str(kind)})
    return b"".join(response.streaming_content)


HOSTILE = [
    "=1+1",
    "'=x",
    "a;=b",
    "\t-2",
    "two\r\nlines",
    "lone\rreturn",
    SCRIPT,
    "1299",
    "TRUE",
    "\u202eevil",
    " edge ",
]


@pytest.mark.parametrize("kind", [0, 1])
def test_what_was_exported_changes_nothing_when_it_is_imported(
    admin_client: Client, categories: None, kind: int
) -> None:
    names = HOSTILE if kind == 0 else [name for name in HOSTILE if "\r" not in name]  # XLSX has no lone returns
    for name in names:
        ProductCategory.objects.create(category_name=name, parent_category=f"{name}.", is_active=False)
    ProductCategory.objects.create(category_name="Empty parent", parent_category="")
    before = table()
    response = choose(admin_client, exported(admin_client, kind), kind)
    assert response.context["result"].totals["skip"] == len(before)
    confirm(admin_client, response)
    assert table() == before
    assert not LogEntry.objects.exists()


def test_the_export_has_three_columns(admin_client: Client) -> None:
    make(Shoes="Clothing")
    assert exported(admin_client, 0).decode("utf-8-sig") == (
        "category_name,parent_category,is_active\r\nShoes,Clothing,True\r\n"
    )


def test_the_preview_shows_what_would_change_and_confirming_changes_and_logs_it(admin_client: Client) -> None:
    make(Shoes="Clothing", Books=None, Gone=None)
    file = "category_name,parent_category,is_active\nShoes,Fashion,FALSE\nBooks,,TRUE\n  New one ,Books,yes\n"
    response = choose(admin_client, file)
    text = response.content.decode()
    assert "<del>Clothing</del> <ins>Fashion</ins>" in text
    assert "style=" not in text[text.index("Preview") :]
    assert table()[0] == ("Shoes", "Clothing", True)
    assert "Import finished: 1 new, 1 updated" in confirm(admin_client, response).content.decode()
    assert table() == [
        ("Shoes", "Fashion", False), ("Books", None, True), ("Gone", None, True), ("New one", "Books", True),
    ]  # fmt: skip
    assert {(entry.object_repr, entry.action_flag) for entry in LogEntry.objects.all()} == {
        ("Shoes", 2),
        ("New one", 1),
    }


def test_a_column_that_is_missing_changes_nothing(admin_client: Client) -> None:
    make(Shoes="Clothing")
    ProductCategory.objects.update(is_active=False)
    confirm(admin_client, choose(admin_client, "category_name,parent_category\nShoes,Fashion\n"))
    assert table() == [("Shoes", "Fashion", False)]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("A,,maybe", "“maybe” is neither TRUE nor FALSE."),
        (",,TRUE", "This field cannot be blank."),
        ("x" * 101 + ",,TRUE", "at most 100 characters (it has 101)"),
        ("A,,TRUE\nB,,TRUE\nA,B,TRUE", "“A” stands in row 1 of this file already."),
        ("A,B,TRUE\nB,A,TRUE", "B can&#x27;t be below A: that would go round in a circle."),
        ("a\0b,,TRUE", "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_with_a_row_is_said_in_a_sentence_and_nothing_can_be_confirmed(
    admin_client: Client, rows: str, sentence: str
) -> None:
    response = choose(admin_client, f"category_name,parent_category,is_active\n{rows}\n")
    assert sentence in response.content.decode()
    assert "confirm_form" not in response.context
    assert not ProductCategory.objects.exists()


@pytest.mark.parametrize(
    ("content", "kind", "sentence"),
    [
        ("name,parent\nA,B\n", 0, "The file has no column category_name."),
        ("category_name\n" + "A\n" * 2001, 0, "The file has more than 2,000 rows"),
        (b"category_name\nCaf\xe9\n", 0, UNREADABLE),
        ("category_name\nA\n", 1, UNREADABLE),
        ("category_name" + "," * 500_000 + "\n" + "A\n" * 200_000, 0, "The file has more than 2,000 rows"),
        ("category_name" + "," * 500_000 + "\nA\n", 0, "The file has 500,001 columns."),
        (costly.book([costly.far("x")]), 1, "The sheet has something in more than 50 columns."),
        (costly.book([costly.data("<row/>" * 900_000 + "<a>" * 300)]), 1, UNREADABLE),
        (costly.book([costly.GOOD + costly.merged(100_001)]), 1, "far larger inside than a catalog needs"),
        ("x" * (1024 * 1024 + 1), 0, "The file is larger than 1 MB"),
    ],
)
def test_a_file_that_is_no_list_of_categories_is_refused_in_a_sentence(
    admin_client: Client, content: str | bytes, kind: int, sentence: str
) -> None:
    response = choose(admin_client, content, kind)
    text = response.content.decode()
    assert sentence.replace("'", "&#x27;") in text
    assert "Traceback" not in text
    assert "confirm_form" not in response.context


def test_cells_far_away_that_have_nothing_in_them_do_not_count(admin_client: Client) -> None:
    rows = (
        costly.row(1, "category_name", "parent_category"),
        costly.row(2, "Boots", ""),
        costly.row(9, "Shoes", "Boots"),
    )
    far = '<row r="900000"><c r="XFD900000" s="1"/></row>'
    confirm(admin_client, choose(admin_client, costly.book([costly.data(*rows, far)]), 1))
    assert table() == [("Boots", None, True), ("Shoes", "Boots", True)]


def test_a_workbook_of_categories_is_read_in_a_process_of_its_own(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uploads.feed.apart.process.MEMORY", 1)
    rows = [costly.row(number, f"{number} {'x' * 400}") for number in range(2, 1500)]
    file = costly.book([costly.data(costly.row(1, "category_name"), *rows)])
    text = choose(admin_client, file, 1).content.decode()
    assert "This file takes more than 0 MB of memory to read" in text


def test_a_list_that_changed_since_the_preview_is_imported_not_at_all(admin_client: Client) -> None:
    make(A=None)
    response = choose(admin_client, "category_name,parent_category\nNew,\nA,B\n")
    make(B="A")
    assert CHANGED_MEANWHILE.replace("'", "&#x27;") in confirm(admin_client, response).content.decode()
    assert table() == [("A", None, True), ("B", "A", True)]
    assert not LogEntry.objects.exists()


def test_only_a_file_that_was_previewed_can_be_confirmed(admin_client: Client) -> None:
    for name in ("", "passwd", "abc:def:ghi"):
        form = {"import_file_name": name or "x", "original_file_name": "a.csv", "format": "0", "resource": "0"}
        assert TOO_OLD in admin_client.post(CONFIRM, form, follow=True).content.decode()


def test_hostile_cells_are_shown_as_text(admin_client: Client) -> None:
    for rows in (f'"{SCRIPT}",\u202e,TRUE', f'"{SCRIPT}",x,{SCRIPT}'):
        text = choose(admin_client, f"category_name,parent_category,is_active\n{rows}\n").content.decode()
        assert SCRIPT not in text
        assert "&lt;script&gt;" in text


def test_a_name_that_a_spreadsheet_took_for_a_number_is_still_a_name(admin_client: Client) -> None:
    file = tablib.Dataset((2024, None, True), headers=["category_name", "parent_category", "is_active"])
    confirm(admin_client, choose(admin_client, io.BytesIO(file.export("xlsx")).getvalue(), 1))
    assert table() == [("2024", None, True)]
