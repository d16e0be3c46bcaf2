"""One request on one libcurl handle: how it is set up and what its end is worth."""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from socket import socket
from time import monotonic
from typing import Any

import pycurl

from common.calls import Answer, Call, Sent, Tls
from common.guard import AddressGuard

AUTHORITIES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
"""Where systems keep them; the wheel's libcurl looks in one of these places only."""

TLS_CODES = frozenset(
    {
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CERTPROBLEM,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_ISSUER_ERROR,
        pycurl.E_SSL_INVALIDCERTSTATUS,
    }
)
CERTIFICATE_ALERTS = ("alert certificate", "alert bad certificate", "alert unknown ca")
"""With TLS 1.3 a server refuses our certificate only after the request has left."""


class HandedSocket(socket):
    """libcurl works on a copy of the descriptor, so this one is closed as soon as it is let go."""

    def __del__(self) -> None:
        self.close()


class Exchange:
    """A libcurl handle, used for one call after another of the same tls and guard."""

    __slots__ = (
        "body",
        "call",
        "curl",
        "head",
        "is_opened",
        "is_refused",
        "is_repeatable",
        "is_resent",
        "method",
        "started",
        "upload",
    )

    def __init__(self, tls: Tls, guard: AddressGuard | None) -> None:
        self.curl = pycurl.Curl()
        self.head: list[bytes] = []
        self.body: list[bytes] = []
        self.call: Call[Any]
        self.started = 0.0
        self.is_opened = False
        self.is_refused = False
        self.is_resent = False
        self.is_repeatable = False
        self.method = ""
        self.upload = BytesIO()
        self._set_fixed(tls, guard)

    def _set_fixed(self, tls: Tls, guard: AddressGuard | None) -> None:
        set_option = self.curl.setopt
        set_option(pycurl.NOSIGNAL, 1)
        set_option(pycurl.PROXY, "")
        set_option(pycurl.FOLLOWLOCATION, 0)
        set_option(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        set_option(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
        set_option(pycurl.TCP_NODELAY, 1)
        set_option(pycurl.USERAGENT, "proactive")
        set_option(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
        set_option(pycurl.SSL_VERIFYPEER, 1)
        set_option(pycurl.SSL_VERIFYHOST, 2)
        set_option(pycurl.CAINFO, tls.ca_file or find_authorities())
        if tls.cert_pem:
            set_option(pycurl.SSLCERT_BLOB, tls.cert_pem.encode())
            set_option(pycurl.SSLKEY_BLOB, tls.key_pem.encode())
        set_option(pycurl.HEADERFUNCTION, self.head.append)
        set_option(pycurl.WRITEFUNCTION, self.body.append)
        set_option(pycurl.SEEKFUNCTION, self._rewind)
        if guard is not None:
            set_option(pycurl.OPENSOCKETFUNCTION, self._guarded_socket(guard))

    def begin(self, call: Call[Any], *, is_repeatable: bool) -> None:
        """Prepare the call. With `is_repeatable` libcurl may send it again by itself when the
        server cannot have acted on it; HTTP/1.1 cannot tell, HTTP/2 can.

        :raises ValueError: (a UnicodeError too) when it cannot be written as HTTP.
        """
        self.call = call
        self.head.clear()
        self.body.clear()
        self.is_opened = False
        self.is_refused = False
        self.is_resent = False
        self.is_repeatable = is_repeatable and call.url.startswith("https")
        set_option = self.curl.setopt
        set_option(pycurl.URL, call.url)
        # Wait for a connection that is being made, as it may be HTTP/2; plain HTTP never is.
        set_option(pycurl.PIPEWAIT, call.url.startswith("https"))
        lines = [f"{name}: {value}" for name, value in call.headers]
        if any("\n" in line or "\r" in line or "\0" in line for line in lines):
            raise ValueError("A header must be one line.")
        set_option(pycurl.HTTPHEADER, [*lines, "Expect:"])
        if call.method != self.method:
            self._set_method(call.method)
        if call.method != "GET":
            set_option(pycurl.POSTFIELDSIZE, len(call.body))
            self.upload = BytesIO(call.body)
            set_option(pycurl.READFUNCTION, self.upload.read)
        set_option(pycurl.CONNECTTIMEOUT_MS, int(call.timeouts.connect * 1000))
        set_option(pycurl.TIMEOUT_MS, int(call.timeouts.total * 1000))
        set_option(pycurl.MAXFILESIZE, call.body_limit)
        self.started = monotonic()

    def _set_method(self, method: str) -> None:
        self.method = method
        self.curl.unsetopt(pycurl.CUSTOMREQUEST)
        if method == "GET":
            self.curl.setopt(pycurl.HTTPGET, 1)
            return
        self.curl.setopt(pycurl.POST, 1)
        if method != "POST":
            self.curl.setopt(pycurl.CUSTOMREQUEST, method)

    def finish(self, code: int = 0, message: str = "") -> Answer[Any]:
        """Read the result of a handle that libcurl has reported done; `code` is libcurl's."""
        curl, head = self.curl, self.head
        head_bytes = curl.getinfo(pycurl.REQUEST_SIZE)
        status, headers = _read_head(head)
        sent, is_tls_refused = Sent.ANSWERED, False
        # Of a name's addresses one may be refused and the next one open.
        is_refused = self.is_refused and not self.is_opened
        if status is None:
            sent, is_tls_refused = _judge(code, message, head_bytes)
        return Answer(
            tag=self.call.tag,
            sent=sent,
            ended_at=datetime.now(UTC),
            status=status,
            headers=headers,
            body=b"".join(self.body)[: self.call.body_limit],
            error=_describe(code, message, is_refused) if code else "",
            elapsed_ms=int((monotonic() - self.started) * 1000),
            bytes_sent=int(head_bytes + curl.getinfo(pycurl.SIZE_UPLOAD_T)),
            is_resent=self.is_resent,
            is_tls_refused=is_tls_refused,
            is_address_refused=is_refused and sent is Sent.NOT_SENT,
        )

    def is_multiplexed(self) -> bool:
        version = self.curl.getinfo(pycurl.INFO_HTTP_VERSION)
        return bool(version >= pycurl.CURL_HTTP_VERSION_2_0)

    def _rewind(self, offset: int, origin: int) -> int:
        if not self.is_repeatable or offset or origin:
            return int(pycurl.SEEKFUNC_FAIL)
        self.is_resent = True
        self.upload.seek(0)
        return int(pycurl.SEEKFUNC_OK)

    def _guarded_socket(self, guard: AddressGuard) -> Any:
        def open_socket(_purpose: int, target: Any) -> Any:
            if not guard.is_allowed(str(target.addr[0]), int(target.addr[1])):
                self.is_refused = True
                return pycurl.SOCKET_BAD
            self.is_opened = True
            return HandedSocket(target.family, target.socktype, target.protocol)

        return open_socket


def not_sent(
    call: Call[Any], error: str, *, sent: Sent = Sent.NOT_SENT, is_address_refused: bool = False
) -> Answer[Any]:
    return Answer(
        tag=call.tag,
        sent=sent,
        ended_at=datetime.now(UTC),
        error=error,
        is_address_refused=is_address_refused,
    )


@cache
def find_authorities() -> str:
    """Path of the system's bundle; where there is none, each certificate is refused."""
    found = ssl.get_default_verify_paths().cafile or ""
    return next((path for path in (found, *AUTHORITIES) if path and Path(path).exists()), found)


def _read_head(lines: list[bytes]) -> tuple[int | None, Mapping[str, str]]:
    """Status and headers of the last complete head, with lower-case names; interim heads and
    trailers come in the same list."""
    status, headers, is_complete = 0, dict[str, str](), False
    for line in lines:
        if line.startswith(b"HTTP/"):
            status, headers, is_complete = int(line.split(None, 2)[1]), {}, False
        elif line == b"\r\n" or line == b"\n":
            is_complete = True
        elif not is_complete:
            name, _, value = line.partition(b":")
            headers[name.decode("latin-1").lower()] = value.strip().decode("latin-1")
    return (status, headers) if is_complete and status >= 200 else (None, {})


def _judge(code: int, message: str, head_bytes: int) -> tuple[Sent, bool]:
    """How far a request without an answer got, and whether a certificate stopped it."""
    text = message.lower()
    if any(alert in text for alert in CERTIFICATE_ALERTS):
        return Sent.NOT_SENT, True
    if head_bytes == 0:
        return Sent.NOT_SENT, code in TLS_CODES or _is_handshake_refused(code, text)
    return Sent.NOT_SENT if "refused_stream" in text else Sent.UNKNOWN, False


def _is_handshake_refused(code: int, text: str) -> bool:
    """The two sides do not agree; a connection that merely broke does not count."""
    return code == pycurl.E_SSL_CONNECT_ERROR and "routines" in text and "eof" not in text


def _describe(code: int, message: str, is_refused: bool) -> str:
    if is_refused:
        return "The address is not one that requests may go to."
    return f"{message or 'The transfer failed.'} ({code})"[:300]
