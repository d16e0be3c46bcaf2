"""Why pushes are held back from a provider, in a sentence for people."""

SENTENCES = {
    "provider_unavailable": "The provider answers that it is not available.",
    "not_reached": "The provider cannot be reached.",
    "answer_lost": "The provider does not answer in time.",
    "credential_refused": "The provider refuses the credential.",
    "topic_refused": "The provider does not know the app by the credential's topic, or not with "
    "this key.",
    "other_topic": "The provider says that the phones have another app than the credential's "
    "topic.",
    "sender_mismatch": "The credential is of another Firebase project than the app.",
    "wrong_environment": "The credential's key is not for the environment that the phones are in.",
    "certificate_refused": "The provider's certificate, or ours, is not accepted.",
    "address_refused": "The provider's address is not one that pushes may go to.",
    "no_access_token": "The provider gives us no access token.",
    "redirected": "The provider sends us to another address, where pushes do not go.",
    "credential_switched_off": "The credential was switched off.",
}


def sentence(word: str) -> str:
    return SENTENCES.get(word, "The provider does not take pushes from us.")
