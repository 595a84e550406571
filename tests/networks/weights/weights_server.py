"""A real HTTP server on loopback that sends good and bad files of weights."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """Answers any path with ``content``.

    Attributes:
        content: what it sends.
        length: what it says that it sends; None for the truth, 0 to say nothing.
        hang_after: it stops after so many bytes until the test ends, at -1 before it answers; None to go on.
        redirect: whether it answers the first time that the file has moved.
        kind: of content, as HTTP names it.
        methods: those that it knows.
        delay: seconds before it sends anything.
        requests: the method and the path of each request, in order.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.content, self.length, self.hang_after, self.redirect = 200, b"", None, None, False
        self.kind, self.methods, self.delay = "application/x-hdf5", ("GET", "HEAD"), 0.0
        self.requests, self.over = [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/cnn/"

    def handle_error(self, request, client_address):
        """A client that goes away is what some tests want."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer()

    def do_HEAD(self):
        self._answer()

    def _answer(self):
        server = self.server
        server.requests.append((self.command, self.path))
        if self.command not in server.methods:
            self.send_error(501)
        elif server.redirect and not self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", f"/moved{self.path}")
            self.end_headers()
        elif server.hang_after == -1:
            server.over.wait()
        else:
            self._send(server)

    def _send(self, server):
        server.over.wait(server.delay)
        self.send_response(server.status)
        self.send_header("Content-Type", server.kind)
        length = len(server.content) if server.length is None else server.length
        if length:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(server.content[: server.hang_after])
            if server.hang_after is not None:
                server.over.wait()

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
