"""Where pages live."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config import account_admin, accounts, session_pages
from uploads.desk import waiting_count
from uploads.staff import find
from uploads.staff.start import acts, figures
from uploads.staff.start import page as work
from uploads.staff.talk import conversation
from vendors.portal import apply, invitations, prove, start

admin.site.site_header = "Vendor onboarding"
admin.site.site_title = "Vendor onboarding"
admin.site.index_title = "Work"
admin.site.waiting = waiting_count.shown  # type: ignore[attr-defined] # of config.back_office.site
# The admin's own login page would ask for no second factor and count no failures.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
account_admin.register()

urlpatterns = [
    path("", start.page, name="start"),
    path("apply/", apply.page, name="apply"),
    path("confirm/", prove.page, name="prove"),
    path("invitation/<str:token>/", invitations.page, name="invitation"),
    path("admin/", admin.site.admin_view(work.page)),  # in the place of the admin's own index
    path("admin/work/", admin.site.admin_view(acts.view), name="work_act"),
    path("admin/work/back/", admin.site.admin_view(acts.take_back), name="work_back"),
    path("admin/figures/", admin.site.admin_view(figures.page), name="figures"),
    path("admin/figures/live/", admin.site.admin_view(figures.live_view), name="figures_live"),
    path("admin/find/", admin.site.admin_view(find.page), name="find"),
    path("admin/comments/", admin.site.admin_view(conversation.page), name="comments"),
    path("admin/comments/settle/", admin.site.admin_view(conversation.settle), name="comments_settle"),
    path("accounts/signup/", RedirectView.as_view(pattern_name="apply")),  # allauth's, without a company
    path("accounts/email/", accounts.AddressView.as_view(), name="account_email"),
    path("accounts/sessions/", session_pages.page, name="usersessions_list"),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("uploads.api.urls")),
    path("vendor/<str:vendor_id>/", include("uploads.portal.urls")),
    path("admin/", admin.site.urls),
]
