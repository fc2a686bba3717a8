from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from accounts.second_factor import SecondFactor
from accounts.single_sign_on import Ask, ComeBack
from accounts.views import Account, LogIn, LogOut, admin_log_in, end_other_sessions
from agreements.models import Agreement, Meeting, Roadmap, RoadmapItem, WorkingGroup
from config import health
from oversight import reading, saved, views
from oversight.deadlines import PAGES as DEADLINE_PAGES
from oversight.listing import LISTINGS
from partners.models import Partner
from projects.models import Project

RECORDS = {
    "partner": ("partners", Partner),
    "agreement": ("agreements", Agreement),
    "working-group": ("working-groups", WorkingGroup),
    "meeting": ("meetings", Meeting),
    "roadmap": ("roadmaps", Roadmap),
    "roadmap-item": ("roadmap-items", RoadmapItem),
    "project": ("projects", Project),
}
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    *[path(f"{name}/", views.deadlines, {"name": name}, name=name) for name in DEADLINE_PAGES],
    path("terms/", views.terms, name="terms"),
    path("slippage/", views.slipped, name="slippage"),
    path("compare/", views.compared, name="compare"),
    path("findings/", views.open_questions, name="findings"),
    *[path(f"{name}/", views.listing, {"name": name}, name=name) for name in LISTINGS],
    *[
        path(f"{folder}/<str:reference>/", reading.record, {"model": model}, name=name)
        for name, (folder, model) in RECORDS.items()
    ],
    path("saved-views/", saved.save_view, name="save-view"),
    path("saved-views/<int:pk>/forget/", saved.drop_view, name="drop-view"),
    path("files/<slug:kind>/<str:reference>/", reading.stored_file, name="file"),
    path("search/", reading.search, name="search"),
    path("accounts/login/", LogIn.as_view(), name="login"),
    path("accounts/", Account.as_view(), name="account"),
    path("accounts/sessions/end/", end_other_sessions, name="end-other-sessions"),
    path("accounts/second-factor/", SecondFactor.as_view(), name="second-factor"),
    # The library looks for its views by these names.
    path("accounts/sso/", login_not_required(Ask.as_view()), name="oidc_authentication_init"),
    path("accounts/sso/back/", login_not_required(ComeBack.as_view()), name="oidc_authentication_callback"),
    path("accounts/logout/", LogOut.as_view(), name="logout"),
    path("healthz", login_not_required(health.healthy)),
    path("readyz", login_not_required(health.ready)),
    path("admin/login/", login_not_required(admin_log_in)),
    path("admin/logout/", LogOut.as_view()),
    path("admin/", admin.site.urls),
    path("api/", include("config.api")),
]

handler400 = "config.failures.bad_request"
handler403 = "config.failures.forbidden"
handler404 = "config.failures.not_found"
handler500 = "config.failures.failed"
