"""The administrators' pages of webhooks: where may be sent, who is told, and what became of each message."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.models import User
from doors.admin import Guarded, Verb, VerbAdmin
from webhooks.messages import feed
from webhooks.models import AllowedDestination, Delivery, Subscription


@admin.register(AllowedDestination)
class AllowedDestinationAdmin(VerbAdmin):
    list_display = ("origin", "why", "may_be_private", "is_open", "allowed_by", "allowed_at")
    list_filter = ("is_open", "may_be_private")
    list_select_related = ("allowed_by",)
    search_fields = ("origin", "why")
    fields = ("origin", "may_be_private", "why", "is_open")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("origin", "allowed_by", "allowed_at") if obj else ()  # another host is another permission

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.fields, "allowed_by", "allowed_at") if obj else self.fields

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            obj.save(update_fields=form.changed_data)
        else:
            obj.allowed_by = request.user
            obj.save()


class SubscriptionForm(forms.ModelForm):
    owner = forms.ModelChoiceField(
        User.objects.none(), label=_("Owner"), widget=UnfoldAdminSelect2Widget,
        help_text=Subscription._meta.get_field("owner").help_text,
    )  # fmt: skip
    resources = forms.MultipleChoiceField(
        label=_("Only these resources"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget,
        choices=lambda: [(resource.route, resource.route) for resource in feed().resources],
        help_text=Subscription._meta.get_field("resources").help_text,
    )  # fmt: skip

    class Meta:
        model = Subscription
        fields = ("name", "destination", "path", "owner", "resources")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["owner"]
        field.queryset = User.objects.filter(is_active=True).order_by("-is_service", "username")


class WhyForm(forms.Form):
    why = forms.CharField(label=_("Why"), max_length=500, widget=UnfoldAdminTextInputWidget)


class SinceForm(forms.Form):
    since = forms.SplitDateTimeField(
        label=_("All that was sent since"),
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text=_("Such as 2026-03-31 and 14:30, at most 90 days ago."),
    )


def is_running(subscription: Subscription) -> bool:
    return subscription.paused_at is None


def is_paused(subscription: Subscription) -> bool:
    return subscription.paused_at is not None


@admin.register(Subscription)
class SubscriptionAdmin(VerbAdmin):
    """A secret is in the answer to the form that made it and nowhere else."""

    form = SubscriptionForm
    list_display = ("name", "address", "owner", "state", "shown_resources", "last_success", "log")
    list_select_related = ("destination", "owner", "progress")
    search_fields = ("name", "destination__origin", "path", "owner__username")
    fieldsets = (
        (None, {"fields": ("name", "destination", "path", "owner", "resources")}),
        (
            _("State"),
            {"fields": ("state", "why_paused", "paused_at", "paused_by", "failing_since", "next_attempt_at",
                        "last_success", "last_fault", "log", "rotated_at", "created_at", "created_by")},
        ),
    )  # fmt: skip
    readonly_fields = fieldsets[1][1]["fields"]
    verbs = (
        Verb("ping", _("Send a test message"), lambda row, by, asked: row.ping(now=timezone.now())),
        Verb("pause", _("Pause"), lambda row, by, asked: row.pause(by=by, now=timezone.now(), **asked), WhyForm,
             is_running, for_many=True),
        Verb("resume", _("Resume"), lambda row, by, asked: row.resume(), fits=is_paused, for_many=True),
        Verb("replay", _("Send again"), lambda row, by, asked: row.replay(**asked), SinceForm),
        Verb("rotate_secret", _("Change the secret"), lambda row, by, asked: row.rotate_secret(now=timezone.now())),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        log = Delivery.objects.filter(subscription=OuterRef("pk")).order_by("-id")
        return (
            super()
            .get_queryset(request)
            .annotate(
                succeeded_at=Subquery(log.told().filter(fault="").values("at")[:1]),
                newest_fault=Subquery(log.told().values("fault")[:1]),
            )
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.fieldsets[:1]

    # What is shown

    @admin.display(description=_("address"))
    def address(self, subscription: Subscription) -> str:
        return subscription.address

    @display(  # type: ignore[untyped-decorator]
        description=_("state"), label={_("running"): "success", _("failing"): "warning", _("paused"): "danger"}
    )
    def state(self, subscription: Subscription) -> Any:
        if is_paused(subscription):
            return _("paused")
        return _("failing") if subscription.progress.attempts else _("running")

    @admin.display(description=_("resources"))
    def shown_resources(self, subscription: Subscription) -> Any:
        return ", ".join(subscription.resources) or _("all that its owner may read")

    @admin.display(description=_("failing since"))
    def failing_since(self, subscription: Subscription) -> Any:
        return subscription.progress.failing_since

    @admin.display(description=_("next attempt"))
    def next_attempt_at(self, subscription: Subscription) -> Any:
        return subscription.progress.next_attempt_at

    @admin.display(description=_("last success"))
    def last_success(self, subscription: Any) -> Any:
        return subscription.succeeded_at

    @admin.display(description=_("fault of the last attempt"))
    def last_fault(self, subscription: Any) -> Any:
        return subscription.newest_fault

    @admin.display(description=_("log"))
    def log(self, subscription: Subscription) -> str:
        address = f"{reverse('admin:webhooks_delivery_changelist')}?subscription__id__exact={subscription.pk}"
        return format_html('<a class="text-primary-600 underline" href="{}">{}</a>', address, _("attempts"))

    # Making one, and another secret

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            # What the worker writes meanwhile stays.
            obj.save(update_fields=form.changed_data)
        else:
            obj.secret = obj.open(by=request.user)

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        # Whichever button made it, the secret is shown next.
        shown = {} if object_id else {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        return self._secret(request, obj, obj.secret)

    def after_verb(self, request: HttpRequest, verb: Verb, records: list[Any], made: list[Any]) -> HttpResponse:
        if verb.name == "rotate_secret" and len(made) == 1:
            return self._secret(request, records[0], made[0])
        return super().after_verb(request, verb, records, made)

    def _secret(self, request: HttpRequest, subscription: Subscription, secret: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Secret made"),
            "opts": self.opts,
            "subscription": subscription,
            "secret": secret,
        }
        return TemplateResponse(request, "admin/secret_made.html", context)


@admin.register(Delivery)
class DeliveryAdmin(Guarded, ModelAdmin):
    """The log, to be read."""

    list_display = ("moment", "subscription", "message", "attempt", "outcome", "status", "fault", "milliseconds")
    list_filter = (("subscription", admin.RelatedOnlyFieldListFilter), "status")
    list_select_related = ("subscription",)
    search_fields = ("message",)
    search_help_text = _("The name of a message: the header webhook-id")
    show_full_result_count = False
    fields = ("subscription", "moment", "message", "attempt", "outcome", "status", "fault", "milliseconds")

    @admin.display(description=_("at"), ordering="id")
    def moment(self, delivery: Delivery) -> str:
        return timezone.localtime(delivery.at).strftime("%Y-%m-%d %H:%M:%S")

    @display(  # type: ignore[untyped-decorator]
        description=_("outcome"), label={_("delivered"): "success", _("failed"): "danger"}
    )
    def outcome(self, delivery: Delivery) -> Any:
        return _("delivered") if delivery.succeeded else _("failed")
