#!/usr/bin/python3
# Servers that behave as the worst do: HTTP with and without TLS, two proxies, SMTP of every kind (python3-aiosmtpd and by hand).
# What a client does with a silent, lying or broken server can only be seen against one.
# tests/system/ runs it: servers.py DIRECTORY [ADDRESS] (good.pem, good.key, other.pem, other.key). ADDRESS "": all. It prints "ready" and lives until
# it is killed. DIRECTORY/log has a JSON line a request, DIRECTORY/mail/N.eml the mails, .json their envelopes.
import asyncio, email.utils, json, os, socket, ssl, struct, sys, time

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

DIR = sys.argv[1]
LOG = open(DIR + "/log", "a", buffering=1)
ADDRESS = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"


def tls(name):
    c = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    c.load_cert_chain(f"{DIR}/{name}.pem", f"{DIR}/{name}.key")
    return c


def log(**what):
    LOG.write(json.dumps(what) + "\n")


def reset(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


# -- HTTP ----------------------------------------------------------------------------------------------------------------
async def read_request(r):
    head = await r.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(l.split(": ", 1) for l in lines if ": " in l)
    lower = {k.lower(): v for k, v in headers.items()}
    body = await r.readexactly(int(lower.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return method, path, headers, body


def answer(status, body=b"", **headers):
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    headers.setdefault("Content-Length", len(body))
    lines = [f"HTTP/1.1 {status} Reason"] + [f"{k}: {v}" for k, v in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def for_ever(w, chunk, pause):
    while True:
        w.write(chunk)
        await w.drain()
        await asyncio.sleep(pause)


async def http(r, w, where):
    while True:
        method, path, headers, body = await read_request(r)
        log(where=where, method=method, path=path, headers=headers, body=body.decode("latin-1"))
        word = path.split("/")[1].split("?")[0]
        if word == "ok":
            w.write(answer(200, b'{"ok":true}'))
        elif word == "empty":
            w.write(answer(204))
        elif word == "echo":
            w.write(answer(404, f"no {path} for {headers.get('Authorization')}\r\nat all\r\n".encode()))
        elif word == "later":
            w.write(answer(429, b'{"retry_after":5}', Retry_After=17))
        elif word == "date":
            w.write(answer(503, b"", Retry_After=email.utils.formatdate(time.time() + 3600, usegmt=True)))
        elif word == "broken":
            w.write(answer(500, b"oops"))
        elif word == "redirect":
            w.write(answer(302, b"", Location="https://elsewhere.test/secret-of-theirs"))
        elif word == "moved":
            w.write(answer(301, b"", Location="http://good.test:8081/new" + path[6:] + "?" + path[7:]))
        elif word == "reset":
            return reset(w)
        elif word == "close":
            return
        elif word == "silent":
            await asyncio.sleep(3600)
        elif word == "loris":
            for byte in b"HTTP/1.1 200 OK":
                w.write(bytes([byte]))
                await asyncio.sleep(1)
        elif word == "garbage":
            w.write(bytes(range(256)) * 16)
            return
        elif word == "short":
            w.write(answer(200, b"half", Content_Length=4000))
            return
        elif word == "trickle":
            w.write(answer(200, b"slow", Content_Length=4000))
            await for_ever(w, b".", 0.1)
        elif word == "huge":
            w.write(answer(200, b"", Content_Length=1 << 40))
            await for_ever(w, b"x" * 65536, 0)
        elif word == "heads":
            w.write(b"HTTP/1.1 200 OK\r\n")
            await for_ever(w, b"X-More: " + b"x" * 1000 + b"\r\n", 0)
        await w.drain()


# -- proxies -------------------------------------------------------------------------------------------------------------
async def pump(r, w):
    try:
        while data := await r.read(65536):
            w.write(data)
            await w.drain()
    finally:
        w.close()


async def join(r, w, host, port):
    # every name is this machine: that a name arrives shows who resolves it
    far_r, far_w = await asyncio.open_connection(ADDRESS, port)
    return far_r, far_w


async def http_proxy(r, w):
    head = await r.readuntil(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
    log(where="proxy", method=method, target=target, head=head.decode("latin-1"))
    if method != "CONNECT" or "refused" in target:
        w.write(answer(403, b"not through here"))
        await w.drain()
        return
    host, port = target.rsplit(":", 1)
    far_r, far_w = await join(r, w, host, int(port))
    w.write(b"HTTP/1.1 200 Connection established\r\nX-Odd: 1\r\n\r\n")
    await asyncio.gather(pump(r, far_w), pump(far_r, w), return_exceptions=True)


async def socks_proxy(r, w):
    _, n = await r.readexactly(2)
    await r.readexactly(n)
    w.write(b"\x05\x00")
    _, _, _, kind, n = await r.readexactly(5)
    host = (await r.readexactly(n)).decode() if kind == 3 else "an address"
    (port,) = struct.unpack(">H", await r.readexactly(2))
    log(where="socks", target=host)
    far_r, far_w = await join(r, w, host, port)
    w.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
    await asyncio.gather(pump(r, far_w), pump(far_r, w), return_exceptions=True)


# -- SMTP ----------------------------------------------------------------------------------------------------------------
class Handler:
    mails = 0
    greylisted = False

    async def handle_RCPT(self, server, session, envelope, address, options):
        word = address.split("@")[0]
        if word == "temp451":
            return "451 4.3.0 temporary failure, try again"
        if word == "greylist" and not Handler.greylisted:
            Handler.greylisted = True
            return "450 4.2.0 greylisted"
        if word == "perm550":
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if b"X-Test: full" in envelope.content:
            return "452 4.2.2 mailbox full"
        Handler.mails += 1
        name = f"{DIR}/mail/{Handler.mails}"
        with open(name + ".eml", "wb") as f:
            f.write(envelope.content)
        with open(name + ".json", "w") as f:
            json.dump({"from": envelope.mail_from, "to": envelope.rcpt_tos, "ehlo": session.host_name,
                       "tls": session.ssl is not None, "login": bool(session.authenticated)}, f)
        return "250 2.0.0 taken"


def login(server, session, envelope, mechanism, data):
    log(where="smtp", mechanism=mechanism)
    good = isinstance(data, LoginPassword) and data.login == b"test" and data.password == b"secret"
    return AuthResult(success=good, handled=False)


async def smtp(port, ssl_context=None, **options):
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: SMTP(Handler(), hostname="good.test", loop=loop, **options), ADDRESS, port, ssl=ssl_context)


async def by_hand(r, w, port):
    """What to say: first a greeting, then a reply to each line; after 354 the mail comes, until its dot. None: nothing more."""
    for reply in SCRIPTS[port]:
        if reply is None:
            log(where=str(port))
            await asyncio.sleep(3600)
        w.write(reply)
        await w.drain()
        if reply.startswith(b"354"):
            await r.readuntil(b"\r\n.\r\n")
        elif reply.startswith((b"2", b"3")):
            await r.readline()


EHLO = b"250-good.test\r\n250 8BITMIME\r\n"
SCRIPTS = {
    31: [b"421 4.7.0 too busy\r\n"],
    32: [b"554 5.7.1 go away\r\n"],
    33: [b"220 hello\r\n", EHLO, b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"],  # takes it, says nothing
    34: [b"220 hello\r\n", EHLO, b"250 OK\r\n"],  # closes in the middle
    35: [b"\x00\xff" * 1000],
    36: [b"220 hello\r\n", EHLO, b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n", None],
    37: [b"220-" + b"x" * 900 + b"\r\n"] * 1000,
    40: [(b"220-" + b"x" * 500 + b"\r\n") * 2000],
    38: [b"220 hello\r\n", EHLO, b"550-5.7.1 pass secret of test\r\n550 5.7.1 is bad\x07\r\n"],
}


async def serve(port, handler, context=None):
    async def safe(r, w):
        try:
            await handler(r, w)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError, asyncio.LimitOverrunError):
            pass
        finally:
            w.close()

    await asyncio.start_server(safe, ADDRESS, port, ssl=context)


async def silence(r, w):
    log(where="silence")
    await asyncio.sleep(3600)


async def main():
    good, other = tls("good"), tls("other")
    await serve(80, lambda r, w: http(r, w, "http"))
    await serve(443, lambda r, w: http(r, w, "https"), good)
    await serve(444, lambda r, w: http(r, w, "other"), other)
    await serve(81, silence)
    await serve(8080, http_proxy)
    await serve(1080, socks_proxy)
    auth = dict(authenticator=login, auth_required=True)
    await smtp(587, tls_context=good, require_starttls=True, auth_require_tls=True, **auth)
    await smtp(465, good, auth_require_tls=False, **auth)
    await smtp(588, tls_context=other, require_starttls=True)
    await smtp(25)
    for port in SCRIPTS:
        await serve(port, lambda r, w, port=port: by_hand(r, w, port))
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
