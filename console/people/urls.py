from django.urls import re_path

from console.people import views

# A consumer's own key, or the id of a message to somebody who may have none.
PERSON = r"^consumers/(?P<key>[0-9]{1,18}|[0-9a-f]{32})/"

# Relative to account/<account_number>/.
pages = [
    re_path(r"^consumers/$", views.ConsumerList.as_view(), name="consumer_list"),
    re_path(rf"{PERSON}$", views.ConsumerPage.as_view(), name="consumer_page"),
    re_path(rf"{PERSON}opt-out/$", views.OptOut.as_view(), name="consumer_opt_out"),
    re_path(rf"{PERSON}opt-in/$", views.OptIn.as_view(), name="consumer_opt_in"),
    re_path(rf"{PERSON}export/$", views.Export.as_view(), name="consumer_export"),
    re_path(rf"{PERSON}erase/$", views.Erase.as_view(), name="consumer_erase"),
]
