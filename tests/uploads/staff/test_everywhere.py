"""Wrong values of all vendors, mended on one page with one save; and SKUs that two vendors claim."""

import html
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.models.functions import Lower
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.mending import text
from tests.uploads.staff.test_work import titles
from uploads.corrections import retry
from uploads.desk import everywhere, shared_values
from uploads.desk.shared_values import Place
from uploads.models import Job, UploadHistory, ValueRule, WorkItem
from uploads.pipeline.settling import totals
from uploads.staff.everywhere import one, page
from vendors.models import Vendor

PAGE = "/admin/uploads/validationerror/everywhere/"
CLAIMS = f"{PAGE}?claims=1"
FIVE = [f"VEND00{n}" for n in range(1, 6)]


def of(vendor: str, number: int, **changes: str) -> str:
    return line(number, **{"sku": f"{vendor}-{number}", **changes})


@pytest.fixture
def five(pipeline: Pipeline) -> Pipeline:
    """Five vendors: each has a row with “Colour TVs”, the first two one more, one has “Novels”; the fifth has left."""
    for vendor in FIVE[1:]:
        Vendor.objects.create(vendor_id=vendor, vendor_name=f"Company {vendor[-1]}", email=f"{vendor}@example.com")
    for vendor in FIVE:
        more = [of(vendor, 2, category="colour tvs")] if vendor in FIVE[:2] else []
        more += [of(vendor, 3, category="Novels"), of(vendor, 4, price="x")] if vendor == "VEND001" else []
        pipeline.run(feed(of(vendor, 1, category="Colour TVs"), *more), vendor)
    Vendor.objects.filter(pk="VEND005").update(status="suspended")
    totals.add_up()
    return pipeline


def listed(response: Any) -> list[tuple[str, int, int]]:
    return [(each["one"].value, each["one"].rows, each["one"].vendors) for each in response.context["lines"]]


def posted(response: Any, *, vendors: list[str] | None = None, **chosen: str) -> dict[str, Any]:
    """What a browser would send of the page with these things chosen: right_0="Books"."""
    values: dict[str, Any] = {f"value-{each['number']}": each["one"].spelling for each in response.context["lines"]}
    active = [each.vendor_id for each, chosen, _, why_not in response.context["vendors"] if chosen and not why_not]
    sent = values | {"field": response.context["field"], "vendor": active if vendors is None else vendors}
    return sent | {name.replace("_", "-"): value for name, value in chosen.items()}


def worked_off() -> None:
    while Job.objects.filter(state="waiting").exists():
        run_jobs()


def test_vendors_that_were_chosen_and_have_the_value_no_more_are_not_asked_for_again(
    admin_client: Client, five: Pipeline
) -> None:
    form = posted(admin_client.get(PAGE), vendors=["VEND003"], right_0="Books")
    admin_client.post(PAGE, form)
    worked_off()
    assert "No row has these values any more." in text(admin_client.post(PAGE, form, follow=True))


@pytest.mark.parametrize("vendor_id", [None, "VEND001"])
def test_a_rule_is_kept_in_the_place_of_the_one_that_the_table_takes_for_the_same(
    admin_user: User, vendor: Vendor, vendor_id: str | None
) -> None:
    """Whatever the capitals of another alphabet: “İ” has the small letter “i”, of which “I” is the capital."""
    for wrong in ("Tİ", "TI", "ti", "Straße", "STRASSE"):
        retry.keep_rule(vendor_id, "category", wrong, f"for {wrong}", admin_user)
        assert "for " + wrong in ValueRule.objects.values_list("right_value", flat=True)
    small = ValueRule.objects.annotate(small=Lower("wrong_value")).values_list("small", flat=True)
    assert len(small) == len(set(small))


# --- the page ----------------------------------------------------------------------------------------------------


def test_the_values_of_all_vendors_stand_there_by_field_with_the_largest_first(
    admin_client: Client, five: Pipeline
) -> None:
    shown = admin_client.get(PAGE)
    assert listed(shown) == [("colour tvs", 7, 5), ("novels", 1, 1)]
    assert [(name, tuple(sum_)) for name, _, sum_, _ in shown.context["fields"]] == [
        ("category", (2, 8, False)), ("price", (1, 1, False)),
    ]  # fmt: skip
    said = text(shown)
    assert "Company 2" in said
    assert "VEND005 is suspended: rows can be retried once it is active." in said
    assert re.search(r'value="VEND005" disabled', shown.content.decode())
    assert listed(admin_client.get(f"{PAGE}?field=price")) == [("x", 1, 1)]
    alone = admin_client.get(f"{PAGE}?field=category&value=NOVELS")
    assert listed(alone) == [("novels", 1, 1)]
    assert [each.vendor_id for each, *_ in alone.context["vendors"]] == ["VEND001"]
    for wrong in ("nothing", "vendor_id"):
        assert admin_client.get(f"{PAGE}?field={wrong}").status_code == 404


def test_one_save_mends_the_rows_of_every_vendor_that_is_active_each_in_a_job_of_its_own(
    admin_client: Client, five: Pipeline
) -> None:
    shown = admin_client.get(PAGE)
    answer = admin_client.post(PAGE, posted(shown, right_0="Electronics", ignore_1="yes"), follow=True)
    assert "7 rows of 4 vendors are being worked on." in text(answer)
    assert [each["busy"] for each in answer.context["lines"]] == [True, True]
    assert sorted(Job.objects.values_list("vendor_id", "total")) == [
        ("VEND001", 3), ("VEND002", 2), ("VEND003", 1), ("VEND004", 1),
    ]  # fmt: skip
    assert not ValueRule.objects.exists()
    worked_off()

    assert set(Job.objects.values_list("state", flat=True)) == {"done"}
    assert set(Product.objects.values_list("vendor_id", flat=True)) == set(FIVE[:4])
    assert Product.objects.filter(category="Electronics").count() == 6
    assert UploadHistory.objects.get(vendor_id="VEND001").ignored_records == 1
    assert listed(admin_client.get(PAGE)) == [("colour tvs", 1, 1)], "those of who isn't active stay"
    said = {entry.object_id: entry.change_message for entry in LogEntry.objects.all()}
    assert said["VEND001"] == "Category: 1 corrected, 1 ignored of its wrong values, 3 rows."
    assert said["VEND004"] == "Category: 1 corrected of its wrong values, 1 rows."
    assert "VEND005" not in said


def test_only_the_vendors_chosen_are_touched(admin_client: Client, five: Pipeline) -> None:
    sent = posted(admin_client.get(PAGE), vendors=["VEND002", "VEND005"], right_0="Electronics", keep="these")
    said = text(admin_client.post(PAGE, sent, follow=True))
    assert "2 rows of 1 vendor are being worked on." in said
    assert "VEND005 is suspended: its rows wait until it is active." in said
    [rule] = ValueRule.objects.all()
    assert (rule.vendor_id, rule.wrong_value.lower(), rule.right_value) == ("VEND002", "colour tvs", "Electronics")
    none = admin_client.post(PAGE, posted(admin_client.get(PAGE), vendors=[], right_0="Electronics"))
    assert "Choose at least one vendor." in text(none)
    assert none.context["lines"][0]["right"] == "Electronics", "what was typed stays"
    assert Job.objects.count() == 1


def test_a_job_that_fails_holds_up_no_other_vendors(admin_client: Client, five: Pipeline) -> None:
    admin_client.post(PAGE, posted(admin_client.get(PAGE), right_0="Electronics"))
    Vendor.objects.filter(pk="VEND002").update(status="suspended")
    worked_off()
    assert dict(Job.objects.values_list("vendor_id", "state")) == {
        "VEND001": "done", "VEND002": "failed", "VEND003": "done", "VEND004": "done",
    }  # fmt: skip


def test_what_cannot_be_saved_is_said(admin_client: Client, five: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = admin_client.get(PAGE)
    for sent, said in (
        (posted(shown), "Nothing was chosen"),
        (posted(shown, right_0="x" * 201), "200 characters at most"),
        (posted(shown) | {"value-0": "never", "right-0": "Books"}, "No row has these values any more."),
    ):
        assert said in text(admin_client.post(PAGE, sent))
    monkeypatch.setattr(everywhere, "MOST_RULES", 1)
    refused = text(admin_client.post(PAGE, posted(shown, right_0="Electronics", right_1="Books", keep="all")))
    assert "rules for all vendors already" in refused
    assert (Job.objects.count(), ValueRule.objects.count(), LogEntry.objects.count()) == (0, 0, 0)
    monkeypatch.setattr(everywhere, "MOST_VENDORS", 2)
    many = text(admin_client.post(PAGE, {**posted(shown, right_0="Electronics"), "vendors": "all"}, follow=True))
    assert "4 rows of 2 vendors are being worked on." in many
    assert "At most 2 vendors at once" in many


def test_the_form_of_one_value_is_for_all_vendors_and_leads_back_to_where_it_stood(
    admin_client: Client, admin_user: User, five: Pipeline, rf: Any
) -> None:
    request = rf.get("/admin/")
    request.user = admin_user
    [tvs, price, novels] = one.forms(request, shared_values.top(3), "/admin/#values")
    assert (tvs["suggested"], "Books" in tvs["listed"], price["listed"]) == ("", True, [])
    for back, leads in (("/admin/#values", "/admin/#values"), ("//evil.example/admin/", PAGE), ("/vendor/", PAGE)):
        sent = {"field": "category", "vendors": "all", "next": back, "value-0": novels["one"].spelling}
        answer = admin_client.post(PAGE, sent | {"ignore-0": "yes"})
        assert answer.headers["Location"].split("?")[0] == leads
    assert Job.objects.filter(vendor_id="VEND001").count() == 3
    nothing = admin_client.post(PAGE, {"field": "category", "vendors": "all", "next": "/admin/", "value-0": "x"})
    assert nothing.headers["Location"] == "/admin/"


def test_portions_follow_each_other_and_suggestions_can_be_put_in(
    admin_client: Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PORTION", 2)
    values = ["Elektronics", "Bookz", "aaa", "bbb", "ccc"]
    pipeline.run(feed(*(line(n, category=value) for n, value in enumerate([*values, "ccc"]))))
    totals.add_up()
    seen, address = [], PAGE
    while address:
        shown = admin_client.get(address)
        seen.append([value for value, *_ in listed(shown)])
        address = shown.context["next_url"]
    assert [len(each) for each in seen] == [2, 2, 1]
    assert seen[0][0] == "ccc"
    assert sorted(value for portion in seen for value in portion) == sorted(value.lower() for value in values)
    filled = admin_client.get(f"{PAGE}?field=category&value=elektronics&fill=1").context["lines"][0]
    assert (filled["suggested"], filled["right"]) == ("Electronics", "Electronics")


def test_what_is_shown_costs_no_more_queries_for_more_values_and_vendors(admin_client: Client, five: Pipeline) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(f"{PAGE}?field=category").status_code == 200
        return len(captured)

    cost()
    before = cost()
    for vendor in FIVE[:4]:
        five.run(feed(*(of(vendor, n, category=f"odd {n}") for n in range(10, 20))), vendor)
    totals.add_up()
    assert cost() == before


def test_the_page_is_for_who_may_see_errors_and_its_form_for_who_may_correct_rows(
    client: Client, five: Pipeline, django_user_model: type[User]
) -> None:
    user = django_user_model.objects.create_user("eve", is_staff=True)
    client.force_login(user)

    def allow(*names: str) -> None:
        user.user_permissions.set(Permission.objects.filter(codename__in=names))

    sent = {"field": "category", "vendors": "all", "value-0": "novels", "right-0": "Books", "keep": "all"}
    assert client.get(PAGE).status_code == client.get(CLAIMS).status_code == 403
    allow("view_validationerror")
    shown = client.get(PAGE)
    assert "Colour TVs".lower() in text(shown).lower()
    assert b'<form method="post" class="mending"' in shown.content
    assert b'name="right-0"' not in shown.content
    assert client.post(PAGE, sent).status_code == client.post(CLAIMS, {}).status_code == 403
    allow("view_validationerror", "replay_uploadhistory")
    assert b'name="keep"' not in client.get(PAGE).content
    assert client.post(PAGE, sent).status_code == 302
    assert not ValueRule.objects.exists(), "rules are another permission"
    allow("view_validationerror", "replay_uploadhistory", "add_valuerule", "change_valuerule")
    assert b'name="keep"' in client.get(PAGE).content
    assert client.post(PAGE, sent).status_code == 302
    assert ValueRule.objects.get().vendor_id is None


# --- a rule for all vendors --------------------------------------------------------------------------------------


def test_a_rule_for_all_is_read_in_the_next_file_of_any_vendor_unless_that_has_its_own(
    admin_client: Client, five: Pipeline
) -> None:
    Vendor.objects.create(vendor_id="VEND006", vendor_name="Company 6", email="six@example.com")
    ValueRule.objects.create(vendor_id="VEND002", field="category", wrong_value="COLOUR TVS", right_value="Books")
    sent = posted(admin_client.get(PAGE), right_0="Electronics", keep="all")
    admin_client.post(PAGE, sent)
    worked_off()

    assert ValueRule.objects.filter(vendor=None).get().right_value == "Electronics"
    for vendor in ("VEND006", "VEND002"):
        upload = five.run(feed(of(vendor, 7, category="colour TVs")), vendor)
        assert (upload.valid_records, upload.error_records) == (1, 0)
    assert Product.objects.get(sku="VEND006-7").category == "Electronics"
    assert Product.objects.get(sku="VEND002-7").category == "Books", "its own rule counts"
    again = {"field": "category", "vendors": "all", "value-0": "colour tvs", "right-0": "Clothing", "keep": "all"}
    Vendor.objects.update(status="active")
    totals.add_up()
    admin_client.post(PAGE, again)
    assert ValueRule.objects.filter(vendor=None).get().right_value == "Clothing", "a value has one meaning"
    rules = text(admin_client.get("/admin/uploads/valuerule/"))
    assert "all vendors" in rules


# --- SKUs that two vendors claim ---------------------------------------------------------------------------------


@pytest.fixture
def claimed(pipeline: Pipeline, other_vendor: Vendor) -> Pipeline:
    """VEND001 has SKU-1 and SKU-2; two rows of VEND002 want the first, and one of its rows a SKU of its own."""
    pipeline.run(feed(line(1, product_name="Lamp"), line(2)))
    pipeline.run(feed(line(7, sku="OWN")), "VEND002")
    pipeline.run(feed(line(8, sku="SKU-1"), line(9, sku="OWN")), "VEND002")
    pipeline.run(feed(line(10, sku="SKU-1")), "VEND002")
    totals.add_up()
    return pipeline


def test_a_claim_says_who_has_the_sku_and_who_wants_it_and_is_ignored_with_all_its_rows(
    admin_client: Client, claimed: Pipeline
) -> None:
    [claim] = shared_values.claims(10)
    assert (claim.sku, claim.vendor_id, claim.rows, claim.holder_id) == ("SKU-1", "VEND002", 2, "VEND001")
    shown = admin_client.get(CLAIMS)
    said = text(shown)
    assert "Lamp of Northwind" in said
    assert "Becker" in said
    for address in re.findall(r'<td>.*?href="([^"]+)"', shown.content.decode()):
        assert admin_client.get(address.replace("&amp;", "&")).status_code == 200, address
    answer = admin_client.post(CLAIMS, {"vendor": "VEND002", "sku": "SKU-1", "do": "ignore"}, follow=True)
    assert "VEND002: 2 rows are being ignored." in text(answer)
    run_jobs()
    assert shared_values.claims(10) == []
    assert "No SKU is claimed by two vendors." in text(admin_client.get(CLAIMS))
    assert "Ignored 2 rows with the SKU SKU-1" in LogEntry.objects.get().change_message
    gone = admin_client.post(CLAIMS, {"vendor": "VEND002", "sku": "SKU-1", "do": "ignore"}, follow=True)
    assert "No row waits with this SKU any more." in text(gone)


def test_a_claim_whose_sku_nobody_has_any_more_is_tried_again(admin_client: Client, claimed: Pipeline) -> None:
    Product.objects.filter(sku="SKU-1").delete()
    assert "Nobody any more: try the rows again" in text(admin_client.get(CLAIMS))
    admin_client.post(CLAIMS, {"vendor": "VEND002", "sku": "SKU-1", "do": "retry"})
    run_jobs()
    assert Product.objects.get(sku="SKU-1").vendor_id == "VEND002"


def test_a_claim_of_a_vendor_that_is_not_active_is_not_tried(admin_client: Client, claimed: Pipeline) -> None:
    Vendor.objects.filter(pk="VEND002").update(status="suspended")
    before = Job.objects.count()
    said = text(admin_client.post(CLAIMS, {"vendor": "VEND002", "sku": "SKU-1", "do": "retry"}, follow=True))
    assert "Those of a vendor that isn't active can be tried once it is." in html.unescape(said)
    assert Job.objects.count() == before
    assert not WorkItem.objects.exists()


# --- the questions ----------------------------------------------------------------------------------------------


def test_values_are_asked_in_parts_found_by_a_text_and_listed_of_one_vendor(five: Pipeline) -> None:
    whole = shared_values.top(10)
    assert [(each.field, each.value, each.rows) for each in whole] == [
        ("category", "colour tvs", 7), ("price", "x", 1), ("category", "novels", 1),
    ]  # fmt: skip
    assert shared_values.top(10, whole[0].place) == whole[1:]
    assert shared_values.top(10, Place(1, "category", "novels")) == []
    assert [each.value for each in shared_values.find("TV", 5)] == ["colour tvs"]
    assert shared_values.totals() == (3, 9, False)
    assert [(each.value, each.rows) for each in shared_values.of_vendor("VEND001", 2)] == [
        ("colour tvs", 2), ("novels", 1),
    ]  # fmt: skip
    assert "colour tvs" in whole[0].message.lower()
    assert shared_values.one("category", "gone") is None


# --- on the list of work -----------------------------------------------------------------------------------------


def waiting(client: Client, section: str) -> list[str]:
    return titles(client.get("/admin/").content.decode(), section)


def forms_of(client: Client, part: str) -> list[dict[str, str]]:
    """What the browser would send of the forms on the list of work that have this in them, with nothing chosen."""
    found = re.findall(r"<form .*?</form>", client.get("/admin/").content.decode(), re.DOTALL)
    return [
        dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)) for form in found if part in form
    ]


def test_wrong_values_wait_the_largest_first_and_are_mended_on_the_list_for_all_vendors(
    admin_client: Client, five: Pipeline
) -> None:
    assert waiting(admin_client, "values") == ["Category “Colour TVs”", "Price “x”", "Category “Novels”"]
    said = text(admin_client.get("/admin/"))
    assert "7 rows of 5 vendors have this as category." in said
    sent = forms_of(admin_client, "one-value")[0] | {"right-0": "Electronics"}
    answer = admin_client.post(PAGE, sent)
    assert answer.headers["Location"] == "/admin/#values"
    assert "6 rows of 4 vendors are being worked on." in text(admin_client.get("/admin/"))
    assert waiting(admin_client, "values") == ["Price “x”", "Category “Novels”"], "it is being worked on"
    done = admin_client.get("/admin/?tab=done").content.decode()
    assert titles(done, "done") == ["Category “Colour TVs”"]
    assert "Corrected to “Electronics”, in rows of 4 vendors." in done
    worked_off()
    totals.add_up()
    assert "Category “Colour TVs”" in waiting(admin_client, "values"), "a vendor isn't active, so a row is left"
    Vendor.objects.filter(pk="VEND005").update(status="active")
    (left,) = (one for one in forms_of(admin_client, "one-value") if one["value-0"].lower() == "colour tvs")
    admin_client.post(PAGE, left | {"ignore-0": "yes"})
    worked_off()
    totals.add_up()
    assert waiting(admin_client, "values") == ["Price “x”", "Category “Novels”"]


def test_a_wrong_value_is_taken_on_and_put_off(admin_client: Client, five: Pipeline) -> None:
    about = {"kind": "value", "key": "category:colour tvs", "next": "/admin/"}
    admin_client.post("/admin/work/", about | {"act": "take"})
    assert waiting(admin_client, "yours") == ["Category “Colour TVs”"]
    assert waiting(admin_client, "values") == ["Price “x”", "Category “Novels”"]
    admin_client.post("/admin/work/", about | {"act": "tomorrow"})
    assert waiting(admin_client, "yours") == []
    text_of = admin_client.get("/admin/").content.decode()
    assert '<h2 id="values">Wrong values <span class="count">2</span>' in text_of
    assert titles(admin_client.get("/admin/?tab=snoozed").content.decode()) == ["Category “Colour TVs”"]


def test_a_claim_waits_until_its_rows_are_ignored_or_somebody_says_it_is_done(
    admin_client: Client, claimed: Pipeline
) -> None:
    assert waiting(admin_client, "claims") == ["SKU “SKU-1”"]
    about = {"kind": "claim", "key": "VEND002:sku-1", "next": "/admin/"}
    said = admin_client.post("/admin/work/", about | {"act": "take"}, follow=True).content.decode()
    assert "SKU “SKU-1” is yours now." in said
    admin_client.post("/admin/work/", about | {"act": "assign", "who": ""})
    admin_client.post("/admin/work/", about | {"act": "done", "why": "They will send another."})
    assert waiting(admin_client, "claims") == []
    admin_client.post("/admin/work/back/", {"item": WorkItem.objects.get().pk})
    assert waiting(admin_client, "claims") == ["SKU “SKU-1”"]
    answer = admin_client.post(CLAIMS, forms_of(admin_client, "claims=1")[0] | {"do": "ignore"})
    assert answer.headers["Location"] == "/admin/#claims"
    run_jobs()
    assert waiting(admin_client, "claims") == []
    assert "Ignored: 2 rows." in text(admin_client.get("/admin/?tab=done"))


def test_who_may_not_correct_rows_is_offered_no_form_on_the_list(client: Client, five: Pipeline) -> None:
    user = User.objects.create_user("looking", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_validationerror"))
    client.force_login(user)
    assert len(waiting(client, "values")) == 3
    assert forms_of(client, "one-value") == []


def test_the_list_of_work_costs_no_more_queries_for_more_values(admin_client: Client, five: Pipeline) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get("/admin/").status_code == 200
        return len(captured)

    for n in range(10):
        five.run(feed(of("VEND001", 50 + n, category=f"Kind {n}")), "VEND001")
    totals.add_up()
    admin_client.get("/admin/")
    few = count()
    five.run(feed(*(of("VEND002", 50 + n, category=f"Sort {n}") for n in range(30))), "VEND002")
    totals.add_up()
    assert count() == few
