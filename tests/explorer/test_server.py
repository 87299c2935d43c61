"""The server: who is answered, what is answered, and that nothing that a client does brings it down."""

from __future__ import annotations

import contextlib
import io
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cutaway.errors import ReadError
from cutaway.explorer import contract
from cutaway.explorer import session as sessions
from cutaway.explorer.guard import HEADER
from cutaway.explorer.opening import file_session
from cutaway.explorer.server import Listening, is_loopback
from cutaway.explorer.session import Origin, Session
from cutaway.graph.model import Graph
from cutaway.readers import read
from tests.explorer.client import Client, serve
from tests.explorer.conform import check
from tests.explorer.hand import ROOT, decode
from tests.graphs import picture

DIGITS = ROOT / "examples" / "digits.keras"


@pytest.fixture
def server() -> Iterator[Callable[[Session], Client]]:
    running: list[tuple[Listening, threading.Thread]] = []

    def start(session: Session) -> Client:
        running.append(serve(session))
        return Client(running[-1][0])

    yield start
    for listening, thread in running:
        listening.end()
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def digits() -> Iterator[Client]:
    listening, thread = serve(file_session(str(DIGITS)))
    yield Client(listening)
    listening.end()
    thread.join(10)
    assert not thread.is_alive()


def test_the_token_is_asked_for_by_every_address(digits: Client) -> None:
    for path in ("/", "/explorer.js", "/chart", "/columns", "/events", "/nothing", "/weight/npy?code=0", "/focus"):
        for token in (None, "wrong", digits.listening.token[:-1]):
            status, headers, body = digits.ask(path, token=token)
            assert status == 401, path
            assert "set-cookie" not in headers
            assert json.loads(body)["kind"] == "Unauthorized"


def test_the_token_is_taken_from_address_header_and_cookie(digits: Client) -> None:
    token = digits.listening.token
    status, headers, body = digits.ask(f"/?token={token}", token=None)
    assert status == 200
    assert b'<div id="cutaway">' in body
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert digits.ask("/chart", {"cookie": cookie.split(";")[0]}, token=None)[0] == 200
    assert digits.ask("/chart", {"cookie": "cutaway-1=x; =;;=\xff"}, token=None)[0] == 401
    assert digits.ask(f"/chart?token={token}", token=None)[0] == 200
    assert len(token) >= 32


def test_an_address_for_one_time_works_one_time(digits: Client) -> None:
    word = digits.listening.once().partition("/?")[2]
    status, headers, _ = digits.ask(f"/?{word}", token=None)
    assert (status, headers["location"]) == (303, "/")
    assert digits.ask("/", {"cookie": headers["set-cookie"].split(";")[0]}, token=None)[0] == 200
    assert digits.ask(f"/?{word}", token=None)[0] == 401
    assert digits.ask("/?once=", token=None)[0] == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Host": "192.168.0.7:{port}"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://localhost:{port}"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_other_sites_are_not_answered_even_with_the_token(digits: Client, headers: dict[str, str]) -> None:
    sent = {name: value.format(port=digits.listening.port) for name, value in headers.items()}
    status, answered, body = digits.ask("/chart", sent)
    assert status == 403
    assert json.loads(body)["kind"] == "Forbidden"
    assert "access-control-allow-origin" not in answered


def test_pages_of_this_server_are_answered(digits: Client) -> None:
    port = digits.listening.port
    for headers in (
        {"Origin": f"http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"},
        {"Host": f"LOCALHOST:{port}", "Origin": f"http://localhost:{port}"},
        {"Sec-Fetch-Site": "none"},
    ):
        assert digits.ask("/chart", headers)[0] == 200
    arriving = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}  # a link in a chat, with the token
    assert digits.ask(f"/?token={digits.listening.token}", arriving, token=None)[0] == 200
    assert digits.ask("/", arriving)[0] == 403


def test_every_answer_has_the_headers_of_a_careful_server(digits: Client) -> None:
    for path, token in (("/", ""), ("/chart", ""), ("/nothing", ""), ("/columns", ""), ("/chart", None)):
        headers = digits.ask(path, token=token)[1]
        rules = dict(rule.strip().split(" ", 1) for rule in headers["content-security-policy"].split(";"))
        assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-embedder-policy"] == "require-corp"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_a_file_that_the_browser_has_is_not_sent_again(digits: Client) -> None:
    for path in ("/icon.svg", "/explorer.js", "/explorer.css"):
        status, headers, body = digits.ask(path)
        assert (status, headers["cache-control"]) == (200, "no-cache")
        again, told, nothing = digits.ask(path, {"If-None-Match": headers["etag"]})
        assert (again, nothing, told["etag"]) == (304, b"", headers["etag"])
        assert told["content-security-policy"] == headers["content-security-policy"]
        assert digits.ask(path, {"If-None-Match": '"other"'})[2] == body
        assert digits.ask(path, {"If-None-Match": headers["etag"]}, token=None)[0] == 401


@pytest.mark.parametrize(
    "path",
    ["/../pyproject.toml", "/..%2f..%2fpyproject.toml", "/explorer.js/../../cli.py", "/static/explorer.js",
     "//etc/passwd", "/%00", "/explorer.js%00", "/__init__.py", "/etc/passwd", "/explorer.js/", "/.", "/C:%5Cx", "/file:///etc/passwd"],
)  # fmt: skip
def test_there_is_no_path_to_any_file(digits: Client, path: str) -> None:
    status, _, body = digits.ask(path)
    assert status in (307, 404)
    assert status == 307 or json.loads(body)["kind"] in ("HTTP", "NotFound")


def test_slices_are_answered(digits: Client) -> None:
    head = digits.json("/chart")
    assert head["model"]["nodes"] == 12
    assert head["live"] == {"weights": True, "focus": True, "export": True, "inside": 0}
    assert digits.json("/parts?groups=0")["parts"]["0"] == head["parts"]["0"]
    assert digits.json("/parts")["parts"] == {}
    columns = decode([digits.ask("/columns")[2]])
    assert len(columns["op_code"]) == 12
    assert len(decode([digits.ask("/attributes")[2]])["attribute_code"]) == 12
    assert digits.json("/node?index=3")["index"] == 3
    assert digits.json("/group?index=0")["nodes"] == 12


def test_weights_are_answered(digits: Client) -> None:
    found = decode([digits.ask("/columns")[2]])
    shapes = [found["weight_kinds"][kind]["shape"] for kind in found["weight_kind"]]
    code = shapes.index([3, 3, 1, 16])
    status, headers, body = digits.ask(f"/weight/npy?code={code}")
    assert status == 200
    assert headers["content-disposition"] == 'attachment; filename="stem_kernel.npy"'
    array = np.load(io.BytesIO(body))
    assert array.shape == (3, 3, 1, 16)
    stats = digits.json(f"/weight/stats?code={code}")
    assert stats["min"] == pytest.approx(float(array.min()))
    assert sum(digits.json(f"/weight/histogram?code={code}&bins=7")["counts"]) == array.size
    plane = decode([digits.ask(f"/weight/slice?code={code}&rows=0&columns=1&at=0,0,0,5")[2]])
    np.testing.assert_array_equal(plane["low"].reshape(3, 3), array[:, :, 0, 5])


def test_an_architecture_without_weights_offers_no_values(server: Callable[[Session], Client]) -> None:
    client = server(file_session(str(ROOT / "tests" / "models" / "unet.keras")))
    assert client.json("/chart")["live"]["weights"] is False
    status, _, body = client.ask("/weight/stats?code=0")
    assert status == 422
    assert "not known where" in json.loads(body)["error"]


def test_a_part_is_laid_out_anew(digits: Client) -> None:
    head = digits.json("/focus", method="POST", body=b'{"nodes": [1, 2, 3]}')
    assert head["model"]["nodes"] == 3
    number = head["chart"]
    assert number > 0
    assert digits.json(f"/node?index=0&chart={number}")["id"] == digits.json("/node?index=1")["id"]
    assert digits.json("/chart")["model"]["nodes"] == 12
    assert digits.json("/focus", method="POST", body=b'{"group": 0}')["model"]["nodes"] == 12


def test_charts_that_are_gone_say_so(digits: Client) -> None:
    first = digits.json("/focus", method="POST", body=b'{"nodes": [0]}')["chart"]
    for _ in range(14):
        digits.json("/focus", method="POST", body=b'{"nodes": [0]}')
    status, _, body = digits.ask(f"/parts?chart={first}&groups=0")
    assert (status, json.loads(body)["kind"]) == (410, "Gone")
    assert digits.json("/chart")["model"]["nodes"] == 12


def test_large_parts_push_out_older_ones(digits: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_NODES", 10)
    small = digits.json("/focus", method="POST", body=b'{"nodes": [0, 1]}')["chart"]
    large = digits.json("/focus", method="POST", body=json.dumps({"nodes": [*range(11)]}).encode())["chart"]
    assert digits.ask(f"/parts?chart={small}&groups=0")[0] == 410
    assert digits.ask(f"/parts?chart={large}&groups=0")[0] == 200
    whole = digits.json("/focus", method="POST", body=json.dumps({"nodes": [*range(12)]}).encode())["chart"]
    assert whole == digits.json("/chart")["chart"]


@pytest.mark.parametrize(
    ("form", "start"), [("svg", b"<svg"), ("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-1.")], ids=["svg", "png", "pdf"]
)
@pytest.mark.parametrize("view", ["", "&view=10,10,80,40&width=320", "&theme=dark&view=-50,0,900,200&group=0"])
def test_a_view_is_exported(digits: Client, form: str, start: bytes, view: str) -> None:
    status, headers, body = digits.ask(f"/export?format={form}{view}")
    assert status == 200
    assert body.startswith(start)
    assert headers["content-disposition"] == f'attachment; filename="digits.{form}"'


WRONG = [
    "/node", "/node?index=12", "/node?index=-1", "/node?index=1.5", "/node?index=٣", "/node?index=" + "9" * 400,
    "/group?index=99", "/parts?groups=0,x", "/parts?groups=99", "/parts?groups=" + ",".join(["0"] * 1001),
    "/weight/stats?code=99999", "/weight/stats", "/weight/slice?code=0", "/weight/slice?code=0&rows=0&columns=0&at=0",
    "/weight/slice?code=0&rows=0&columns=1&at=0,0,0,1000000", "/weight/slice?code=0&rows=9&columns=8&at=0,0,0,0",
    "/weight/slice?code=0&rows=a&columns=b&at=c", "/weight/histogram?code=0&bins=513",
    "/weight/histogram?code=0&bins=x", "/export", "/export?format=exe", "/export?format=svg&theme=none",
    "/export?format=svg&view=1,2,3",
    "/export?format=svg&view=nan,0,1,1", "/export?format=svg&view=0,0,0,0", "/export?format=svg&view=0,0,inf,1",
    "/export?format=png&view=0,0,1,1&group=99", "/export?format=svg&view=0,0,1,1&width=9999", "/chart?chart=x",
]  # fmt: skip


@pytest.mark.parametrize("path", WRONG, ids=range(len(WRONG)))
def test_wrong_requests_are_refused_in_words(digits: Client, path: str) -> None:
    status, _, body = digits.ask(path.encode().decode("latin-1") if path.isascii() else path.replace("٣", "%D9%A3"))
    assert status == 400, body
    told = json.loads(body)
    assert set(told) == {"error", "kind"}
    assert 10 < len(told["error"]) < 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b'{"nodes": 1}', b'{"nodes": [true]}',
                                  b'{"nodes": [12]}', b'{"nodes": ["a"]}', b'{"group": null}', b'{"nodes": []}',
                                  b'{"nodes": [1e400]}', b"\xff\xfe"])  # fmt: skip
def test_wrong_bodies_are_refused_in_words(digits: Client, body: bytes) -> None:
    status, _, answer = digits.ask("/focus", method="POST", body=body)
    assert status == 400
    assert json.loads(answer)["error"]


def test_other_methods_and_large_bodies_are_refused(digits: Client) -> None:
    assert digits.ask("/chart", method="POST", body=b"x")[0] == 405
    assert digits.ask("/focus")[0] == 405
    assert digits.ask("/chart", method="DELETE")[0] == 405
    with contextlib.suppress(ConnectionError):  # it need not hear the rest of what it refuses
        assert digits.ask("/focus", method="POST", body=b" " * (17 << 20))[0] == 413
    assert digits.ask("/chart")[0] == 200


def test_fuzzed_requests_are_answered_and_never_with_a_defect(digits: Client) -> None:
    chance = random.Random(1)
    paths = [
        "/",
        "/chart",
        "/parts",
        "/columns",
        "/node",
        "/group",
        "/weight/stats",
        "/weight/slice",
        "/export",
        "/focus",
    ]
    words = ["0", "1", "-1", "", "a", "1e9", "0,1,2", "%00", "%ff%fe", "../..", "<script>", "99999999999", "nan", "{}"]
    names = ["index", "groups", "chart", "code", "rows", "columns", "at", "bins", "format", "view", "group", "width"]
    for _ in range(400):
        query = "&".join(f"{chance.choice(names)}={chance.choice(words)}" for _ in range(chance.randrange(5)))
        method = chance.choice(["GET", "GET", "GET", "POST", "HEAD", "PUT", "OPTIONS"])
        body = chance.randbytes(chance.randrange(60)) if method in ("POST", "PUT") else None
        status, _, _ = digits.ask(f"{chance.choice(paths)}?{query}", method=method, body=body)
        assert status < 500
    assert digits.json("/chart")["model"]["nodes"] == 12


def test_bytes_that_are_no_request_do_no_harm(digits: Client) -> None:
    chance = random.Random(2)
    whole = f"GET /chart HTTP/1.1\r\nHost: {digits.host}\r\n{HEADER}: {digits.listening.token}\r\n\r\n".encode()
    for at in range(60):
        broken = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        data = (bytes(broken), chance.randbytes(200), whole[: chance.randrange(len(whole))], b"A" * 200_000)[at % 4]
        with socket.create_connection(("127.0.0.1", digits.listening.port), 5) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except OSError:
                pass
    assert digits.json("/chart")["model"]["nodes"] == 12


def test_twenty_clients_at_once_get_what_one_gets(digits: Client) -> None:
    paths = ["/chart", "/columns", "/attributes", "/parts?groups=0", "/node?index=5", "/weight/stats?code=0"]
    wanted = {path: digits.ask(path)[2] for path in paths}

    def client(seed: int) -> bool:
        chance = random.Random(seed)
        return all(digits.ask(path)[2] == wanted[path] for path in chance.choices(paths, k=12))

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(client, range(20)))


def test_clients_that_go_away_leave_nothing_behind(server: Callable[[Session], Client]) -> None:
    release = threading.Event()

    def slow() -> Graph:
        release.wait(20)
        return picture("a -> b")

    session = Session(Origin(slow, "slow"))
    client = server(session)
    for path in ("/chart", "/events", "/columns") * 4:
        with socket.create_connection(("127.0.0.1", client.listening.port), 5) as connection:
            request = f"GET {path} HTTP/1.1\r\nHost: {client.host}\r\n{HEADER}: {client.listening.token}\r\n\r\n"
            connection.sendall(request.encode())
            time.sleep(0.02)
    release.set()
    assert client.json("/chart")["model"]["nodes"] == 2
    until = time.monotonic() + 10
    while session._waiting and time.monotonic() < until:
        time.sleep(0.05)
    assert not session._waiting


def test_progress_is_told_while_a_model_is_read(server: Callable[[Session], Client]) -> None:
    release = threading.Event()

    def slow() -> Graph:
        release.wait(20)
        return picture("a -> b")

    client = server(Session(Origin(slow, "slow.keras", bytes=12345)))
    assert client.ask("/")[0] == 200
    told = []
    for name, event in client.events():
        check(event, contract.Progress, name)
        told.append(event)
        assert name == "progress"
        if len(told) == 3:
            release.set()
        if event["state"] == "ready":
            break
    assert [event["state"] for event in told[:3]] == ["reading"] * 3
    assert told[0]["name"] == "slow.keras"
    assert told[0]["bytes"] == 12345
    assert told[2]["seconds"] > told[0]["seconds"]
    assert told[-1]["chart"] == client.json("/chart")["chart"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ReadError("cut short at byte 7", path="x.keras"), "ReadError"),
        (ZeroDivisionError("\x1b[31mred"), "ZeroDivisionError"),
        (MemoryError(), "MemoryError"),
        (RecursionError("deep"), "RecursionError"),
    ],
    ids=["read", "defect", "memory", "deep"],
)
def test_a_reader_that_fails_leaves_the_server_up(
    server: Callable[[Session], Client], error: Exception, kind: str
) -> None:
    def fails() -> Graph:
        raise error

    client = server(Session(Origin(fails, "broken.keras")))
    for path in (
        "/chart",
        "/columns",
        "/node?index=0",
        "/parts?groups=0",
        "/export?format=svg",
        "/weight/stats?code=0",
    ):
        status, _, body = client.ask(path)
        assert status == 422
        told = json.loads(body)
        assert told["kind"] == kind
        assert "\x1b" not in told["error"]
        assert told["error"]
    assert client.ask("/")[0] == 200
    assert next(event for _, event in client.events())["state"] == "failed"


def test_a_damaged_file_is_told_in_the_readers_words(server: Callable[[Session], Client], tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(DIGITS.read_bytes()[:9000])
    client = server(file_session(str(tmp_path / "m.keras")))
    status, _, body = client.ask("/chart")
    assert status == 422
    assert "m.keras" in json.loads(body)["error"]


def test_a_watched_file_is_read_again(server: Callable[[Session], Client], tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(DIGITS.read_bytes())
    client = server(file_session(str(path), watch=True))
    before = client.json("/chart")
    told = client.events()
    assert next(told)[1]["state"] == "ready"
    path.write_bytes((ROOT / "examples" / "resnet50.keras").read_bytes())
    event = next(event for name, event in told if name == "changed")
    after = client.json("/chart")
    assert after["chart"] == event["chart"] > before["chart"]
    assert after["model"]["nodes"] == 177
    assert client.ask(f"/parts?chart={before['chart']}&groups=0")[0] == 410
    path.write_bytes(b"broken")
    assert next(event for _, event in told if event["state"] == "failed")["error"]
    path.write_bytes(DIGITS.read_bytes())
    assert next(event for name, event in told if name == "changed")["chart"] > after["chart"]
    assert client.json("/chart")["model"]["nodes"] == 12


def test_names_that_are_html_travel_as_text(server: Callable[[Session], Client]) -> None:
    graph = picture("<img_src=x> -> g/</script>\n g/</script> -> \u202eevil", '"><script>alert(1)</script>\r\nX: y')
    client = server(Session(Origin(lambda: graph, "<b>.keras")))
    head = client.json("/chart")
    assert head["model"]["name"] == '"><script>alert(1)</script>↵X: y'
    status, headers, _ = client.ask("/export?format=svg")
    assert status == 200
    assert headers["content-disposition"] == 'attachment; filename="___script_alert_1___script___X__y.svg"'
    assert "x" not in headers
    assert client.ask("/weight/stats?code=0")[0] == 400


@pytest.mark.parametrize(
    ("host", "near"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True), ("127.evil.example", False),
     ("0.0.0.0", False), ("::", False), ("192.168.1.5", False), ("", False), ("localhost.evil.example", False)],
)  # fmt: skip
def test_which_addresses_only_this_machine_reaches(host: str, near: bool) -> None:
    assert is_loopback(host) is near


def test_answers_that_leave_this_machine_are_compressed() -> None:
    session = file_session(str(DIGITS))
    listening = Listening(session, "0.0.0.0", 0)
    session.start()
    thread = threading.Thread(target=listening.serve, daemon=True)
    thread.start()
    client = Client(listening)
    try:
        status, headers, body = client.ask("/chart", {"Accept-Encoding": "gzip", "Host": f"10.1.2.3:{listening.port}"})
        assert (status, headers["content-encoding"], body[:2]) == (200, "gzip", b"\x1f\x8b")
        assert client.ask("/chart", {"Host": f"evil.example:{listening.port}"})[0] == 403
    finally:
        listening.end()
        thread.join(10)


def test_reading_gives_the_same_as_read(digits: Client) -> None:
    assert digits.json("/chart")["model"]["parameters"] == sum(weight.parameters for weight in read(DIGITS).weights)
