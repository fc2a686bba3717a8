from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from agreements.models import Agreement, Meeting, Roadmap, WorkingGroup
from oversight import views
from partners.models import Partner
from projects.models import Project

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("overdue/", views.overdue, name="overdue"),
    path("roadmaps/", views.RecordList.as_view(model=Roadmap), name="roadmaps"),
    path("roadmaps/<str:reference>/", views.record, {"model": Roadmap}, name="roadmap"),
    path("partners/", views.RecordList.as_view(model=Partner), name="partners"),
    path("partners/<str:reference>/", views.record, {"model": Partner}, name="partner"),
    path("agreements/", views.RecordList.as_view(model=Agreement), name="agreements"),
    path("agreements/<str:reference>/", views.record, {"model": Agreement}, name="agreement"),
    path("working-groups/<str:reference>/", views.record, {"model": WorkingGroup}, name="working-group"),
    path("meetings/<str:reference>/", views.record, {"model": Meeting}, name="meeting"),
    path("projects/", views.RecordList.as_view(model=Project), name="projects"),
    path("projects/<str:reference>/", views.record, {"model": Project}, name="project"),
    path("search/", views.search, name="search"),
    path("accounts/login/", LoginView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("healthz", login_not_required(views.healthy)),
    path("readyz", login_not_required(views.ready)),
    path("admin/", admin.site.urls),
    path("api/", include("config.api")),
]
