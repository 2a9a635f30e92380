"""Addresses of sign-in; single sign-on adds its callback and logout here."""

from django.urls import path

from portal.sso import views

app_name = "sso"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
]
