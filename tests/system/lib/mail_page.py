#!/usr/bin/python3
# Is the HTML of a stored mail sound, as mail programs want it: every element closed in its order, cells in rows in tables, nothing that
# they do not show, and bars that are as wide as they should be.
# Topics of tests/system run it: mail_page.py FILE [WIDTH]: a line a fault, or "sound" and, of each bar that is WIDTH wide, its cells' widths.
import email, email.policy, html.parser, sys

INSIDE = {"td": {"tr"}, "th": {"tr"}, "tr": {"table"}, "table": {"body", "td", "div"}, "div": {"body"}, "b": {"div"}, "font": {"th"}}
SHOWN = {"html", "head", "meta", "title", "body", "div", "b", "br", "table", "tr", "th", "td", "font"}
VOID = {"meta", "br"}


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.faults, self.bars, self.rows = [], [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in SHOWN or dict(attrs).keys() & {"style", "class", "src", "href"} or len(dict(attrs)) != len(attrs):
            self.faults.append(f"<{tag} {attrs}>")
        if tag in INSIDE and (not self.open or self.open[-1][0] not in INSIDE[tag]):
            self.faults.append(f"<{tag}> in {[t for t, _ in self.open]}")
        if tag == "tr":
            self.rows.append([])
        if tag == "td" and self.rows:
            self.rows[-1].append(dict(attrs).get("width"))
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open[-1][0] != tag:
            self.faults.append(f"</{tag}> in {[t for t, _ in self.open]}")
            return
        attrs = self.open.pop()[1]
        if tag == "tr":
            cells = self.rows.pop()
            if self.open and self.open[-1][1].get("width") == (sys.argv[2] if len(sys.argv) > 2 else None):
                self.bars.append(cells)


m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
page = m.get_body(("html",)).get_content()
r = Reader()
r.feed(page)
r.close()
if r.open or not page.startswith("<!DOCTYPE html>"):
    r.faults.append(f"left open: {r.open}")
print(*r.faults, sep="\n") if r.faults else print("sound", *("+".join(map(str, b)) for b in r.bars))
