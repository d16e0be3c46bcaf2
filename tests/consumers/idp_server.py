"""A brand's key set server, on loopback: it can be slow, wrong, huge or gone."""

import json
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class IdpServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys = []
        self.status = 200
        self.delay = 0.0
        # Answers wait for it.
        self.gate = threading.Event()
        self.gate.set()
        self.body = None
        self.headers = {}
        self.asked = 0
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/keys"

    def answer(self):
        return json.dumps({"keys": self.keys}).encode() if self.body is None else self.body


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        with self.server.lock:
            self.server.asked += 1
        time.sleep(self.server.delay)
        self.server.gate.wait(5)
        body = self.server.answer()
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # the caller has heard enough
            self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextmanager
def running_idp():
    server = IdpServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
