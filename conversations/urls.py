"""The SDK's door, the brand's API, the workspace, and the settings of widgets."""

from django.urls import path, re_path

from conversations import api, views, widget_pages

CONVERSATION = (
    r"conversations/(?P<conversation_id>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
)

# Relative to api/v2/account/<account_number>/.
api_urls = [
    re_path(r"^conversations/?$", api.Conversations.as_view(), name="conversations"),
    re_path(rf"^{CONVERSATION}/?$", api.ConversationDetail.as_view(), name="conversation"),
    re_path(
        rf"^{CONVERSATION}/accept/?$",
        api.ConversationAccept.as_view(),
        name="conversation-accept",
    ),
    re_path(
        rf"^{CONVERSATION}/messages/?$",
        api.ConversationMessages.as_view(),
        name="conversation-messages",
    ),
    re_path(
        rf"^{CONVERSATION}/transfer/?$",
        api.ConversationTransfer.as_view(),
        name="conversation-transfer",
    ),
    re_path(
        rf"^{CONVERSATION}/close/?$", api.ConversationClose.as_view(), name="conversation-close"
    ),
    re_path(r"^widget/codes/?$", api.WidgetCodes.as_view(), name="widget-codes"),
]

# Relative to api/cx-widget/.
WIDGET = r"account/(?P<account_number>[0-9]{1,18})"
widget_urls = [
    re_path(r"^login/?$", widget_pages.WidgetLogin.as_view(), name="widget_login"),
    re_path(rf"^{WIDGET}/auth/url/?$", widget_pages.WidgetFrame.as_view(), name="widget_frame"),
    re_path(rf"^{WIDGET}/token/?$", api.WidgetTokens.as_view(), name="widget-token"),
    re_path(rf"^{WIDGET}/messages/?$", api.WidgetMessages.as_view(), name="widget-messages"),
]

# Relative to widget/<account_number>/.
widget_windows = [
    re_path(r"^sign-in/$", widget_pages.WidgetSignIn.as_view(), name="widget_sign_in"),
]

# Relative to api/sdk/v1/account/<account_number>/.
sdk_urls = [
    re_path(r"^messages/?$", api.PendingMessages.as_view(), name="sdk-messages"),
    re_path(r"^dialog/?$", api.DialogDetail.as_view(), name="sdk-dialog"),
    re_path(r"^replies/?$", api.Replies.as_view(), name="sdk-replies"),
    re_path(r"^events/?$", api.Events.as_view(), name="sdk-events"),
    re_path(r"^typing/?$", api.Typing.as_view(), name="sdk-typing"),
    re_path(r"^read/?$", api.Read.as_view(), name="sdk-read"),
    re_path(r"^unread/?$", api.Unread.as_view(), name="sdk-unread"),
    re_path(r"^conversations/?$", api.History.as_view(), name="sdk-conversations"),
    re_path(
        rf"^{CONVERSATION}/messages/?$",
        api.HistoryMessages.as_view(),
        name="sdk-conversation-messages",
    ),
]

ONE = "workspace/<uuid:conversation_id>/"
workspace = [
    path("workspace/", views.Workspace.as_view(), name="workspace"),
    path("workspace/live/", views.Live.as_view(), name="workspace_live"),
    path("workspace/presence/", views.PresencePage.as_view(), name="workspace_presence"),
    path("workspace/canned/", views.CannedPage.as_view(), name="workspace_canned"),
    re_path(
        r"^workspace/canned/(?P<canned_id>[0-9]{1,18})/$",
        views.CannedEdit.as_view(),
        name="workspace_canned_edit",
    ),
    re_path(
        r"^workspace/canned/(?P<canned_id>[0-9]{1,18})/remove/$",
        views.CannedRemove.as_view(),
        name="workspace_canned_remove",
    ),
    path(ONE, views.ConversationPage.as_view(), name="workspace_conversation"),
    path(f"{ONE}accept/", views.Accept.as_view(), name="workspace_accept"),
    path(f"{ONE}reply/", views.Reply.as_view(), name="workspace_reply"),
    path(f"{ONE}read/", views.Read.as_view(), name="workspace_read"),
    path(f"{ONE}typing/", views.Typing.as_view(), name="workspace_typing"),
    path(f"{ONE}transfer/", views.Transfer.as_view(), name="workspace_transfer"),
    path(f"{ONE}close/", views.Close.as_view(), name="workspace_close"),
]

# Relative to account/<account_number>/.
pages = [
    *workspace,
    re_path(r"^settings/widgets/$", views.WidgetPage.as_view(), name="settings_widgets"),
    re_path(
        r"^settings/widgets/(?P<widget_id>[0-9]{1,18})/remove/$",
        views.WidgetRemove.as_view(),
        name="settings_widget_remove",
    ),
    re_path(
        r"^settings/widgets/try/$", widget_pages.WidgetTry.as_view(), name="settings_widget_try"
    ),
    re_path(r"^settings/widgets/origins/$", views.OriginAdd.as_view(), name="settings_origins"),
    re_path(
        r"^settings/widgets/origins/(?P<origin_id>[0-9]{1,18})/remove/$",
        views.OriginRemove.as_view(),
        name="settings_origin_remove",
    ),
]
