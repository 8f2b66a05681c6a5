# What somebody could do to a table by hand, one thing at a time, made from nft's JSON of it: "list" prints a line a damage, a line of these
# as argument prints the batch that does it. CHAINS and SETS, regular expressions, say what of the table is meant.
# Kept apart from the program's own readers on purpose.
# Run by mend_enforce.sh: damage.py TABLE.json CHAINS SETS list|"DAMAGE"
import json
import re
import sys

table = {"chain": [], "rule": [], "set": [], "map": [], "quota": [], "limit": []}
for item in json.load(open(sys.argv[1], encoding="utf-8"))["nftables"]:
    for kind, thing in item.items():
        if kind in table:
            table[kind].append(thing)
chains = [c for c in table["chain"] if re.search(sys.argv[2], c["name"])]
sets = [dict(s, kind=kind) for kind in ("set", "map") for s in table[kind] if re.search(sys.argv[3], s["name"])]
objects = [dict(o, kind=kind) for kind in ("quota", "limit") for o in table[kind]]
HERE = {"family": "inet", "table": "portflow"}


def rules(chain):
    return [r for r in table["rule"] if r["chain"] == chain]


def bare(thing):
    return {k: v for k, v in thing.items() if k not in ("handle", "kind", "elem", "index")}


def add(kind, thing, how="add"):
    return {how: {kind: bare(thing)}}


def gone(rule):
    return {"delete": {"rule": dict(HERE, chain=rule["chain"], handle=rule["handle"])}}


def key(s, e):
    e = e[0] if s["kind"] == "map" else e
    return e["elem"]["val"] if isinstance(e, dict) and "elem" in e else e


def element(s, e, timeout="as it was", data=None, how="add"):
    k = e[0] if s["kind"] == "map" else e
    if timeout != "as it was":
        k = {"elem": {"val": key(s, e), "timeout": timeout}} if timeout else key(s, e)
    if how == "delete":
        return {how: {"element": dict(HERE, name=s["name"], elem=[key(s, e)])}}
    return {how: {"element": dict(HERE, name=s["name"], elem=[[k, data or e[1]] if s["kind"] == "map" else k])}}


def users(text):
    return [gone(r) for r in table["rule"] if re.search(r'"%s"' % re.escape(text), json.dumps(r["expr"]))]


def without_set(s):
    return users("@" + s["name"]) + [{"delete": {s["kind"]: dict(HERE, name=s["name"])}}]


def without_object(o):
    batch = []
    for s in (dict(m, kind="map") for m in table["map"]):
        batch += [element(s, e, how="delete") for e in s.get("elem", []) if s["map"] == o["kind"] and e[1] == o["name"]]
    return batch, [{"delete": {o["kind"]: dict(HERE, name=o["name"])}}]


def with_object(o, **changes):
    """Deleted and made again with other values, and with all that points at it."""
    out, delete = without_object(o)
    back = []
    for s in (dict(m, kind="map") for m in table["map"]):
        back += [element(s, e) for e in s.get("elem", []) if s["map"] == o["kind"] and e[1] == o["name"]]
    return out + delete + [add(o["kind"], dict(o, **changes))] + back


def damages():
    for c in chains:
        of = rules(c["name"])
        flush = {"flush": {"chain": dict(HERE, name=c["name"])}}
        for n, r in enumerate(of):
            what = "rule %d of %s" % (n, c["name"])
            yield what + " deleted", [gone(r)]
            if n > 0:
                yield what + " moved to the front", [gone(r), add("rule", r, "insert")]
            if {"drop": None} in r["expr"]:
                yield what + " accepts", [{"replace": {"rule": dict(HERE, chain=r["chain"], handle=r["handle"],
                    expr=[e for e in r["expr"] if e != {"drop": None}] + [{"accept": None}])}}]
        yield c["name"] + " emptied", [flush]
        yield c["name"] + " passed by", [add("rule", dict(HERE, chain=c["name"], expr=[{"accept": None}]), "insert")]
        yield c["name"] + " drops at its end", [add("rule", dict(HERE, chain=c["name"], expr=[{"drop": None}]))]
        if of:
            yield c["name"] + " with a rule twice", [add("rule", of[-1])]
        if "hook" in c:
            again = [add("rule", r) for r in of]
            delete = [flush, {"delete": {"chain": dict(HERE, name=c["name"])}}]
            yield c["name"] + " drops by policy", [add("chain", dict(c, policy="drop"))]
            yield c["name"] + " at another priority", delete + [add("chain", dict(c, prio=c["prio"] + 50))] + again
            yield c["name"] + " at another hook", delete + [add("chain", dict(c, hook="input"))] + again
            yield c["name"] + " no base chain", delete + [add("chain", {k: c[k] for k in ("family", "table", "name")})] + again
            yield c["name"] + " gone", delete
    for s in sets:
        timed = "timeout" in s.get("flags", [])
        elements = s.get("elem", [])
        if elements:
            yield s["name"] + " emptied", [{"flush": {s["kind"]: dict(HERE, name=s["name"])}}]
        yield s["name"] + " gone, with its rules", without_set(s)
        flags = [f for f in s.get("flags", []) if f != "timeout"] + ([] if timed else ["timeout"])
        other = {k: v for k, v in s.items() if k != "flags"}
        yield s["name"] + " with other flags", without_set(s) + [add(s["kind"], dict(other, flags=flags) if flags else other)]
        for n, e in enumerate(elements):
            what = "element %d of %s" % (n, s["name"])
            yield what + " deleted", [element(s, e, how="delete")]
            if timed:
                yield what + " for ever", [element(s, e, how="delete"), element(s, e, None)]
                yield what + " for an hour", [element(s, e, how="delete"), element(s, e, 3600)]
            if s["kind"] == "map":
                others = [o["name"] for o in objects if o["kind"] == s["map"] and o["name"] != e[1]]
                if others:
                    yield what + " of another object", [element(s, e, how="delete"), element(s, e, data=others[0])]
        if s["type"] == "inet_service":
            data = [o["name"] for o in objects if o["kind"] == s.get("map")]
            if s["kind"] == "set" or data:
                yield s["name"] + " with a stranger", [element(s, [9, None] if s["kind"] == "map" else 9, data=data[0] if data else None)]
    for o in objects:
        out, delete = without_object(o)
        yield o["kind"] + " " + o["name"] + " gone", out + delete
        if o["kind"] == "quota":
            yield "quota " + o["name"] + " of another size", with_object(o, bytes=o["bytes"] * 2)
            yield "quota " + o["name"] + " never used", with_object(o, used=0) if o["used"] > 65536 + o["bytes"] / 1000 else [] # else it is near enough
            yield "quota " + o["name"] + " used up", with_object(o, used=o["bytes"]) if o["used"] < o["bytes"] else []
            yield "quota " + o["name"] + " upside down", with_object(o, inv=False)
        else:
            yield "limit " + o["name"] + " of another rate", with_object(o, rate=o["rate"] * 2)
            yield "limit " + o["name"] + " of another burst", with_object(o, burst=o["burst"] * 2)
            yield "limit " + o["name"] + " a minute", with_object(o, per="minute")
            yield "limit " + o["name"] + " upside down", with_object(o, inv=False)


for label, batch in damages():
    if not batch:
        continue
    if sys.argv[4] == "list":
        print(label)
    elif sys.argv[4] == label:
        print(json.dumps({"nftables": batch}))
