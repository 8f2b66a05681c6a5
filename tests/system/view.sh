#!/bin/bash
# What people and programs see of real traffic: the JSON of every command against its published schema, tables at terminals of
# any width, status without the privilege to read the kernel, with a broken INI, after a flush, and before the first apply.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1
"$PYTHON" -c 'import jsonschema' 2>/dev/null || skip_all "python3-jsonschema is not installed"
chmod 755 "$WORK"

valid() { # SCHEMA COMMAND...: its output is what the schema says
	local schema=$1
	shift
	pf "$@" >"$WORK/document.json" 2>"$WORK/stderr"
	"$PYTHON" "$ROOT/tests/golden/validate.py" "$ROOT/docs/schema/$schema.schema.json" "$WORK/document.json"
}
json() { # EXPRESSION: of $out, read as d
	"$PYTHON" -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1" <<<"$out"
}
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$PORTFLOW" -c "$INI" "$@" 2>"$WORK/stderr"; }

ini <<END
[portflow]
timezone = Asia/Shanghai
node = hk1
[port web]
ports = 80, 443
remark = 网站 😀
[port game]
ports = 7000-7100
billing = out
quota_cycle = never
[address own]
addresses = $HERE4
END

# -- before the first apply ---------------------------------------------------------------------------------------------
exits "status without a database fails" 1 status
like "and names the command that makes one" "$err" 'portflow apply'
ok "plan --json before the first apply" valid plan plan --json
like "plan repeats -c" "$(pf plan)" "^Apply with: portflow -c $INI apply\$"
ok "check --json" valid check check --json
ok "config show --json" valid config config show --json
pf_ok apply
pf_ok status
like "no traffic yet: status says how to make some" "$out" 'No traffic of an entry yet. Counting since .* curl http://hk1:80'
pf_ok report
like "and report that nothing is stored" "$out" 'Nothing is stored from'

# -- traffic -------------------------------------------------------------------------------------------------------------
udp_in 4 443 10 972 # 1000 bytes each on the wire
udp_out 4 7000 5 472
settle
pf_ok sample
udp_in 4 443 10 972
settle
pf_ok status --json
is "the database and what the kernel counted since" "$(json 'd["entries"][0]["in"]["bytes"]')" 20000
is "the cycle is billed: out alone" "$(json 'd["entries"][1]["cycle"]["bytes"]')" 2500
is "a cycle without end" "$(json 'd["entries"][1]["cycle"]["end"]')" None
is "live" "$(json 'd["live"]')" True
is "the watched device" "$(json 'd["interfaces"]')" "['$DEV']"
pf_ok status --json game
is "a NAME: that entry alone" "$(json '[e["name"] for e in d["entries"]]')" "['game']"
ok "status --json" valid status status --json
ok "report --json" valid report report --json
ok "events --json" valid events events --json
ok "apply --json" valid plan apply --json
ok "config show --applied --json" valid config config show --applied --json
for by in minute hour day week month cycle year; do
	ok "report --json --by $by" valid report report --json --by $by
	pf_ok report --json --by $by
	is "report --by $by has the bytes of status" "$(json 'sum(r["in_bytes"] for r in d["rows"] if r["name"] == "web")')" 20000
	is "the last row of $by is not over yet" "$(json 'd["rows"][-1]["open"]')" True
done
pf_ok report --json --by hour
is "the report proves itself" \
	"$(json 'sum(r["in_bytes"] for r in d["rows"] if r["kind"] == "port") + d["forwarded"]["in_bytes"] + d["rest"]["in_bytes"] == d["total"]["in_bytes"]')" True
pf_ok report --csv
is "CSV ends its lines with CR LF" "$(grep -c $'\r$' <<<"$out")" "$(wc -l <<<"$out")"
pf_ok report --bytes
like "exact numbers" "$out" 'web +20000 B +0 B'
like "the sum ends with the total" "$(grep ^sum <<<"$out" | tail -n 1)" '^sum +total '

# -- tables and terminals ------------------------------------------------------------------------------------------------
# the title line above the table may be longer than a very narrow terminal
widest() { # COLUMNS COMMAND...: the widest line in characters of the table
	local columns=$1
	shift
	COLUMNS=$columns pf "$@" | "$PYTHON" -c '
import sys, unicodedata
text = sys.stdin.buffer.read().decode()
lines = text.split("\n\n", 1)[-1].splitlines()
print(max(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in l) for l in lines))'
}
for columns in 40 60 80 120; do
	is_le "status fits $columns columns" "$(widest $columns status)" $columns
	is_le "report fits $columns columns" "$(widest $columns report)" $columns
done
unlike "no colour in a pipe" "$(pf status)" $'\033'
like "colour when asked" "$(pf --color=always status)" $'\033'
unlike "NO_COLOR" "$(NO_COLOR=1 CLICOLOR_FORCE=1 pf status)" $'\033'
like "figures in any locale" "$(env LC_ALL=de_DE.UTF-8 "$PORTFLOW" -c "$INI" status --bytes)" ' 20000 B +0 B'

# -- wrong words ---------------------------------------------------------------------------------------------------------
exits "an unknown NAME is refused" 64 status wbe
like "with the nearest" "$err" 'did you mean "web"'
exits "an unknown stretch" 64 report --by dya
like "with the nearest" "$err" 'did you mean "day"'
exits "a moment that is none" 64 report --since yesterday
exits "an empty stretch" 64 report --since 1h --until 2h --by minute
exits "--csv and --json" 64 report --csv --json
exits "--bytes and --iec" 64 status --bytes --iec

# -- without privilege ---------------------------------------------------------------------------------------------------
chgrp 65534 "$INI" "$WORK/db" "$WORK"/db/*
chmod 750 "$WORK/db"
chmod 640 "$WORK"/db/*
pf_run sample # what was counted until now is stored
udp_in 4 443 10 972
settle
out=$(as_nobody status)
is "status without privilege works" $? 0
like "and says as of when" "$out" '^As of [0-9:]+, the last sample: reading the kernel'
out=$(as_nobody status --json)
is "its figures are those of the sample" "$(json 'd["entries"][0]["in"]["bytes"], d["live"]')" "(20000, False)"
like "report too" "$(as_nobody report)" '^As of [0-9:]+, the last sample'
ok "events too" as_nobody events
pf_ok status --json
is "root sees what came since" "$(json 'd["entries"][0]["in"]["bytes"]')" 30000

# -- a broken INI only warns ---------------------------------------------------------------------------------------------
cp "$INI" "$WORK/good.ini"
ini_sed -e '$a prot = 1'
pf_run status --json
is "status with a broken INI works" "$rc" 0
like "and says what is wrong" "$err" 'portflow.ini:[0-9]+:1: error: unknown key "prot"'
is "it shows what was applied" "$(json '[e["name"] for e in d["entries"]]')" "['web', 'game', 'own']"
exits "report too" 0 report
exits "events too" 0 events
cp "$WORK/good.ini" "$WORK/again.ini" && put_ini "$WORK/again.ini"

# -- after somebody's flush ----------------------------------------------------------------------------------------------
pf_ok sample
nft flush ruleset
sink
pf_ok status
like "no table: status says that nothing is counted" "$out" 'Nothing is counted now.* portflow apply'
pf_ok sample
pf_ok status
like "afterwards status says that the table was gone" "$out" 'gone'
pf_ok events
like "and events too" "$out" 'gone'
ok "events --json with an event" valid events events --json
udp_in 4 443 1 972
settle
pf_ok status --json
is "what was stored is still there" "$(json 'd["entries"][0]["in"]["bytes"]')" 31000

# -- an entry that is gone ------------------------------------------------------------------------------------------------
ini_sed -e '/^\[port game\]/,/^quota_cycle/d'
pf_ok apply
pf_ok status --json
is "status no longer shows it" "$(json '[e["name"] for e in d["entries"]]')" "['web', 'own']"
pf_ok report --json
is "report still has its history" "$(json 'sum(r["out_bytes"] for r in d["rows"] if r["name"] == "game")')" 2500
exits "by its name too" 0 report game
exits "status knows that name no longer" 64 status game
like "and says who does" "$err" 'portflow report game'
done_testing
