"""The second factor of the log-in: a code from one's telephone, asked for once a session (ADR 24)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView
from django_otp import DEVICE_ID_SESSION_KEY, login, verify_token
from django_otp.models import Device
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User

audit = logging.getLogger("pacta.audit")
ENROLLING = "second_factor_enrolling"
# Pages for who has given a password and no code yet.
BEFORE = ("second-factor", "login", "logout")


class SecondFactorMiddleware:
    """Who must give a code and has not is led to the page that asks for it; to the API he is nobody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECOND_FACTOR == "off" or SESSION_KEY not in request.session or not is_owed(request):
            return self.get_response(request)
        if request.path.startswith("/api/"):
            request.user = AnonymousUser()
        elif request.path not in {reverse(name) for name in BEFORE}:
            return redirect(f"{reverse('second-factor')}?{urlencode({'next': request.get_full_path()})}")
        return self.get_response(request)


def is_asked_of(user: Any) -> bool:
    """SECOND_FACTOR: `off`, `staff` (all who may write) or `everyone`."""
    return user.is_authenticated and (settings.SECOND_FACTOR == "everyone" or user.is_staff)


def is_owed(request: HttpRequest) -> bool:
    """Whether the session still lacks a code. A device that was taken away verifies nobody."""
    user: Any = request.user
    if not is_asked_of(user):
        return False
    name = request.session.get(DEVICE_ID_SESSION_KEY)
    device = Device.from_persistent_id(name) if name else None
    return device is None or not device.confirmed or device.user_id != user.pk


def forget(user: User, *, by: User | None) -> int:
    """Takes the second factor away and ends the user's sessions; the next log-in sets up a new one.

    Gives the number of devices.
    """
    number, _each = TOTPDevice.objects.filter(user=user).delete()
    user.end_sessions()
    audit.warning("second factor of user %s taken away by %s", user.pk, by or "console")
    return number


class CodeForm(forms.Form):
    code = forms.RegexField(
        r"^\s*\d{3}\s?\d{3}\s*$",
        label=_("Code"),
        error_messages={"invalid": _("Six digits.")},
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True, "size": 8}
        ),
    )


class SecondFactor(FormView):
    """Asks for the code, or sets the telephone up where that has not been done yet."""

    form_class = CodeForm
    template_name = "registration/second_factor.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.SECOND_FACTOR == "off" or not is_asked_of(request.user):
            raise PermissionDenied
        if not is_owed(request):
            return redirect(self.get_success_url())
        self.device = confirmed(request.user) or self._enrolling()
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        user: Any = self.request.user
        code = "".join(form.cleaned_data["code"].split())
        with transaction.atomic():
            # One telephone at a time: two that are set up in parallel would both count.
            User.objects.select_for_update().get(pk=user.pk)
            device = verify_token(user, self.device.persistent_id, code)
            is_late = device is not None and not device.confirmed and confirmed(user) is not None
            if device is not None and not is_late:
                self._accept(device)
                return redirect(self.get_success_url())
        audit.warning("second factor of user %s: wrong code", user.pk)
        form.add_error(
            "code", _("The code is wrong, or used already. Wait for the next one; after wrong ones a moment more.")
        )
        return self.form_invalid(form)

    def _accept(self, device: Any) -> None:
        if not device.confirmed:
            device.confirmed = True
            device.save(update_fields=["confirmed"])
            audit.info("second factor of user %s set up", device.user_id)
        audit.info("second factor of user %s given", device.user_id)
        self.request.session.pop(ENROLLING, None)
        self.request.session.cycle_key()
        login(self.request, device)

    def _enrolling(self) -> Any:
        """A key of this session's own: one that another session was shown may be known to somebody else."""
        session, mine = self.request.session, TOTPDevice.objects.filter(user=self.request.user, confirmed=False)
        device = mine.filter(pk=session.get(ENROLLING)).first()
        if device is None:
            device = TOTPDevice.objects.create(user=self.request.user, name="telephone", confirmed=False)
            session[ENROLLING] = device.pk
        return device

    def get_success_url(self) -> str:
        address = self.request.GET.get("next", "")
        mine = {self.request.get_host()}
        return (
            address if url_has_allowed_host_and_scheme(address, mine, require_https=self.request.is_secure()) else "/"
        )

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        shown = {}
        if not self.device.confirmed:
            address = self.device.config_url
            key = address.partition("secret=")[2].partition("&")[0]
            shown = {
                "picture": segno.make(address).svg_data_uri(scale=5, light="#fff"),
                "key": " ".join(key[at : at + 4] for at in range(0, len(key), 4)),
            }
        return {**super().get_context_data(**more), **shown}


def confirmed(user: Any) -> TOTPDevice | None:
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()
