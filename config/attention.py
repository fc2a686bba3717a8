"""The first page of the admin, over all rooms."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from doors.permissions import may
from oversight import attention
from oversight.attention import SHOWN, Task
from webhooks.models import Subscription


def for_admin(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """django-unfold's callback for the index page: what waits, and before it, for who keeps them, stuck webhooks."""
    context = attention.for_admin(request, context)
    stuck = list(Subscription.objects.stuck()) if may(request.user, "change", Subscription) else []
    if stuck:
        address = reverse("admin:webhooks_subscription_changelist")
        context["tasks"].insert(0, Task(_("Webhooks that do not arrive"), len(stuck), address, stuck[:SHOWN]))
    return context
