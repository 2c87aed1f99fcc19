"""allauth's forms where an address is typed, held to the rule of config/addresses.py."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import BaseConfirmCodeForm, ConfirmEmailVerificationCodeForm, ResetPasswordForm

from config import addresses


class ResetForm(ResetPasswordForm):  # type: ignore[misc] # allauth has no types
    """A link for a new password goes to who has proved the address, and to nobody who only claims it."""

    def clean_email(self) -> str:
        email: str = super().clean_email()
        user = addresses.owner(email)
        self.users = [user] if user and user.is_active else []
        return email


class ConfirmCodeForm(ConfirmEmailVerificationCodeForm):  # type: ignore[misc]
    """The code that was sent to an address. Other accounts' claims don't count; that one has proved it does."""

    def clean_code(self) -> Any:
        code = BaseConfirmCodeForm.clean_code(self)
        if addresses.owner(self.email) not in (None, self.user):
            raise get_adapter().validation_error("email_taken")
        return code
