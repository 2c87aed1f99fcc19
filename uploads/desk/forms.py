"""What is typed to say something, by staff and by a vendor's people."""

from typing import Any

from django import forms

from uploads.models import COMMENT_CHARS, Comment


class Lines(forms.CharField):
    """Text of several lines. Browsers send two characters for the end of a line, which count as one."""

    def to_python(self, value: Any) -> str:
        return super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value) or ""


class CommentForm(forms.Form):
    """What somebody says."""

    body = Lines(
        label="Your message",
        max_length=COMMENT_CHARS,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write something first."},
    )


class StaffCommentForm(CommentForm):
    """The same for staff, who say whom it is for."""

    audience = forms.ChoiceField(
        label="For whom", choices=Comment.Audience.choices, initial=Comment.Audience.STAFF, widget=forms.RadioSelect
    )
