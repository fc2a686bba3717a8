"""No lost update: a form says which version of the row it was drawn from, and loses to whoever saved in between.

The row is locked before it is compared (`RecordAdmin.get_object`), so of two saves at once the second sees the first.
"""

from __future__ import annotations

import itertools
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class VersionedForm(forms.ModelForm):
    """A form of a record, with the version that its author saw in a hidden field."""

    version_seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            self.fields["version_seen"].initial = self.instance.version

    def clean(self) -> dict[str, Any] | None:
        """Raises ValidationError that says who changed what since the form was drawn."""
        cleaned = super().clean()
        seen = self.cleaned_data.get("version_seen")
        if self.instance.pk and self.changed_data and seen != self.instance.version:
            raise ValidationError(conflict(self.instance, seen))
        return cleaned


def conflict(record: Any, seen: int | None) -> list[str]:
    """What has happened to a row since version `seen`, a sentence a change."""
    told = [_("This record was changed meanwhile; nothing of yours was saved, and your text is still in the form.")]
    return told + [
        _("%(who)s changed “%(field)s” from “%(old)s” to “%(new)s”.") % change for change in changes_since(record, seen)
    ]


def changes_since(record: Any, seen: int | None) -> list[dict[str, Any]]:
    """Each field that differs between version `seen` and now: who, field, old, new. Empty when `seen` is unknown."""
    from doors.admin import Labels

    events = list(record.events.filter(version__gte=seen or 0).order_by("pgh_id"))
    labels = Labels(record, events)
    users = get_user_model().objects.in_bulk({(event.pgh_context or {}).get("user") for event in events} - {None})
    return [
        {"who": users.get((after.pgh_context or {}).get("user"), _("Somebody")), "field": told["label"]}
        | {"old": told["old"], "new": told["new"]}
        for before, after in itertools.pairwise(events)
        for told in labels.differences(before, after)
    ]
