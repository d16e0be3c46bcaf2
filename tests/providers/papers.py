"""What an installation needs to be a customer of the stubs, made where it is missing:
`python -m tests.providers.papers FOLDER`.

Certificates are made anew each time; `authorities.pem` has the system's authorities too, since the
product also calls others. The files of credentials are those that the stubs know.
"""

import ssl
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import orjson

from push.providers.vapid import new_private_key
from tests.providers.apns_keys import make_credential
from tests.providers.certificates import write_certificates
from tests.providers.fcm_accounts import make_file

HOST = "127.0.0.1"
DAYS = 365

MAKERS: Mapping[str, Callable[[], Mapping[str, str]]] = {
    "fcm.json": make_file,
    "apns.json": make_credential,
    "webpush.json": lambda: {
        "vapid_private_key": new_private_key(),
        "contact": "mailto:push@larkfield.example",
    },
}


def main(folder: Path) -> None:
    write_certificates(folder, host=HOST, days=DAYS)
    _add_to_system(folder / "authority.pem", folder / "authorities.pem")
    for name, make in MAKERS.items():
        path = folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_bytes(orjson.dumps(make()))


def _add_to_system(authority: Path, file: Path) -> None:
    known = ssl.get_default_verify_paths().cafile
    system = Path(known).read_text() if known else ""
    file.write_text(f"{system}\n{authority.read_text()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
