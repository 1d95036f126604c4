"""A local HTTP server for tests of transfers: files by path, and the faults of real servers."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from rasterio.io import MemoryFile
from rasterio.transform import from_origin


@dataclass
class Site:
    """
    What the server holds, and how it behaves.

    ``fail`` answers that many GET requests of a path with a status first; ``cut`` breaks that many bodies
    in the middle; ``hang_s`` waits before each body; ``ranges`` False sends whole files only.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    fail: dict[str, list[int]] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    hang_s: dict[str, float] = field(default_factory=dict)
    ranges: bool = True
    log: list[tuple[str, str, str | None]] = field(default_factory=list)
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, *_words):
        pass

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, *, body):
        site, path, wanted = self.site, self.path, self.headers.get("Range")
        site.log.append((self.command, path, wanted))
        if site.fail.get(path):
            self._empty(site.fail[path].pop(0))
            return
        data = site.files.get(path)
        if data is None:
            self._empty(404)
            return
        total, status = len(data), 200
        if wanted and site.ranges:
            first, last = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted).groups()
            start, end = int(first), min(int(last or total), total - 1)
            if start >= total:
                self._empty(416)
                return
            data, status = data[start : end + 1], 206
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end}/{total}")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hash(site.files[path])}"')
        self.end_headers()
        if not body:
            return
        time.sleep(site.hang_s.get(path, 0.0))
        try:
            if site.cut.get(path) and len(data) > 1:
                site.cut[path] -= 1
                self.wfile.write(data[: len(data) // 2])
                self.close_connection = True
            else:
                self.wfile.write(data)
        except OSError:  # the reader gave up
            self.close_connection = True

    def _empty(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def serve():
    """Give a site that is served on a free port of this machine."""
    site = Site()
    handler = type("Handler", (_Handler,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def geotiff(values, west, north, cell_x, cell_y=None, *, nodata=None, crs="EPSG:4326"):
    """Bytes of a cloud-optimised GeoTIFF."""
    values = np.asarray(values)
    profile = {
        "driver": "COG",
        "height": values.shape[0],
        "width": values.shape[1],
        "count": 1,
        "dtype": values.dtype,
        "crs": crs,
        "transform": from_origin(west, north, cell_x, cell_y or cell_x),
        "nodata": nodata,
        "compress": "deflate",
        "blocksize": 128,
        "overviews": "none",
    }
    with MemoryFile() as memory:
        with memory.open(**profile) as raster:
            raster.write(values, 1)
        return memory.read()
