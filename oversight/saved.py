"""Saved views: a list's address, with its filters, under a name of one's own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST


def offered(request: HttpRequest) -> dict[str, Any]:
    """What a list needs to offer its user's saved views, and to save itself as one."""
    kept = [view for view in request.user.saved_views.all() if view.path == request.path]  # type: ignore[union-attr]
    parameters = request.GET.copy()
    for name in ("page", "projects_page", "format"):
        parameters.pop(name, None)
    address = f"{request.path}?{parameters.urlencode()}" if parameters else request.path
    return {"saved_views": kept, "this_view": address}


@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep a list's address under a name; a name that is taken gets the new address."""
    user: Any = request.user
    name, address = request.POST.get("name", "").strip(), request.POST.get("address", "")
    views = user.saved_views
    kept = views.filter(name=name).first() or views.model(user=user, name=name)
    kept.address = address
    try:
        kept.full_clean()
    except ValidationError as error:
        for field, words in error.message_dict.items():
            messages.error(request, f"{field}: {' '.join(words)}")
        return redirect("overdue")
    kept.save()
    messages.success(request, _("Saved as “%(name)s”.") % {"name": name})
    return redirect(kept.address)


@require_POST
def drop_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a saved view of one's own."""
    user: Any = request.user
    kept = get_object_or_404(user.saved_views, pk=pk)
    kept.delete()
    return redirect(kept.path)
