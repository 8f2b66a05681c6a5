#!/bin/bash
# What status says of limits, quotas, bursts and expiry of real traffic: as the kernel has it now, before any run saw it, and as the database
# has it for who may not ask the kernel; in figures, words and JSON.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
net_up && exact_segments || exit 1
chmod 755 "$WORK" "$WORK/db"

valid() { # JSON of status in $out: what the schema says
	if "$PYTHON" -c 'import jsonschema' 2>/dev/null; then
		echo "$out" >"$WORK/document.json"
		ok "$1" "$PYTHON" "$ROOT/tests/golden/validate.py" "$ROOT/docs/schema/status.schema.json" "$WORK/document.json"
	else
		skip "$1" "python3-jsonschema is not installed"
	fi
}
json() { # EXPRESSION: of $out, read as d; e: its entries by name
	"$PYTHON" -c 'import json, sys
d = json.load(sys.stdin); e = {x["name"]: x for x in d["entries"]}
print(eval(sys.argv[1]))' "$1" <<<"$out"
}
config() { # [MORE]
	ini <<END
[portflow]
timezone = UTC
[port web]
ports = 53
quota = 100KB
quota_action = block
limit_out = 20mbit
[port free]
ports = 54
[port old]
ports = 55
expires = 2100-01-01
limit = 5mbit
[port game]
ports = 56
burst_rate = 50mbit
burst_limit = 2mbit
burst_hold = 1h
[quota plan]
entries = free, game
quota = 100KiB
quota_action = throttle 1mbit
$1
END
}
config ''
pf_ok apply
pf_ok status --json
valid "quotas and limits by the schema"
is "nothing is used" "$(json '[q["used"] for x in e.values() for q in x["quotas"]]')" '[0, 0, 0]'
is "a configured limit" "$(json 'e["web"]["limit"]')" \
	"{'in': None, 'out': 20000000, 'method_in': None, 'method_out': 'shape', 'reason': 'configured', 'until': None}"
is "what comes in is policed" "$(json '[e["old"]["limit"][k] for k in ("in", "out", "method_in", "method_out")]')" "[5000000, 5000000, 'police', 'shape']"
is "no limit" "$(json 'list(e["free"]["limit"].values())')" '[None, None, None, None, None, None]'

# -- as the kernel has it, before a run saw it ---------------------------------------------------------------------------------
udp_in 4 53 99 972
udp_in 4 53 5 1472 # the next one would not fit
udp_in 4 54 60 972
udp_out 4 56 50 972 -e
pf_ok status --json
valid "used up, by the schema"
is "the quota's bytes" "$(json '[(q["name"], q["used"], q["percent"], q["action"], q["state"]) for q in e["web"]["quotas"]]')" \
	"[('web', 99000, 99.0, 'block', 'blocked')]"
is "a shared one holds what all of them moved" "$(json '[(q["name"], q["limit"], q["used"], q["state"]) for q in e["free"]["quotas"]]')" \
	"[('plan', 102400, $((60000 + 50000)), 'throttled')]"
is "blocked: nothing passes, until the reset" "$(json '[e["web"]["limit"][k] for k in ("in", "out", "method_in", "method_out", "reason")] + [e["web"]["limit"]["until"] == e["web"]["quotas"][0]["resets"]]')" \
	"[0, 0, None, None, 'quota', True]"
is "throttled" "$(json '[e["game"]["limit"][k] for k in ("in", "out", "method_in", "reason")]')" "[1000000, 1000000, 'police', 'quota']"
is "it is too early for a forecast" "$(json 'e["free"]["quotas"][0]["forecast"]')" None
text=$(pf status)
like "people see it: the block" "$text" '^web .* blocked$'
like "... the throttle" "$text" '^game .* throttled$'
like "... the figures of a quota, its bar and the day of its reset" "$text" '^web +99\.0 kB +100 kB +99\.0 +##########  20[-0-9]{8}  blocked$'
like "... in the units in which it was written" "$text" '^plan +107 KiB +100 KiB +107\.4 +##########'
like "exactly, if asked" "$(pf status --bytes)" '^web +99000 B +100000 B'
for width in 40 60 80 100; do
	is_le "it fits $width columns" "$(COLUMNS=$width pf status | sed '1,/^$/d' | sed 's/…/./g' | awk '{ if (length > m) m = length } END { print m }')" $width
done
like "a narrow one has the state" "$(COLUMNS=40 pf status)" '^plan +107 KiB +107\.4 +throttled$'

# -- a hold, an expiry -------------------------------------------------------------------------------------------------------
pf_ok quota reset plan
pf_ok sample
sqlite3 "$DB" "INSERT INTO policy SELECT id, 0, 0, 0, 0, 0, 0, strftime('%s') + 290 FROM entry WHERE name = 'game' ON CONFLICT (entry) DO UPDATE SET burst_until = excluded.burst_until"
pf_ok status --json
is "a burst's hold" "$(json '[e["game"]["limit"][k] for k in ("in", "out", "method_out", "reason")]')" "[2000000, 2000000, 'police', 'burst']"
like "... and how long it lasts" "$(pf status)" '^game .* limited, 5 min left$'
ini_sed 's/2100-01-01/2020-01-01/'
pf_ok apply
pf_ok status --json
is "expired: it does not end" "$(json '[e["old"]["limit"][k] for k in ("in", "out", "reason", "until")]')" "[0, 0, 'expired', None]"
like "people see it" "$(pf status)" '^old .* expired$'

# -- by name -------------------------------------------------------------------------------------------------------------------
text=$(pf status web)
like "why it is blocked" "$text" '^  now +blocked until 20.* 00:00 \+00:00: its quota is used up$'
like "the command that opens it" "$text" "^  open with +portflow -c $INI quota add web 11KB\$"
like "its limit, and how it is kept" "$text" '^  limit +out 20\.0 Mbit/s; out: shape, its devices queue by HTB$'
like "its quota" "$text" '^  quota +99\.0 kB of 100 kB \(99\.0 %; billing = both\), then blocks, resets 20'
# shellcheck disable=SC2046 # words of a command
pf_ok $(sed -n 's/^  open with *portflow -c [^ ]* //p' <<<"$text")
text=$(pf status web)
like "that command opens it" "$text" '^  now +open, within its limit$'
like "... which it tells of, with who and when" "$text" '^  by hand +20[-0-9]* [0-9:]*  [a-z]+: 11\.0 kB added to the quota of this cycle'
like "a hold, and the protection it comes from" "$(pf status game)" '^  now +limited to 2\.00 Mbit/s in each direction until .* min left: a burst$'
like "what is shared" "$(pf status game)" '^  quota plan +0 B of 100 KiB .*then throttles'
like "an expiry" "$(pf status old)" "^  open with +a later date, expires = DATE in \[port old\], then: portflow -c $INI apply\$"
like "a [quota] by its name" "$(pf status plan)" '^  entries +free, game$'
pf_ok status plan --json
is "... in JSON the entries that share it" "$(json 'sorted(e)')" "['free', 'game']"
exits "a wrong name" 64 status plann
like "... has the nearest, [quota] names too" "$err" 'did you mean "plan"'
pf_ok quota set-used web 99KB
pf_ok quota add web -11KB
pf_ok sample

# -- from the database -----------------------------------------------------------------------------------------------------------
chmod 644 "$INI" "$DB" "$DB"-*
pf_ok status --json
before=$out
out=$(setpriv --reuid=65534 --regid=65534 --clear-groups -- "$PORTFLOW" -c "$INI" status --json 2>/dev/null)
is "without the right to ask the kernel it is not live" "$(json 'd["live"]')" False
is "... but the same is said of quotas and limits" "$(json '[(x["quotas"], x["limit"]) for x in d["entries"]]')" \
	"$(out=$before json '[(x["quotas"], x["limit"]) for x in d["entries"]]')"
like "... and as of when" "$(setpriv --reuid=65534 --regid=65534 --clear-groups -- "$PORTFLOW" -c "$INI" status 2>/dev/null)" '^As of .*, the last sample'

# -- where the kernel is not as it should be --------------------------------------------------------------------------------------
limits() { json "[e['$1']['limit'][k] for k in ('in', 'out', 'method_in', 'method_out', 'reason')]"; }
kernel() { json '(d["applied"], d["kernel"]["differs"], d["kernel"]["pending"])'; }
same() { # DESCRIPTION: status and plan agree that nothing is to be done
	pf_ok status --json
	is "$1: nothing is pending" "$(kernel)" "(True, False, 0)"
	exits "$1: nor to plan" 0 plan
	if grep -q 'differs' <<<"$(pf status)"; then fail "$1: nothing is said" "$(pf status)"; else pass "$1: nothing is said"; fi
}
differs() { # DESCRIPTION: both say how much is
	pf_ok status --json
	valid "$1: JSON by the schema"
	is "$1: as many changes as plan has" "$(kernel)" "(True, True, $(pf plan --json | sed 's/.*"changes":\([0-9]*\).*/\1/'))"
	like "$1: it is said" "$(pf status)" '^The kernel differs from the configuration: [0-9]+ changes? pending \(portflow .*plan shows them, portflow .*apply makes them\)$'
}
config 'quota_cycle = never'
pf_ok apply
same "as applied"
nft add table inet somebody
same "rules of others changed since"
nft delete table inet somebody
pf_ok quota set-used web 100KB
pf_ok quota set-used plan 200KiB
same "blocked and throttled"
pf_ok status --json
is "... is what is shown" "$(limits web) $(limits game)" "[0, 0, None, None, 'quota'] [1000000, 1000000, 'police', 'police', 'quota']"
nft flush chain inet portflow enforce_out
differs "a chain emptied"
is "... blocked and throttled no more going out" "$(limits web) $(limits game)" "[0, 20000000, None, 'shape', 'quota'] [1000000, None, 'police', None, 'quota']"
like "... in words" "$(pf status web)" '^  now +blocked coming in until 20'
pf_ok quota reset web
pf_ok quota reset plan
same "mended"
if command -v tc >/dev/null; then
	tc class change dev "$DEV" parent 7066:fffe classid 7066:1 htb rate 8kbit ceil 99mbit quantum 1500
	differs "a class changed"
	is "... is shown as it is" "$(limits web)" "[None, 99000000, None, 'shape', 'configured']"
	like "... by name beside what is asked for" "$(pf status web)" '^  limit +out 20\.0 Mbit/s; out: shape, its devices queue by HTB, but the kernel has 99\.0 Mbit/s$'
	like "... in the table" "$(pf status)" '^web .* out 99\.0 Mbit/s'
	tc qdisc del dev "$DEV" root
	differs "the queues deleted"
	is "... no limit going out, the one coming in" "$(limits old)" "[5000000, None, 'police', None, 'configured']"
	like "... by name" "$(pf status web)" '^  limit +out 20\.0 Mbit/s; out: shape, .*, but the kernel does not have it$'
	chmod 644 "$INI" "$DB" "$DB"-*
	out=$(setpriv --reuid=65534 --regid=65534 --clear-groups -- "$PORTFLOW" -c "$INI" status --json 2>/dev/null)
	is "who may not ask the kernel knows of its queues" "$(kernel) $(limits old)" "(True, True, None) [5000000, None, 'police', None, 'configured']"
	like "... and is told so" "$(setpriv --reuid=65534 --regid=65534 --clear-groups -- "$PORTFLOW" -c "$INI" status 2>/dev/null)" '^The kernel differs .*at least in its queues'
	like "doctor says it" "$(pf doctor)" 'warn +kernel +.* changes? pending'
	like "... and of which limits" "$(pf doctor)" "warn +method +not in the kernel as the file asks for it: what goes out of web, old"
	pf_ok sample
	same "the queues mended"
	like "doctor says that, too" "$(pf doctor)" 'ok +kernel +as the configuration wants it'
else
	skip "queues altered" "tc is not installed"
fi
nft 'delete element inet portflow police_tcp_in { 55 }; delete element inet portflow police_udp_in { 55 }; add limit inet portflow mine { rate over 125000 bytes/second burst 65536 bytes; }; add element inet portflow police_tcp_in { 55 : "mine" }; add element inet portflow police_udp_in { 55 : "mine" }'
differs "a limit altered by hand"
is "... is shown as it is" "$(limits old)" "[1000000, 5000000, 'police', 'shape', 'configured']"
pf_ok sample
nft flush ruleset
differs "no rules at all"
is "nothing that they hold holds" "$(limits web) $(limits old)" "[None, None, None, None, None] [None, None, None, None, None]"
like "... and nothing is counted" "$(pf status)" '^As of .*Nothing is counted now: our table is not in the kernel'
pf_run sample
like "... for a minute at most" "$err" 'the table was gone, rebuilt .*, up to [1-9] min uncounted$'
same "all of it mended"
ini_sed 's/^limit = 5mbit/limit = 6mbit/'
pf_ok status --json
is "a file that was not applied: what holds" "$(kernel | sed 's/True, [1-9][0-9]*/N/') $(limits old)" "(False, N) [5000000, 5000000, 'police', 'shape', 'configured']"
like "... is told" "$(pf status)" "^$INI was changed since it was applied: [0-9]+ changes pending \(portflow .*plan shows them, portflow .*apply makes them\)\$"
like "... by name" "$(pf status old)" '^  limit +6\.00 Mbit/s; in: police, .*, but the kernel has 5\.00 Mbit/s; out: shape, .*, but the kernel has 5\.00 Mbit/s$'
ini_sed 's/^ports = 54$/&\nremark = not counted/'
pf_ok apply
ini_sed 's/^remark = not counted/remark = not limited/'
like "a change that asks for nothing of the kernel is told, too" "$(pf status)" "^$INI was changed since it was applied\. Take it up with: portflow .*apply\$"
pf_ok apply
same "applied"

# -- a queue of somebody's -----------------------------------------------------------------------------------------------------------
if command -v tc >/dev/null && pf_ok down && tc qdisc add dev "$DEV" root handle 8001: pfifo 2>/dev/null; then
	like "why a limit is policed" "$(pf status web)" "^  limit +out 20\\.0 Mbit/s; out: police, $DEV has a root qdisc that somebody configured \\(pfifo, handle 8001:\\), but the kernel does not have it\$"
	tc qdisc del dev "$DEV" root
else
	skip "why a limit is policed" "no qdisc can be made here"
fi

# -- limits of others that hold its packets, too ------------------------------------------------------------------------------------
config "[address mine]
addresses = $HERE4
limit_in = 5mbit
[address part]
addresses = $ALSO4
ports = 50-53
limit = 3mbit
[address silent]
addresses = $ALSO6
[interface wire]
limit_out = 90mbit"
pf_ok apply
is "an address of the same packets and the device are named" "$(pf status web | sed -n 's/^  also held by *//p')" \
	"mine (what is of $HERE4): in 5.00 Mbit/s
part (what is of $ALSO4 50-53): 3.00 Mbit/s
wire (all of the watched devices): out 90.0 Mbit/s"
is "... an address with other ports is not" "$(pf status free | sed -n 's/^  also held by *\([a-z]*\) .*/\1/p' | xargs)" "mine wire"
is "... nor any of an address but the device" "$(pf status mine | sed -n 's/^  also held by *\([a-z]*\) .*/\1/p' | xargs)" "wire"

# -- a forecast -------------------------------------------------------------------------------------------------------------------
ini <<END
[portflow]
timezone = UTC
[port web]
ports = 53
quota = 1GB
quota_cycle = month
END
fresh
touch -d 2000-01-01 "$INI"
at_ok '2026-11-01 00:00' apply
for day in 02 03 04 05 06 07 08 09 10 11; do
	udp_in 4 53 100 972
	at_ok "2026-11-$day 00:00" sample
	[ $day != 03 ] || at_ok '2026-11-03 00:00' status --json
	[ $day != 03 ] || is "too early: two days of thirty" "$(json 'e["web"]["quotas"][0]["forecast"]')" None
done
at_ok '2026-11-11 00:00' status --json
is "ten days of 100 kB, twenty to come" "$(json 'e["web"]["quotas"][0]["forecast"]')" 3000000
at_ok '2026-11-11 00:00' status
like "people see it" "$out" '^web +1\.00 MB +1\.00 GB +0\.1 +# +2026-12-01 +3\.00 MB$'
done_testing
