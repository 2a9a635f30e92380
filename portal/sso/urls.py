"""Addresses of sign-in and sign-out."""

from django.urls import path

from portal.sso import views

app_name = "sso"
urlpatterns = [
    path("login/", views.login, name="login"),
    path("callback/", views.callback, name="callback"),
    path("logout/", views.logout, name="logout"),
    path("signed-out/", views.signed_out, name="signed_out"),
    path("backchannel-logout/", views.backchannel_logout, name="backchannel_logout"),
    path("break-glass/", views.break_glass, name="break_glass"),
    path("sign-in/", views.sign_in, name="sign_in"),
]
