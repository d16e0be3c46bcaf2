from django.urls import path, re_path

from console.handoffs import device_test, edit, halfway, listing, page, preview, review, wizard
from handoffs.models import Step

HANDOFF = "handoffs/(?P<handoff_id>H[0-9]{1,15})"
DRAFT = "handoffs/drafts/(?P<draft_id>[0-9]{1,18})"

# Relative to account/<account_number>/.
pages = [
    path("handoffs/", listing.HandoffList.as_view(), name="handoff_list"),
    path("handoffs/new/", wizard.HandoffNew.as_view(), name="handoff_new"),
    path("handoffs/preview/", preview.HandoffPreview.as_view(), name="handoff_preview"),
    re_path(rf"^{DRAFT}/$", halfway.HandoffDraftOpen.as_view(), name="handoff_draft"),
    re_path(rf"^{DRAFT}/drop/$", halfway.HandoffDraftDrop.as_view(), name="handoff_draft_drop"),
    re_path(
        rf"^{DRAFT}/(?P<step>{Step.REVIEW})/$", review.HandoffReview.as_view(), name="handoff_step"
    ),
    re_path(
        rf"^{DRAFT}/(?P<step>{Step.CHANNEL}|{Step.MESSAGE}|{Step.RULES})/$",
        wizard.HandoffStep.as_view(),
        name="handoff_step",
    ),
    re_path(rf"^{HANDOFF}/$", page.HandoffPage.as_view(), name="handoff_page"),
    re_path(rf"^{HANDOFF}/done/$", page.HandoffDone.as_view(), name="handoff_done"),
    re_path(rf"^{HANDOFF}/edit/$", edit.HandoffEdit.as_view(), name="handoff_edit"),
    re_path(rf"^{HANDOFF}/test/$", device_test.HandoffTest.as_view(), name="handoff_test"),
    re_path(rf"^{HANDOFF}/duplicate/$", page.HandoffDuplicate.as_view(), name="handoff_duplicate"),
    re_path(rf"^{HANDOFF}/archive/$", page.HandoffArchive.as_view(), name="handoff_archive"),
]
