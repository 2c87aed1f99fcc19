"""Rows that failed only for their category are offered again once it is on the list."""

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from catalog.models import Product, ProductCategory
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import take_turn
from uploads.corrections import waiting_rows
from uploads.models import Job

LIST = "/admin/catalog/productcategory/"
OFFER = "failed only because"


def found() -> list[tuple[str, int]]:
    return [(one.category.category_name, one.rows) for one in waiting_rows.waiting()]


def test_rows_are_offered_when_their_category_comes_however_they_spelled_it(
    admin_client: Client, pipeline: Pipeline, other_vendor: object
) -> None:
    pipeline.run(feed(line(1, category="Drones & Kites"), line(2, category="drones and kites"), line(3)))
    pipeline.run(feed(line(4, category="Drones &amp; Kites"), line(5, category="Drones", price="x")), "VEND002")
    assert OFFER not in admin_client.get(LIST).content.decode()

    admin_client.post(f"{LIST}add/", {"category_name": "Drones & Kites", "is_active": "on"})

    assert found() == [("Drones & Kites", 3)]
    page = admin_client.get(LIST).content.decode()
    assert "3 rows failed only because their category was not on the list" in page
    assert "Retry 3 rows" in admin_client.get(f"{LIST}waiting/").content.decode()
    response = admin_client.post(f"{LIST}waiting/")
    job = Job.objects.get()
    assert response.headers["Location"] == f"/admin/uploads/job/{job.pk}/change/"
    take_turn(job)
    assert Product.objects.filter(category="Drones & Kites").count() == 3
    assert OFFER not in admin_client.get(LIST).content.decode()
    assert LogEntry.objects.filter(change_message="Retried 3 rows that waited for it.").exists()


def test_a_category_that_is_active_again_brings_its_rows_back(pipeline: Pipeline) -> None:
    ProductCategory.objects.filter(category_name="Electronics").update(is_active=False)
    pipeline.run(feed(line(1), line(2, price="x")))
    assert found() == []

    ProductCategory.objects.filter(category_name="Electronics").update(is_active=True)

    assert found() == [("Electronics", 1)], "the other one has a wrong price as well"


def test_nothing_is_offered_to_who_may_not_try_rows_again(client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, category="Drones")))
    ProductCategory.objects.create(category_name="Drones")
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)

    assert OFFER not in client.get(LIST).content.decode()
    assert client.post(f"{LIST}waiting/").status_code == 403
    assert Job.objects.count() == 0


def test_with_nothing_waiting_nothing_is_started(admin_client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1)))
    assert "No failed row waits" in admin_client.post(f"{LIST}waiting/").content.decode()
    assert Job.objects.count() == 0
