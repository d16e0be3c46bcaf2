"""Somebody else's workspace: a site of its own that shows the widget in a frame."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Workspace</title>
<link rel="icon" href="data:,"></head>
<body><iframe id="widget" title="Widget" width="360" height="600" src="{url}"></iframe></body>
</html>
"""


class Site(ThreadingHTTPServer):
    """On 127.0.0.1, which to browsers is another site than localhost."""

    daemon_threads: ClassVar[bool] = True
    frame_url = ""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Page(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        body = PAGE.format(url=self.server.frame_url).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """The test's output is its own."""


@contextmanager
def workspace_site() -> Iterator[Site]:
    with Site(("127.0.0.1", 0), _Page) as site:
        thread = Thread(target=site.serve_forever, daemon=True)
        thread.start()
        yield site
        site.shutdown()
        thread.join()
