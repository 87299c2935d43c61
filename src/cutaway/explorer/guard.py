"""`Guard`: only the holder of the token is answered, and only pages of this very server may ask.

A page elsewhere in the same browser can send requests to any port of this machine, and a name that it owns can be made
to mean this machine. So every request must name this server as its host, must not come from another site, and must
carry the token: in its address, in a header, or in a cookie that scripts cannot read and other sites cannot send.
"""

from __future__ import annotations

import ipaddress
import secrets
import threading
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cutaway.explorer.replies import problem

HEADER = "x-cutaway-token"

POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self'; img-src 'self' blob: data:; "
    "media-src blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What the page may load and run: nothing but what this server sends, and nothing that stands in the page itself."""

_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "x-frame-options": "DENY",
}


class Guard:
    """Checks every request before the application sees it, and sets the headers of every answer.

    Args:
        app: The application.
        token: The secret.
        hosts: Names, with the port, by which this server may be called.
        any_address: Whether any numeric address is such a name too, as where it listens on all of them.
        port: Its port.
    """

    def __init__(self, app: ASGIApp, *, token: str, hosts: frozenset[str], any_address: bool, port: int) -> None:
        self._app = app
        self._token = token
        self._hosts = hosts
        self._any_address = any_address
        self._port = port
        self._cookie = f"cutaway-{port}"  # cookies do not tell ports apart
        self._once: set[str] = set()
        self._lock = threading.Lock()

    def once(self) -> str:
        """A word that opens the page one time: other users of this machine may see how a browser was started."""
        word = secrets.token_urlsafe(24)
        self._once.add(word)
        return word

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        given = _query(scope)
        reason = self._foreign(scope, headers, given)
        set_cookie = False

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    found[name] = value
                if "cache-control" not in found:
                    found["cache-control"] = "no-store"
                if set_cookie:
                    found.append("set-cookie", f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict")
            await send(message)

        if reason:
            await problem(403, reason, "Forbidden")(scope, receive, answer)
            return
        if scope["path"] == "/" and self._spend(given.get("once", "")):
            set_cookie = True
            await RedirectResponse("/", 303)(scope, receive, answer)
            return
        if not self._holds(headers, given):
            words = "this address lacks its token: open the whole address that cutaway printed"
            await problem(401, words, "Unauthorized")(scope, receive, answer)
            return
        set_cookie = scope["path"] == "/"
        await self._app(scope, receive, answer)

    def _spend(self, word: str) -> bool:
        with self._lock:
            if word and word in self._once:
                self._once.discard(word)
                return True
        return False

    def _foreign(self, scope: Scope, headers: Headers, given: dict[str, str]) -> str:
        """Why a request is not from a page of this server, or an empty text."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_here(hosts[0].lower()):
            return "this server is not called that: open the address that cutaway printed"
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"http://{hosts[0].lower()}":
            return "pages of other sites are not answered"
        site = headers.get("sec-fetch-site", "none")
        arriving = (
            headers.get("sec-fetch-mode") == "navigate"
            and scope["method"] == "GET"
            and scope["path"] == "/"
            and ("token" in given or "once" in given)
        )
        if site not in ("none", "same-origin") and not arriving:
            return "pages of other sites are not answered"
        return ""

    def _is_here(self, host: str) -> bool:
        if host in self._hosts:
            return True
        name, colon, port = host.rpartition(":")
        if not self._any_address or not colon or port != str(self._port):
            return False
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True

    def _holds(self, headers: Headers, given: dict[str, str]) -> bool:
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
        except CookieError:
            cookies.clear()
        cookie = cookies.get(self._cookie)
        offered = (given.get("token"), headers.get(HEADER), None if cookie is None else cookie.value)
        return any(self._is_token(word) for word in offered if word)

    def _is_token(self, word: str) -> bool:
        return secrets.compare_digest(word.encode("utf-8", "replace"), self._token.encode())


def _query(scope: Scope) -> dict[str, str]:
    """The query of a request; an empty one where it has too many members."""
    try:
        return dict(parse_qsl(scope["query_string"].decode("latin-1"), max_num_fields=40))
    except ValueError:
        return {}
