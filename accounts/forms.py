"""The forms of tokens and service accounts, in the look of the admin."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
)

from accounts.fields import network
from accounts.models import Role, ServiceAccount, Token, User
from accounts.tokens import known_resources
from partners.dates import today

USUAL_LIFE, LONGEST_LIFE = timedelta(days=365), timedelta(days=3660)


class NetworksFormField(forms.CharField):
    """Networks, one a line; each bad one is named."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def clean(self, value: Any) -> list[Any]:
        networks, faults = [], []
        for line in super().clean(value).replace(",", "\n").splitlines():
            try:
                networks += [network(line)] if line.strip() else []
            except ValidationError as fault:
                faults.append(fault)
        if faults:
            raise ValidationError(faults)
        return networks


class TokenForm(forms.ModelForm):
    """A token that is asked for. It lasts to the end of the day that is given."""

    user = forms.ModelChoiceField(User.objects.none(), label=_("User"), widget=UnfoldAdminSelect2Widget)
    resources = forms.MultipleChoiceField(
        label=_("Only these resources"), required=False, choices=lambda: [(name, name) for name in known_resources()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget, help_text=Token._meta.get_field("resources").help_text,
    )  # fmt: skip
    networks = NetworksFormField(
        label=_("Only from these networks"), required=False, help_text=Token._meta.get_field("networks").help_text
    )
    expires_at = forms.DateField(
        label=_("Last day"), widget=UnfoldAdminSingleDateWidget, initial=lambda: today() + USUAL_LIFE
    )

    class Meta:
        model = Token
        fields = ("user", "name", "may_write", "resources", "networks", "expires_at")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["user"]
        field.queryset = User.objects.filter(is_active=True).order_by("-is_service", "username")

    def clean_expires_at(self) -> datetime:
        last: date = self.cleaned_data["expires_at"]
        if not today() <= last <= today() + LONGEST_LIFE:
            raise ValidationError(_("From today to ten years on."))
        return timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min))


class ServiceAccountForm(forms.ModelForm):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = ServiceAccount
        fields = ("username", "role", "is_active")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            self.fields["role"].initial = next(iter(self.instance.roles), None)
