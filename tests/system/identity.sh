#!/bin/bash
# Flushes, restored copies, resets, lost, old, copied and foreign databases: each byte once. Where the kernel's counter itself is
# gone, at most what passed since the last sample is missing; nothing is ever counted twice, and each case is told.
# Traffic here is in numbered stretches of known size: A before the sample, B after it, C after the accident and its mending.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up || exit 1
SETUP="[port web]
ports = 443
[port long]
ports = 20000-20999
"
packets() { # COUNT: of 100 bytes to 443 and 20500, over both families
	"$TOOLS/datagram" -n "$PEERNS" -d $HERE4 -p 443,20500 -c "$1" -l 72 >/dev/null &&
		"$TOOLS/datagram" -n "$PEERNS" -d $HERE6 -p 443,20500 -c "$1" -l 52 >/dev/null || fail traffic
}
bytes() { echo $((($1) * 200)); } # of COUNT, for each entry
A=100 B=30 C=7

begin() { # a machine with A sampled and B not
	fresh
	printf '%s' "$SETUP" | ini
	pf_ok apply
	packets $A
	pf_ok sample
	packets $B
}
counted() { # DESCRIPTION COUNT: by status and by history, for both entries
	local want
	want=$(bytes "$2")
	is "$1" "$(figure web in) $(figure long in)" "$want $want"
	pf_ok sample
	history_read >"$WORK/history.lines"
	is "$1: in the history too" "$(awk '$1 ~ /^(web|long)$/ && $2 == "in" { printf "%s ", $3 }' "$WORK/history.lines")" "$want $want "
	exits "$1: plan is empty" 0 plan
}
told() { # DESCRIPTION REGEX: by events
	pf_run events
	like "$1" "$out" "$2"
}
events_n() { pf events --json 2>/dev/null | "$PYTHON" -c '
import json, sys
d = json.load(sys.stdin)
print(len(d["events"] if isinstance(d, dict) else d))'; }

# -- flush --------------------------------------------------------------------------------------------------------------
begin
nft flush ruleset
sink | nft -f -
packets 50 # nobody counts
pf_ok sample
like "a flush is told by the run that mends it" "$err" '[a-z]'
packets $C
counted "flush ruleset: A + C" $((A + C))
told "a flush is an event" '(gone|rebuilt|flush)'
n=$(events_n)
pf_ok sample
is "it is told once" "$(events_n)" "$n"

begin
nft delete table inet portflow
pf_ok apply
packets $C
counted "the table deleted: A + C" $((A + C))

begin
for i in 1 2 3; do
	nft flush ruleset
	pf_ok sample
	packets $i
done
counted "flushed three times, no sample between traffic and flush" $((A + 3))

# -- restored copies ----------------------------------------------------------------------------------------------------
begin
nft list ruleset >"$WORK/saved"
nft flush ruleset
nft -f "$WORK/saved" || fail "the saved ruleset loads again"
pf_ok sample
packets $C
counted "saved, flushed, restored: A + B + C" $((A + B + C))
told "a restored copy is an event" '(restored|copy|copied|loaded again)'

begin
nft list ruleset >"$WORK/saved"
packets 5
nft flush ruleset
nft -f "$WORK/saved"
packets 3
pf_ok sample
packets $C
got=$(figure web in)
is_le "restored with traffic around it: never more than what passed" "$got" "$(bytes $((A + B + 5 + 3 + C)))"
is_ge "and at least what was sampled and what came after" "$got" "$(bytes $((A + C)))"
exits "plan is empty" 0 plan

begin
packets 1
pf_ok sample
nft list ruleset >"$WORK/saved"
packets 200
pf_ok sample
nft flush ruleset
nft -f "$WORK/saved"
pf_ok sample
packets $C
counted "an older copy restored: values below the baseline add nothing" $((A + B + 1 + 200 + C))

begin
nft -s list ruleset >"$WORK/saved"
pf_ok sample
nft flush ruleset
nft -f "$WORK/saved"
packets $C
pf_ok sample
packets 1
got=$(figure web in)
is_le "restored without values: never more" "$got" "$(bytes $((A + B + C + 1)))"
is_ge "restored without values: at least what was sampled and came after" "$got" "$(bytes $((A + B + 1)))"

begin
nft list ruleset >"$WORK/saved"
nft -f "$WORK/saved" # without a flush: each rule stands twice
pf_ok sample # which may doubt what the doubled rules counted
packets $C
got=$(figure web in)
is_le "restored over the living table: never more" "$got" "$(bytes $((A + B + C)))"
is_ge "and at least what was sampled and what came after" "$got" "$(bytes $((A + C)))"
exits "and each rule stands once again" 0 plan

begin
nft list ruleset >"$WORK/saved"
pf_ok sample
nft -f "$WORK/saved"
packets 5 # twice in the kernel
pf_ok sample
packets $C
got=$(figure web in)
is_le "rules doubled while traffic passes: what they count twice is not believed" "$got" "$(bytes $((A + B + 5 + C)))"
is_ge "and nothing before it or after it" "$got" "$(bytes $((A + B + C)))"

begin # twice in a row, with different ages
nft list ruleset >"$WORK/saved"
for i in 1 2; do
	nft flush ruleset
	nft -f "$WORK/saved"
	pf_ok sample
done
packets $C
counted "the same copy restored twice: B is counted once" $((A + B + C))

begin # a copy from before a reset, restored after it: higher than the baseline, and all of it old
nft list ruleset >"$WORK/saved"
pf_ok sample
nft reset counters >/dev/null
packets 2
pf_ok sample
nft flush ruleset
nft -f "$WORK/saved"
pf_ok sample
packets $C
got=$(figure web in)
is_le "a copy from before a reset, restored after it: never more" "$got" "$(bytes $((A + B + 2 + C)))"
is_ge "and at least what was sampled and what came after" "$got" "$(bytes $((A + B + 2 + C)))"

begin # the same with a table that was made anew in between
nft list ruleset >"$WORK/saved"
pf_ok sample
nft flush ruleset
pf_ok sample
packets 2
pf_ok sample
nft flush ruleset
nft -f "$WORK/saved"
packets 3
pf_ok sample
packets $C
got=$(figure web in)
is_le "a copy of the table before the last: never more" "$got" "$(bytes $((A + B + 2 + 3 + C)))"
is_ge "and at least what was sampled and what came after" "$got" "$(bytes $((A + B + 2 + C)))"

# -- resets -------------------------------------------------------------------------------------------------------------
begin
nft reset counters >/dev/null
packets $C
pf_ok sample
counted "reset of all counters: A + C" $((A + C))
told "a reset is an event" 'reset'

begin
nft reset counters >/dev/null
packets 500 # beyond the baseline
pf_ok sample
packets $C
counted "reset, then more than before: the canary tells" $((A + 500 + C))

begin
nft reset counters >/dev/null
packets 500
nft reset counters >/dev/null
packets $C
pf_ok sample
nft reset counters >/dev/null
packets 1
counted "reset again and again" $((A + C + 1))

begin
nft reset counter inet portflow p_web.in >/dev/null
packets $C
pf_ok sample
is "one counter reset: A + C for it" "$(figure web in)" "$(bytes $((A + C)))"
is "and A + B + C for the other" "$(figure long in)" "$(bytes $((A + B + C)))"

begin
nft reset counter inet portflow p_web.in >/dev/null
packets 500
pf_ok sample
got=$(figure web in)
is_le "one counter reset and outgrown: never more than what passed" "$got" "$(bytes $((A + 500)))"
is_ge "and no less than before" "$got" "$(bytes $A)"

begin # status must not be fooled either
nft reset counters >/dev/null
is_le "status after a reset, before a sample: never more" "$(figure web in)" "$(bytes $((A + B)))"
is_ge "and no less than the database" "$(figure web in)" "$(bytes $A)"

# a kill between the intent that arms the canary and the result
begin
nft reset counters >/dev/null
packets $C
if strace_works; then
	(strace -f -qq -o /dev/null -e trace=fsync,fdatasync -e inject=fsync,fdatasync:signal=KILL:when=3 "$PORTFLOW" -c "$INI" sample
		exit 0) 2>/dev/null
	pf_ok sample
	counted "reset, and the run that finds it killed: A + C" $((A + C))
else
	skip "reset, and the run that finds it killed" "strace cannot inject"
fi

# -- databases ----------------------------------------------------------------------------------------------------------
other_db() { # FILE: an INI with another database
	sed "s|^database = .*|database = $1|" "$INI" >"$WORK/other.ini"
	touch -d '-1 minute' "$WORK/other.ini"
}
other() { timeout $((60 * SLOW)) "$PORTFLOW" -c "$WORK/other.ini" "$@"; }

begin
other_db "$WORK/db/other.db"
before=$(nft -a list table inet portflow)
is "a second database on the same tables is refused" "$(other apply 2>"$WORK/stderr"; echo $?)" 1
like "and the message says how to take over" "$(cat "$WORK/stderr")" '--adopt'
other sample 2>"$WORK/stderr"
is "by sample too" $? 1
is "the kernel is as it was" "$(nft -a list table inet portflow)" "$before"
packets $C
counted "the first database goes on" $((A + B + C))
ok "apply --adopt takes over" other apply --adopt
packets $C
cp "$WORK/other.ini" "$INI"
is "the new database counts from here" "$(figure web in) $(figure long in)" "$(bytes $C) $(bytes $C)"
exits "its plan is empty" 0 plan

begin
rm -f "$DB" "$DB-wal" "$DB-shm"
pf_run sample
pf_run apply --adopt
is "a lost database: apply --adopt begins a new one" "$rc" 0
packets $C
counted "bytes older than the database are in no figure" $C

begin
sqlite3 "$DB" ".backup $WORK/old.db"
packets 5
pf_ok sample
packets 6
rm -f "$DB" "$DB-wal" "$DB-shm"
cp "$WORK/old.db" "$DB"
pf_ok sample
packets $C
counted "an older database put back over the same counters: each byte once" $((A + B + 5 + 6 + C))

begin
sqlite3 "$DB" ".backup $WORK/old.db"
packets 5
pf_ok sample
nft flush ruleset
pf_ok sample
packets 6
pf_ok sample
rm -f "$DB" "$DB-wal" "$DB-shm"
cp "$WORK/old.db" "$DB"
pf_run sample
[ "$rc" = 0 ] || pf_ok apply --adopt
packets $C
got=$(figure web in)
is_le "an older database beside a newer table: never more" "$got" "$(bytes $((A + B + 5 + 6 + C)))"
is_ge "and at least what it knew and what came after" "$got" "$(bytes $((A + C)))"

begin
ok "db backup" pf db backup "$WORK/backup.db"
packets 5
pf_ok sample
ok "db restore" pf db restore "$WORK/backup.db"
pf_ok sample
packets $C
got=$(figure web in)
is_le "db restore: never more than what passed" "$got" "$(bytes $((A + B + 5 + C)))"
is_ge "and at least the backup and what came after" "$got" "$(bytes $((A + C)))"

begin # a copy of the database on another node: its own kernel, its own counters
pf_ok sample
sqlite3 "$DB" ".backup $WORK/copy.db"
other_db "$WORK/copy.db"
ip -n "$PEER" route replace default via $HERE4
nsenter --net="$PEERNS" "$PORTFLOW" -c "$WORK/other.ini" apply >/dev/null 2>"$WORK/stderr"
is "a copied database works on another node" $? 0
"$TOOLS/datagram" -d $THERE4 -p 443 -c 10 -l 72 >/dev/null
is "and goes on from where the copy was made" "$(nsenter --net="$PEERNS" "$PORTFLOW" -c "$WORK/other.ini" status --json |
	"$PYTHON" -c 'import json, sys; print([e["in"]["bytes"] for e in json.load(sys.stdin)["entries"] if e["name"] == "web"][0])')" \
	$(($(bytes $((A + B))) + 1000))
nsenter --net="$PEERNS" "$PORTFLOW" -c "$WORK/other.ini" down >/dev/null 2>&1
packets $C
counted "the node it came from is not concerned" $((A + B + C))

# -- down ---------------------------------------------------------------------------------------------------------------
begin
pf_ok down
is "down leaves nothing" "$(nft list tables | grep -c portflow)" 0
packets 50
pf_run sample
is "sample after down only says so" "$rc $(nft list tables | grep -c portflow)" "0 0"
pf_ok apply
packets $C
counted "down and up again: A + B + C" $((A + B + C))

for gone in "reset counters" "delete counter inet portflow canary"; do
	begin
	pf_ok sample
	nft $gone >/dev/null
	packets 7
	pf_ok down
	is "nft $gone, then down: nothing is left" "$(nft list tables | grep -c portflow)" 0
	pf_ok apply
	packets $C
	counted "nft $gone, then down and up: A + B + 7 + C" $((A + B + 7 + C))
done
done_testing
