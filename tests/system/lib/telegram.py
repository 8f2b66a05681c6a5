#!/usr/bin/python3
# A stand-in for api.telegram.org, which cannot be reached here: it takes a request only when the published description of the Bot API does
# (telegram.json: names, types and what is required of sendMessage, Bot API 10.1), and the text only when its HTML mode would.
# tests/system/notify.sh runs it: telegram.py DIRECTORY ADDRESS. DIRECTORY/telegram.pem and .key are its certificate;
# DIRECTORY/telegram.log has a JSON line a request; DIRECTORY/telegram.next, if it is there, says what to answer: a line each, the last one
# for ever: "ok", "STATUS DESCRIPTION", "429 SECONDS", "wait SECONDS", "drop", "taken" (taken, but no answer).
import html.parser, http.server, json, os, re, socketserver, ssl, sys, time

DIR, ADDRESS = sys.argv[1:]
API = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "telegram.json")))
TOKEN = "123:abc"
TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "a", "tg-spoiler", "span", "blockquote", "tg-emoji"}
PYTHON = {"Integer": int, "Boolean": bool, "String": str}


class Markup(html.parser.HTMLParser):
    """Visible text of Telegram's HTML mode; errors as it reports them."""

    def __init__(self):
        super().__init__(convert_charrefs=False)
        self.text, self.open, self.wrong = "", [], None

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS:
            self.wrong = f"Unsupported start tag \"{tag}\""
        self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong = f"Unexpected end tag \"{tag}\""

    def handle_data(self, data):
        if "<" in data or ">" in data:
            self.wrong = "a bare < or >"
        self.text += data

    def handle_entityref(self, name):
        self.text += {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}.get(name) or self.refuse(name)

    def handle_charref(self, name):
        self.text += chr(int(name[1:], 16) if name[:1] in "xX" else int(name))

    def refuse(self, name):
        self.wrong = f"unsupported entity {name}"
        return "?"


def typed(value, types):
    return any(isinstance(value, PYTHON[t]) and not (t == "Integer" and isinstance(value, bool)) if t in PYTHON else isinstance(value, (dict, list)) for t in types)


def judge(fields, body, where):
    for name, f in fields.items():
        if f["required"] and name not in body:
            return f"{where}{name} is required"
    for name, value in body.items():
        if name not in fields:
            return f"{where}{name} is unknown"
        if not typed(value, fields[name]["types"]):
            return f"{where}{name} has a wrong type"


def problem(handler, raw):
    if handler.path != f"/bot{TOKEN}/sendMessage":
        return 404 if handler.path.startswith(f"/bot{TOKEN}/") else 401, "Unauthorized"
    if handler.headers.get("Content-Type") != "application/json":
        return 400, "content type"
    if handler.headers.get("Host") != "api.telegram.org":
        return 400, "host"
    try:
        body = json.loads(raw.decode("utf-8"), object_pairs_hook=lambda p: dict(p) if len(dict(p)) == len(p) else 1 / 0)
    except Exception:
        return 400, "can't parse JSON"
    wrong = judge(API["fields"], body, "") or judge(API["LinkPreviewOptions"], body.get("link_preview_options", {}), "link_preview_options.")
    if wrong:
        return 400, wrong
    if not re.fullmatch(r"-?\d+|@\w+", str(body["chat_id"])):
        return 400, "chat not found"
    m = Markup()
    m.feed(body["text"])
    m.close()
    units = len(m.text.encode("utf-16-le")) // 2
    if body.get("parse_mode") != "HTML" or m.wrong or m.open:
        return 400, f"can't parse entities: {m.wrong or m.open}"
    if not m.text.strip():
        return 400, "message text is empty"
    if units > 4096:
        return 400, f"message is too long: {units}"
    handler.seen = {"chat": str(body["chat_id"]), "text": m.text, "units": units}


def script():
    path = DIR + "/telegram.next"
    try:
        lines = open(path).read().splitlines()
    except FileNotFoundError:
        return "ok"
    if len(lines) > 1:
        with open(path + ".new", "w") as f:
            f.write("\n".join(lines[1:]) + "\n")
        os.rename(path + ".new", path)
    return lines[0] if lines else "ok"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen = {"raw": raw.decode("latin-1")[:300]}
        bad, say = problem(self, raw), script()
        if bad:
            say = "%d %s" % bad
        word, _, rest = say.partition(" ")
        if word == "wait":
            time.sleep(float(rest))
            word = "ok"
        with open(DIR + "/telegram.log", "a") as f:
            f.write(json.dumps({"said": word, "why": rest, **self.seen}) + "\n")
        if word in ("drop", "taken"):
            self.close_connection = True
            return
        if word == "ok":
            return self.answer(200, {"ok": True, "result": {"message_id": 1, "date": int(time.time()), "chat": {"id": 1, "type": "private"}}})
        answer = {"ok": False, "error_code": int(word), "description": rest}
        if word == "429":
            answer.update(description=f"Too Many Requests: retry after {rest}", parameters={"retry_after": int(rest)})
        self.answer(int(word), answer)

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True


server = Server((ADDRESS, 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(DIR + "/telegram.pem", DIR + "/telegram.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
