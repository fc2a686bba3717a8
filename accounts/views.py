"""Coming in, and what people do with their own account."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from rest_framework.exceptions import Throttled

from accounts.lockout import locked_out, one_at_a_time
from accounts.models import Role
from accounts.throttling import charge_address


class LogIn(LoginView):
    """Who tries many names from one address is stopped as the API's strangers are."""

    extra_context = {"has_single_sign_on": lambda: bool(settings.OIDC_ISSUER)}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            charge_address(request)
        except Throttled:
            return locked_out(request)
        with one_at_a_time(request, request.POST.get("username", "").replace("\x00", "")):
            return super().post(request, *args, **kwargs)


class LogOut(LogoutView):
    """Of the pages and of the admin: the browser forgets what it has shown."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        response = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response


class Account(PasswordChangeView):
    """One's own account: who the register thinks one is, the password, and the sessions on other machines."""

    template_name = "registration/account.html"
    success_url = reverse_lazy("account")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user: Any = request.user
        if request.method == "POST" and not user.has_usable_password():
            raise PermissionDenied  # it is kept by the single sign-on
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("The password is changed. Your other sessions have ended."))
        return super().form_valid(form)

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        user: Any = self.request.user
        roles = [Role(name).label for name in sorted(user.roles & set(Role.values))]
        return {**super().get_context_data(**more), "roles": roles}


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    user.end_sessions()
    update_session_auth_hash(request, user)
    messages.success(request, _("Your other sessions have ended."))
    return redirect("account")


def admin_log_in(request: HttpRequest) -> HttpResponse:
    """There is one log-in; who is in already and was sent here may not see the admin."""
    if request.user.is_authenticated:
        raise PermissionDenied
    query = request.META.get("QUERY_STRING", "")
    return redirect(f"{reverse_lazy('login')}?{query}" if query else "login")
