"""Addresses of the portal's own pages."""

from django.urls import path, register_converter

from registercodes import rules, views
from registercodes.views import attention, cleaning, finding, outside, sites


class ReferenceConverter:
    """A code's reference; anything else is no address of ours."""

    regex = rules.REFERENCE.pattern

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ReferenceConverter, "reference")

app_name = "registercodes"
urlpatterns = [
    path("", views.home, name="home"),
    path("teams/<slug:team_key>/codes/new/", views.new, name="new"),
    path("teams/<slug:team_key>/codes/plan/", views.plan, name="plan"),
    path("teams/<slug:team_key>/codes/sites/", sites.sites, name="sites"),
    path("teams/<slug:team_key>/codes/sites/one/", sites.one, name="sites_one"),
    path("codes/<reference:reference>/", views.card, name="card"),
    path("codes/<reference:reference>/stored/", views.stored, name="stored"),
    path("codes/<reference:reference>/disable/", views.disable, name="disable"),
    path("codes/<reference:reference>/replace/", views.replace, name="replace"),
    path("codes/<reference:reference>/refresh/", views.refresh, name="refresh"),
    path("codes/<reference:reference>/told/", views.put_away, name="put_away"),
    path("codes/disable-several/", views.disable_several, name="disable_several"),
    path("codes.csv", views.export, name="export"),
    path("attention/", attention.attention, name="attention"),
    path("adopted/", outside.adopted, name="adopted"),
    path("outside/", outside.outside_codes, name="outside"),
    path("outside/clean-up/", cleaning.clean_up, name="clean_up"),
    path("outside/<int:pk>/disable/", outside.disable, name="outside_disable"),
    path("outside/<int:pk>/adopt/", outside.adopt, name="outside_adopt"),
    path("find/", finding.find, name="find"),
    path("find/report/", finding.report, name="report"),
]
