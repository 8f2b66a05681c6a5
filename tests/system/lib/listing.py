# What nft's JSON of a table says, without what moves by itself: counted values, handles, deadlines, the order of hashed elements.
# Two tables that enforce the same print the same.
# Run by lib/conserve.sh.
import json
import sys


def still(x, moves=("handle", "packets", "bytes", "expires", "timeout", "comment")):
    if isinstance(x, dict):
        return {k: still(v) for k, v in x.items() if k not in moves}
    if isinstance(x, list):
        return [still(v) for v in x]
    return x


for item in json.load(sys.stdin)["nftables"]:
    for kind, thing in item.items():
        if kind == "metainfo":
            continue
        if kind == "quota":
            print("quota", thing["name"], thing["bytes"])
            continue
        elements = still(thing.pop("elem", []))
        print(kind, json.dumps(still(thing), sort_keys=True))
        for line in sorted(json.dumps(e, sort_keys=True) for e in elements):
            print("  in", thing["name"], line)
