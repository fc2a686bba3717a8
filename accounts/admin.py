"""The administrators' pages of people, service accounts and tokens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.forms import ServiceAccountForm, TokenForm
from accounts.models import Membership, Role, ServiceAccount, Token, User
from accounts.second_factor import forget

# Its pages would show the keys. What an administrator does about a second factor is an action on the user.
admin.site.unregister(TOTPDevice)


class MembershipInline(TabularInline):
    model = Membership
    fk_name = "user"
    autocomplete_fields = ("organisation",)
    extra = 0


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = (MembershipInline,)
    actions = ("forget_second_factor",)
    fieldsets = (*DjangoUserAdmin.fieldsets, (_("Single sign-on"), {"fields": ("sso_subject",)}))  # type: ignore[misc]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(is_service=False)

    @admin.action(description=_("Take the second factor away"), permissions=["change"])
    def forget_second_factor(self, request: HttpRequest, queryset: Any) -> None:
        with transaction.atomic():
            for user in queryset:
                forget(user, by=request.user)  # type: ignore[arg-type]
                self.log_change(request, user, str(_("Second factor taken away")))
        self.message_user(request, _("At the next log-in they set up a new one."))

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False  # the history names users: they are deactivated


@admin.register(ServiceAccount)
class ServiceAccountAdmin(ModelAdmin):
    form = ServiceAccountForm
    inlines = (MembershipInline,)
    list_display = ("username", "shown_roles", "is_active", "last_used")
    list_filter = ("is_active", "groups")
    search_fields = ("username",)
    ordering = ("username",)
    change_form_before_template = "admin/verbs.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).prefetch_related("groups")
        return rows.annotate(used_at=Max("tokens__last_used_at"))

    @admin.display(description=_("role"))
    def shown_roles(self, account: ServiceAccount) -> str:
        return ", ".join(str(Role(group.name).label) for group in account.groups.all() if group.name in Role.values)

    @admin.display(description=_("last used"), ordering="used_at")
    def last_used(self, account: Any) -> Any:
        return account.used_at

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            obj.open(role=form.cleaned_data["role"])
            return
        super().save_model(request, obj, form, change)
        obj.take_role(form.cleaned_data["role"])

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        address = f"{reverse('admin:accounts_token_add')}?user={object_id}"
        verbs = [{"label": _("Make a token"), "address": address}] if object_id else []
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), "verbs": verbs})

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("active", _("active")), ("expired", _("expired")), ("revoked", _("revoked"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        chosen = {
            "active": lambda: queryset.active(now),
            "expired": lambda: queryset.filter(revoked_at=None, expires_at__lte=now),
            "revoked": lambda: queryset.exclude(revoked_at=None),
        }
        return chosen.get(self.value() or "", lambda: queryset)()


@admin.register(Token)
class TokenAdmin(ModelAdmin):
    """Tokens are made, looked at and revoked. The key is in the answer to the form that made it and nowhere else."""

    form = TokenForm
    list_display = ("name", "user", "state", "access", "shown_networks", "last_use", "expires_at")
    list_filter = (StateFilter, "may_write", ("user__is_service", admin.BooleanFieldListFilter))
    list_select_related = ("user", "revoked_by")
    search_fields = ("name", "start", "user__username")
    search_help_text = _("Purpose, user or the first 15 characters of a key")
    actions = ("ask_to_revoke",)
    change_form_before_template = "admin/verbs.html"
    fieldsets = (
        (None, {"fields": ("name", "user", "start", "state", "access", "shown_resources", "shown_networks")}),
        (_("Use"), {"fields": ("expires_at", "issued_at", "issued_by", "last_use", "revoked_at", "revoked_by")}),
    )
    add_fieldsets = ((None, {"fields": TokenForm.Meta.fields}),)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # another token is made instead

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # it is revoked, and its trace stays

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_token")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    @display(  # type: ignore[untyped-decorator]
        description=_("state"), label={_("active"): "success", _("expired"): "warning", _("revoked"): "danger"}
    )
    def state(self, token: Token) -> Any:
        if token.revoked_at:
            return _("revoked")
        return _("active") if token.is_active(timezone.now()) else _("expired")

    @admin.display(description=_("access"))
    def access(self, token: Token) -> Any:
        return _("reads and writes") if token.may_write else _("reads")

    @admin.display(description=_("only these resources"))
    def shown_resources(self, token: Token) -> Any:
        return ", ".join(token.resources) or _("all that its user may see")

    @admin.display(description=_("networks"))
    def shown_networks(self, token: Token) -> Any:
        return ", ".join(map(str, token.networks)) or _("anywhere")

    @admin.display(description=_("last used"), ordering="last_used_at")
    def last_use(self, token: Token) -> Any:
        if token.last_used_at is None:
            return _("never")
        at = timezone.localtime(token.last_used_at).strftime("%Y-%m-%d %H:%M")
        return _("%(at)s from %(address)s") % {"at": at, "address": token.last_used_from or "?"}

    # Making one

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        obj.key = obj.issue(by=request.user)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """The key, in this answer alone: a redirect would have to keep it somewhere."""
        context = {**self.admin_site.each_context(request), "title": _("Token made"), "opts": self.opts, "token": obj}
        return TemplateResponse(request, "admin/token_made.html", context)

    # Revoking

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def ask_to_revoke(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        keys = "&".join(f"id={token.pk}" for token in queryset[:200])
        return HttpResponseRedirect(f"{reverse('admin:accounts_token_revoke')}?{keys}")

    def get_urls(self) -> Any:
        page = self.admin_site.admin_view(self.revoke_view)
        return [path("revoke/", page, name="accounts_token_revoke"), *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        token = self.get_object(request, object_id) if object_id else None
        may = token is not None and token.revoked_at is None and self.has_revoke_permission(request)
        address = f"{reverse('admin:accounts_token_revoke')}?id={object_id}"
        verbs = [{"label": _("Revoke"), "address": address}] if may else []
        # Whichever button made it, the key is shown next.
        shown = {"verbs": verbs, "show_save_and_add_another": False, "show_save_and_continue": False}
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def revoke_view(self, request: HttpRequest) -> HttpResponse:
        """Names the tokens `id` and asks; revokes them when confirmed."""
        if not self.has_revoke_permission(request):
            raise PermissionDenied
        keys = [key for key in request.GET.getlist("id") if key.isascii() and key.isdigit() and len(key) < 19]
        tokens = list(self.get_queryset(request).select_related("user").filter(pk__in=keys, revoked_at=None))
        if not tokens:
            raise Http404
        if request.method == "POST":
            return self._revoke(request, tokens)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Revoke"),
            "opts": self.opts,
            "records": tokens,
            "form": forms.Form(),
            "media": self.media,
        }
        return TemplateResponse(request, "admin/verb.html", context)

    def _revoke(self, request: HttpRequest, tokens: list[Token]) -> HttpResponse:
        with transaction.atomic():
            for token in tokens:
                token.revoke(by=request.user, now=timezone.now())
                self.log_change(request, token, [{"changed": {"fields": ["revoked_at"]}}])
        told = ngettext("%(number)s token revoked.", "%(number)s tokens revoked.", len(tokens))
        self.message_user(request, told % {"number": len(tokens)})
        return HttpResponseRedirect(reverse("admin:accounts_token_changelist"))
