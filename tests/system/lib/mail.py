#!/usr/bin/python3
# What a reader of mail makes of a stored one: Python's email, which knows nothing of libcurl. A line a fact.
# A mail may be accepted by a server and still be broken for everybody who opens it.
# tests/system/net.sh runs it: mail.py FILE [PART_FILE...]: parts are compared with these files, line ends aside.
import email, email.policy, sys

raw = open(sys.argv[1], "rb").read()
m = email.message_from_bytes(raw, policy=email.policy.default)
lines = raw.split(b"\r\n")
print("longest line <= 998:", max(map(len, lines)) <= 998, "bare line ends:", raw.replace(b"\r\n", b"").count(b"\n"))
print("ascii:", raw.isascii())
for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Bcc"):
    print(f"{name}: {m[name]!s}")
print("defects:", sum(len(p.defects) for p in m.walk()))
files = sys.argv[2:]


def content(part):
    got = part.get_content()
    want = open(files.pop(0), "rb").read()
    if isinstance(got, str):
        return "the file" if got == want.decode().rstrip("\n").replace("\n", "\r\n") + "\r\n" else repr(got)
    return "the file" if got == want else repr(got)


for p in m.walk():
    if p.is_multipart():
        print(p.get_content_type())
    else:
        print(p.get_content_type(), p["Content-Transfer-Encoding"], p.get_filename(), content(p))
