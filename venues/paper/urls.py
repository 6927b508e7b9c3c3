"""The exchange's URLs: its own under /paper, and every face's."""

from django.urls import path

from venues.paper import views
from venues.paper.routes import merged
from venues.paper.server import faces

handler400 = "venues.serving.errors.bad_request"
handler404 = "venues.serving.errors.not_found"
handler500 = "venues.serving.errors.server_error"

urlpatterns = [
    path("healthz", views.healthz),
    path("paper/accounts", views.accounts),
    path("paper/price", views.price),
    path("paper/state", views.state),
    *merged(one for face in faces() for one in face.urlpatterns),
]
