"""The site's addresses."""

from django.urls import path

from pamela.integrations.django import webhook_view

from .calls import endpoint

urlpatterns = [path("webhooks/pamela", webhook_view(endpoint))]
