"""Puts our admin site, open to the role admin, in the place of Django's own."""

from django.contrib.admin.apps import AdminConfig


class AdminSiteConfig(AdminConfig):
    """The admin with `portfolio.site.Site` as its site."""

    default_site = "portfolio.site.Site"
