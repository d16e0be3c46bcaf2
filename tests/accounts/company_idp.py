"""A company's OpenID Connect provider on loopback: discovery, token, userinfo."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

CLIENT_ID, CLIENT_SECRET = "proactive", "between us"


class CompanyIdp(ThreadingHTTPServer):
    """``person`` is who signs in; a code is good once, with the verifier of its challenge."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.person: dict[str, Any] = {}
        self.codes = {"good-code"}
        self.asked: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }


class _Handler(BaseHTTPRequestHandler):
    server: CompanyIdp

    def do_GET(self) -> None:
        if self.path == "/.well-known/openid-configuration":
            self._answer(200, self.server.discovery())
        elif self.path == "/userinfo" and self.headers["Authorization"] == "Bearer at-1":
            self._answer(200, self.server.person)
        else:
            self._answer(401, {"error": "invalid_token"})

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(text).items()}
        self.server.asked.append(form)
        is_known = (form["client_id"], form["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
        if is_known and form["code"] in self.server.codes and form.get("code_verifier"):
            self.server.codes.remove(form["code"])
            self._answer(200, {"access_token": "at-1", "token_type": "Bearer", "expires_in": 60})
        else:
            self._answer(400, {"error": "invalid_grant"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def running_company() -> Iterator[CompanyIdp]:
    server = CompanyIdp()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
