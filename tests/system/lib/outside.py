#!/usr/bin/python3
# What messages meet outside: a name server that knows one name, a server that takes whatever it is sent; and, on this side, a resolver
# between the name server and a program, as systemd-resolved and dnsmasq are.
# tests/system/ runs it; it prints "ready" and lives until it is killed:
#   outside.py names DIRECTORY IPV4 IPV6     answers on port 53 of every address; a line in DIRECTORY/names a question. The name is good.test;
#                                          DIRECTORY/families says which addresses it has: 4, 6 or 46
#   outside.py take PORT                    says "taken" when all has come; on every address
#   outside.py relay ADDRESS SERVER UID early|late    asks SERVER as user UID what it is asked at ADDRESS; early: that user opens port 53,
#                                          late: root opens it, and then becomes that user
import os, socket, socketserver, struct, sys


def name_of(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels), struct.unpack(">H", query[at + 1 : at + 3])[0], query[12 : at + 5]


def answer(query, addresses):
    name, kind, question = name_of(query)
    found = addresses.get(kind) if name == "good.test" else None
    code = 0 if name == "good.test" else 3
    head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, 1 if found else 0, 0, 0)
    return head + question + (b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(found)) + found if found else b"")


def bound(address, port):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, port))
    return s


def names(directory, four, six):
    s = bound("::", 53)
    known = {"4": (1, socket.inet_pton(socket.AF_INET, four)), "6": (28, socket.inet_pton(socket.AF_INET6, six))}
    print("ready", flush=True)
    while True:
        query, who = s.recvfrom(4096)
        with open(directory + "/names", "a") as log:
            log.write("%s %s\n" % (who[0].replace("::ffff:", ""), name_of(query)[0]))
        s.sendto(answer(query, dict(known[f] for f in open(directory + "/families").read().strip())), who)


def relay(address, server, uid, when):
    if when == "early":
        os.setuid(int(uid))
    s = bound(address, 53)
    if when == "late":
        os.setuid(int(uid))
    print("ready", flush=True)
    while True:
        query, who = s.recvfrom(4096)
        with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.settimeout(2)
            out.connect((server, 53))
            try:
                out.send(query)
                s.sendto(out.recv(4096), who)
            except OSError:
                pass


class Take(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(65536):
            pass
        self.request.sendall(b"taken")


class Server(socketserver.ThreadingTCPServer):
    address_family, allow_reuse_address, daemon_threads = socket.AF_INET6, True, True

    def handle_error(self, *_):
        pass


def take(port):
    with Server(("::", int(port)), Take) as s:
        print("ready", flush=True)
        s.serve_forever()


globals()[sys.argv[1]](*sys.argv[2:])
