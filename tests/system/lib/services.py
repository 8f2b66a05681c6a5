#!/usr/bin/python3
# Stand-ins for services that cannot be reached here: each takes a request only when it is what the service publishes: method, path, headers,
# a JSON without a field too many, lengths (services.json says from where each rule is).
# tests/system/services.sh runs it: services.py DIRECTORY ADDRESS. DIRECTORY/good.pem and .key are its certificate; the host name's first
# label is the service. DIRECTORY/services.log has a JSON line a request. Prints "ready".
import http.server, json, os, re, socketserver, ssl, sys

import jsonschema

DIR, ADDRESS = sys.argv[1:]
RULES = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "services.json")))


def at(body, path):
    for name in path.split("."):
        body = body[name]
    return body


def judge(rule, handler, raw):
    if handler.command != rule["method"]:
        return f"method {handler.command}"
    if not re.search(rule["path"], handler.path):
        return f"path {handler.path}"
    if handler.headers.get("Content-Type") != "application/json":
        return "content type"
    for name, want in rule.get("headers", {}).items():
        if not re.search(want, handler.headers.get(name, "")):
            return f"header {name}"
    body = json.loads(raw.decode("utf-8"), object_pairs_hook=lambda p: dict(p) if len(dict(p)) == len(p) else 1 / 0)
    jsonschema.validate(body, rule["body"])
    for path, most in rule.get("bytes", {}).items():
        if len(at(body, path).encode()) > most:
            return f"{path}: {len(at(body, path).encode())} bytes"
    if len(raw) > 60000:
        return f"{len(raw)} bytes in all"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.headers.get("Host", "").split(".")[0]
        rule = RULES[name]
        try:
            wrong = judge(rule, self, raw)
        except Exception as e:
            wrong = f"{type(e).__name__}: {str(e).splitlines()[0]}"
        with open(DIR + "/services.log", "a") as f:
            f.write(json.dumps({"service": name, "wrong": wrong, "body": raw.decode("latin-1")}) + "\n")
        answer = b"" if rule["answer"] is None else rule["answer"].encode() if isinstance(rule["answer"], str) else json.dumps(rule["answer"]).encode()
        status = rule.get("status", 200)
        if wrong:
            status, answer = 400, b"no"
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT = do_GET = do

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True


server = Server((ADDRESS, 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(DIR + "/good.pem", DIR + "/good.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
