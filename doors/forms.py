"""The questions that verbs ask, in the look of the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from partners.fields import PartialDateFormField


def words(label: Any, *, required: bool = True) -> forms.CharField:
    """A box for sentences."""
    return forms.CharField(label=label, required=required, max_length=10_000, widget=UnfoldAdminTextareaWidget)


def choice(label: Any, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=UnfoldAdminSelectWidget)


class WhyForm(forms.Form):
    why = words(_("Reason"))


class TextForm(forms.Form):
    text = words(_("Decision text"), required=False)


class NoteForm(forms.Form):
    note = words(_("Note"))


class RescheduleForm(forms.Form):
    to = PartialDateFormField(
        label=_("New deadline"),
        help_text=_("As 2025-06-30, 2025-06, 2025 or a span such as 2025-01/2025-06."),
        widget=UnfoldAdminTextInputWidget,
    )
    wording = forms.CharField(label=_("As worded"), required=False, max_length=200, widget=UnfoldAdminTextInputWidget)
    why = words(_("Reason"))
