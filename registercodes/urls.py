"""Addresses of the portal's own pages."""

from django.urls import path, register_converter

from registercodes import rules, views, views_attention, views_cleaning, views_finding, views_outside


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
    path("codes/<reference:reference>/", views.card, name="card"),
    path("codes/<reference:reference>/stored/", views.stored, name="stored"),
    path("codes/<reference:reference>/disable/", views.disable, name="disable"),
    path("attention/", views_attention.attention, name="attention"),
    path("adopted/", views_outside.adopted, name="adopted"),
    path("outside/", views_outside.outside_codes, name="outside"),
    path("outside/clean-up/", views_cleaning.clean_up, name="clean_up"),
    path("outside/<int:pk>/disable/", views_outside.disable, name="outside_disable"),
    path("outside/<int:pk>/adopt/", views_outside.adopt, name="outside_adopt"),
    path("find/", views_finding.find, name="find"),
]
