"""What a provider took once speaks for its credential: what it refuses later is of one device."""

from push.providers.token_source import Shelf

PROOF_SECONDS = 30 * 86_400


class Proof:
    """That it took a push, known to all processes, those too that start later: a refusal that may
    be of the credential as well as of a device is of the device then."""

    def __init__(self, name: str, shelf: Shelf) -> None:
        self._name = name
        self._shelf = shelf
        self._is_given = False

    @property
    def is_given(self) -> bool:
        if not self._is_given:
            self._is_given = self._shelf.get(self._name) is True
        return self._is_given

    def give(self) -> None:
        if not self._is_given:
            self._is_given = True
            self._shelf.put(self._name, True, seconds=PROOF_SECONDS)
