"""The people who work for a vendor, on the vendor's page. Users are named by their username, since not everybody who
looks after vendors may look through all users."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import QuerySet
from django.http import HttpRequest

from vendors.models import VendorMember

if TYPE_CHECKING:
    MemberModelForm = forms.ModelForm[VendorMember]
    UserChoiceField = forms.ModelChoiceField[Any]
    TabularInline = admin.TabularInline[Any, Any]
else:
    MemberModelForm = forms.ModelForm
    UserChoiceField = forms.ModelChoiceField
    TabularInline = admin.TabularInline


class UsernameField(UserChoiceField):
    """A user, typed by username."""

    def to_python(self, value: Any) -> Any:
        ProhibitNullCharactersValidator()(value)
        return super().to_python(value.strip() if isinstance(value, str) else value)


class MemberForm(MemberModelForm):
    """A membership with its user as a name to type."""

    class Meta:
        model = VendorMember
        fields = ["user", "role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        users = get_user_model()
        self.fields["user"] = UsernameField(
            users._default_manager.all(),
            to_field_name=users.USERNAME_FIELD,
            label="Username",
            widget=forms.TextInput(attrs={"autocomplete": "off", "class": "vTextField"}),
            error_messages={"invalid_choice": "There is no user “%(value)s”."},
        )
        if self.instance.pk:
            self.initial["user"] = self.instance.user


class MemberInline(TabularInline):
    """Members and their roles."""

    model = VendorMember
    form = MemberForm
    fields = ["user", "role"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).select_related("user", "vendor")
