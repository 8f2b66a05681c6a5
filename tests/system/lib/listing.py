# What nft's JSON of a table says, without what moves by itself: counted values, handles, deadlines, the order of hashed elements.
# Two tables that enforce the same print the same. With "ends": when its timed elements end, in Unix seconds, and what its quotas leave.
# Run by lib/conserve.sh.
import json
import sys
import time


def still(x, moves=("handle", "packets", "bytes", "expires", "timeout", "comment")):
    if isinstance(x, dict):
        return {k: still(v) for k, v in x.items() if k not in moves}
    if isinstance(x, list):
        return [still(v) for v in x]
    return x


def ends(kind, thing):
    if kind == "quota":
        print("left", thing["name"], max(thing["bytes"] - thing["used"], 0))
    for e in thing.get("elem", []) if kind in ("set", "map") else []:
        key = e[0] if kind == "map" else e
        if isinstance(key, dict) and "expires" in key.get("elem", {}):
            print(thing["name"], json.dumps(key["elem"]["val"]).replace(" ", ""), int(time.time() + key["elem"]["expires"]))


lines = []
for item in json.load(sys.stdin)["nftables"]:
    for kind, thing in item.items():
        if "ends" in sys.argv:
            ends(kind, thing)
            continue
        if kind == "metainfo":
            continue
        if kind == "quota": # see ends: of one that leaves as much size and use may be others
            thing = {"name": thing["name"], "over": thing.get("inv", False)}
        elements = still(thing.pop("elem", []))
        # rules follow each other, all else has no order
        group = (kind, thing["chain"] if kind == "rule" else thing["name"])
        lines.append((group, kind + " " + json.dumps(still(thing), sort_keys=True)))
        for line in sorted(json.dumps(e, sort_keys=True) for e in elements):
            lines.append((group, "  in " + thing["name"] + " " + line))
for _, line in sorted(lines, key=lambda x: x[0]):
    print(line)
