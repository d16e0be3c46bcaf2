"""One request on one libcurl handle: how it is set up and what its end is worth."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from math import inf
from pathlib import Path
from socket import socket
from time import monotonic
from typing import Any

import pycurl

from common.calls import Answer, Call, Sent, Tls
from common.guard import AddressGuard
from common.heads import read_head

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

# Past a call's time by so much, the process was stopped meanwhile.
LATE_SECONDS = 0.5
# CURLOPT_QUICK_EXIT, for which pycurl has no name.
QUICK_EXIT = 322


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
        "is_fresh",
        "is_opened",
        "is_refused",
        "is_repeatable",
        "is_resent",
        "overdue_from",
        "prepared",
        "started",
        "upload",
    )

    def __init__(
        self,
        tls: Tls,
        guard: AddressGuard | None,
        on_open: Callable[[int, int], int] | None = None,
    ) -> None:
        self.curl = pycurl.Curl()
        self.head: list[bytes] = []
        self.body: list[bytes] = []
        self.call: Call[Any]
        self.started = 0.0
        self.overdue_from = inf
        self.is_opened = False
        self.is_refused = False
        self.is_resent = False
        self.is_repeatable = False
        self.is_fresh = False
        self.prepared: Call[Any] | None = None
        self.upload = BytesIO()
        self._set_fixed(tls, guard)
        if on_open is not None:
            self.curl.setopt(pycurl.SOCKOPTFUNCTION, on_open)

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
        set_option(pycurl.READFUNCTION, self._read)
        set_option(pycurl.SEEKFUNCTION, self._rewind)
        if guard is not None:
            set_option(pycurl.OPENSOCKETFUNCTION, self._guarded_socket(guard))

    def leave_resolver_behind(self) -> None:
        """Closed, a handle waits for its last look-up of a name, which may take the resolver far
        longer than the call had time."""
        self.curl.setopt(QUICK_EXIT, 1)

    def begin(
        self, call: Call[Any], *, is_repeatable: bool, now: float, is_fresh: bool = False
    ) -> None:
        """Prepare the call, whose time counts from `now`. With `is_repeatable` libcurl may send it
        again by itself when the server cannot have acted on it; HTTP/1.1 cannot tell, HTTP/2 can.
        With `is_fresh` it takes a new connection.

        :raises ValueError: (a UnicodeError too) when it cannot be written as HTTP.
        """
        self.call = call
        self.head.clear()
        self.body.clear()
        self.is_opened = False
        self.is_refused = False
        self.is_resent = False
        self.is_repeatable = is_repeatable and call.url.startswith("https")
        self._prepare(call)
        if is_fresh is not self.is_fresh:
            self.curl.setopt(pycurl.FRESH_CONNECT, is_fresh)
            self.is_fresh = is_fresh
        self.started = now
        self.overdue_from = now + call.timeouts.total + LATE_SECONDS

    def _prepare(self, call: Call[Any]) -> None:
        """Set what differs from the call before: each option costs, and most stay."""
        before, self.prepared = self.prepared, None
        set_option = self.curl.setopt
        if before is None or call.url != before.url:
            set_option(pycurl.URL, call.url)
            # Wait for a connection that is being made, as it may be HTTP/2; plain HTTP never is.
            set_option(pycurl.PIPEWAIT, call.url.startswith("https"))
        if before is None or call.headers != before.headers:
            set_option(pycurl.HTTPHEADER, _lines(call.headers))
        if before is None or call.method != before.method:
            self._set_method(call.method)
        if call.method != "GET":
            set_option(pycurl.POSTFIELDSIZE, len(call.body))
            self._load(call.body)
        if before is None or call.timeouts is not before.timeouts:
            set_option(pycurl.CONNECTTIMEOUT_MS, int(call.timeouts.connect * 1000))
            set_option(pycurl.TIMEOUT_MS, int(call.timeouts.total * 1000))
        if before is None or call.body_limit != before.body_limit:
            set_option(pycurl.MAXFILESIZE, call.body_limit)
        self.prepared = call

    def _load(self, body: bytes) -> None:
        """Into the one file that libcurl was given to read from."""
        self.upload.seek(0)
        self.upload.truncate()
        self.upload.write(body)
        self.upload.seek(0)

    def _set_method(self, method: str) -> None:
        self.curl.unsetopt(pycurl.CUSTOMREQUEST)
        if method == "GET":
            self.curl.setopt(pycurl.HTTPGET, 1)
            return
        self.curl.setopt(pycurl.POST, 1)
        if method != "POST":
            self.curl.setopt(pycurl.CUSTOMREQUEST, method)

    def finish(self, code: int = 0, message: str = "") -> Answer[Any]:
        """Read the result of a handle that libcurl has reported done; `code` is libcurl's."""
        status, headers = read_head(self.head)
        sent, is_tls_refused = Sent.ANSWERED, False
        # Of a name's addresses one may be refused and the next one open.
        is_refused = self.is_refused and not self.is_opened
        if status is None:
            sent, is_tls_refused = _judge(code, message, self.curl.getinfo(pycurl.REQUEST_SIZE))
        return Answer(
            tag=self.call.tag,
            sent=sent,
            ended_at=datetime.now(UTC),
            status=status,
            headers=headers,
            body=b"".join(self.body)[: self.call.body_limit],
            error=_describe(code, message, is_refused) if code else "",
            elapsed_ms=int((monotonic() - self.started) * 1000),
            is_resent=self.is_resent,
            is_tls_refused=is_tls_refused,
            is_address_refused=is_refused and sent is Sent.NOT_SENT,
        )

    def is_multiplexed(self) -> bool:
        """Said of an exchange that was answered."""
        return self.head[0].startswith(b"HTTP/2")

    def _read(self, size: int) -> bytes | int:
        """Called just before the request is written: a process that was stopped meanwhile must not
        write it."""
        if monotonic() > self.overdue_from:
            return int(pycurl.READFUNC_ABORT)
        return self.upload.read(size)

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


def _lines(headers: tuple[tuple[str, str], ...]) -> list[str]:
    """:raises ValueError: for one that would be read as two."""
    lines = [f"{name}: {value}" for name, value in headers]
    text = "".join(lines)
    if "\n" in text or "\r" in text or "\0" in text:
        raise ValueError("A header must be one line.")
    return [*lines, "Expect:"]


def _judge(code: int, message: str, head_bytes: int) -> tuple[Sent, bool]:
    """How far a request without an answer got, and whether a certificate stopped it."""
    text = message.lower()
    if code == pycurl.E_ABORTED_BY_CALLBACK:  # by ours, before the body was read
        return Sent.NOT_SENT, False
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
