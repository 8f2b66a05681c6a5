# Reads the program's JSON for the system tests: "figures STATUS" prints a line a name and direction, "sum STATUS" checks that
# the port entries, forwarded and rest are the total, "history REPORT" prints the sums of a report.
# Kept apart from the program's own readers on purpose.
# Run by lib/oracle.sh.
import json
import sys

FIELDS = ("bytes", "packets", "raw_bytes", "raw_packets")


def lines(status):
    named = [(e["name"], e) for e in status["entries"]]
    named += [("." + part, status[part]) for part in ("forwarded", "rest", "total")]
    for name, figures in named:
        for direction in ("in", "out"):
            yield name, direction, [figures[direction][f] for f in FIELDS]


def check_sum(status):
    wrong = 0
    for direction in ("in", "out"):
        for field in FIELDS:
            ports = sum(e[direction][field] for e in status["entries"] if e["kind"] == "port")
            parts = {p: status[p][direction][field] for p in ("forwarded", "rest", "total")}
            if min(parts.values()) < 0 or ports + parts["forwarded"] + parts["rest"] != parts["total"]:
                print(f"{direction} {field}: ports {ports} + {parts}")
                wrong = 1
    return wrong


def history(report):
    sums = {}
    for row in report["rows"]:
        for direction in ("in", "out"):
            of = sums.setdefault((row["name"], direction), [0, 0])
            of[0] += row[direction + "_bytes"]
            of[1] += row[direction + "_packets"]
    for (name, direction), of in sorted(sums.items()):
        print(name, direction, *of)
    return 0


def main():
    with open(sys.argv[2], encoding="utf-8") as f:
        status = json.load(f)
    if sys.argv[1] == "sum":
        return check_sum(status)
    if sys.argv[1] == "history":
        return history(status)
    for name, direction, figures in lines(status):
        print(name, direction, *figures)
    return 0


sys.exit(main())
