#!/bin/bash
# `portflow quota`: what is changed by hand opens and blocks in the same run, for connections that are open too; it is written down, the
# command that it prints takes it back to the byte, and the cycle's end undoes it. What passed is told by a table of the test's own.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
net_up && exact_segments || exit 1

nft -f - <<END
table inet truth {
	counter in53 { }
	counter in54 { }
	counter out80 { }
	chain in {
		type filter hook prerouting priority -250
		iifname "$DEV" udp dport 53 counter name in53
		iifname "$DEV" udp dport 54 counter name in54
	}
	chain out {
		type filter hook postrouting priority 210
		oifname "$DEV" tcp sport 80 counter name out80
	}
}
END
passed() { nft list counter inet truth "$1" | sed -n 's/.*bytes \([0-9]*\).*/\1/p'; } # COUNTER: bytes
arrives() { # PORT BYTES_OF_EACH COUNT: how many of so many packets
	local before
	before=$(passed "in$1")
	udp_in 4 "$1" "$3" $(($2 - 28))
	echo $((($(passed "in$1") - before) / $2))
}
undo() { # the command that the last one printed
	local words
	words=$(sed -n 's/^Undo: portflow //p' <<<"$out")
	like "... with the command that undoes it" "$words" "^-c $INI quota "
	# shellcheck disable=SC2086 # words of a command
	set -- $words
	shift 2
	pf_ok "$@"
}
config() {
	ini <<END
[portflow]
timezone = UTC
[port web]
ports = 53
quota = 100KB
quota_action = block
[port wide]
ports = 54
[port shop]
ports = 80
quota = 1MB
quota_action = block
[quota plan]
entries = wide
quota = 100KiB
quota_action = throttle 8kbit
END
}
config
pf_ok apply

# -- add ------------------------------------------------------------------------------------------------------------------
is "the quota holds" "$(arrives 53 1000 120)" 100
pf_run quota add web 20KB
is "add succeeds" "$rc" 0
like "it says what it did, and what is so now" "$out" '^web: 20\.0 kB added until [-0-9]* 00:00 \+00:00; 100 kB of 120 kB used, open again$'
like "on standard error stands what was decided" "$err" '^portflow: web: 100 kB of the quota of 120 kB is used: no longer blocked$'
like "... and what a sample would have decided" "$err" '^portflow: web: the quota of 100 kB is used up.*: blocked until'
undo
like "taking it back blocks at once" "$out" '^web: 20\.0 kB taken off .*; 100 kB of 100 kB used, blocked now$'
is "... in the kernel" "$(arrives 53 1000 5)" 0
pf_ok quota add web 20KB
is "what was added passes, to the byte, with no run in between" "$(arrives 53 1000 50)" 20
pf_ok quota add web 3KB
like "a second time adds up" "$out" '120 kB of 123 kB used'
is "... however little it is" "$(arrives 53 1000 50)" 3
pf_ok sample
is "and sample blocks" "$(nft list set inet portflow block_udp | grep -c '53 timeout')" 1
pf_ok quota add web 50B
pf_ok quota add web -50B
pf_ok quota add web 1KB
is "a quota that has a little is not taken for one that is used up" "$(arrives 53 1000 50)" 1
exits "more than was added cannot be taken off" 64 quota add web -25KB
like "... and it says how much was" "$err" 'only 24\.0 kB were added in this cycle: nothing was changed'
pf_ok sample
is "what was added stays over a run" "$(pf quota add web 1KB 2>&1 | grep -c '124 kB of 125 kB')" 1

# -- reset, set-used --------------------------------------------------------------------------------------------------------
pf_ok quota reset web
like "reset: nothing is used" "$out" '^web: the figure is set until .*; 0 B of 125 kB used$'
is "the whole quota passes" "$(arrives 53 1000 200)" 125
back=$(sed -n 's/^Undo: portflow -c [^ ]* //p' <<<"$out")
# shellcheck disable=SC2086 # words of a command
pf_ok $back
like "undoing it keeps what moved meanwhile" "$out" '249 kB of 125 kB used, still blocked$'
pf_ok quota set-used web 24KB
like "set-used opens" "$out" '24\.0 kB of 125 kB used, open again'
is "the rest of the quota passes" "$(arrives 53 1000 200)" 101
pf_ok quota set-used web 0B
is "nothing is used" "$(arrives 53 1000 10)" 10
pf_ok quota set-used web 1TB
like "set-used above the quota blocks at once" "$out" '1\.00 TB of 125 kB used, blocked now'
is "... in the kernel" "$(arrives 53 1000 10)" 0
undo
like "and back" "$out" '10\.0 kB of 125 kB used, open again'
is "... in the kernel" "$(arrives 53 1000 10)" 10
pf_ok quota set-used web +5KB
like "more than now" "$out" '25\.0 kB of 125 kB used$'
pf_ok quota set-used web -25KB
like "less than now" "$out" '; 0 B of 125 kB used$'
exits "less than nothing is refused" 64 quota set-used web -1B
pf_ok quota reset web
like "what is so already is said, with nothing to undo" "$out" '^web: it is so already; 0 B of 125 kB used$'
is "that is no event" "$(pf events web | grep -c 'set from 0 B to 0 B')" 0
pf_run apply --json
like "the kernel is as it is wanted: apply sends nothing" "$out" '"changes":0'
pf_run sample
is "and sample is silent" "$rc $out $err" "0  "

# -- written down -------------------------------------------------------------------------------------------------------------
events=$(pf events web)
who=$(id -un)
[ "$(cat /proc/self/loginuid)" != 4294967295 ] || who=alice
SUDO_USER=alice pf_ok quota add web 7KB
like "events tell who did what" "$(pf events web)" "web +$who: 7\\.00 kB added to the quota of this cycle, which is 132 kB now, until 20"
like "... and what a figure was" "$events" ': what is used of the quota set from 10\.0 kB to 1\.00 TB, until'
is "the database has it for this cycle" "$(of_db "SELECT who, extra FROM adjustment JOIN entry ON id = entry WHERE name = 'web'")" "$who|32000"
pf_run status --json
is "what was counted is untouched" "$("$PYTHON" -c 'import json, sys
print([e["in"]["bytes"] for e in json.load(sys.stdin)["entries"] if e["name"] == "web"][0])' <<<"$out")" "$(passed in53)"

# -- an open TCP connection, and a [quota] ---------------------------------------------------------------------------------------
"$TOOLS/transfer" -C "$PEERNS" -a $HERE4 -p 80 -u 0 -d 3000000 >"$WORK/transfer.out" 2>&1 &
transfer=$!
wait_for '[ "$(passed out80)" -gt 950000 ]'
is_le "a TCP connection is held at the quota" "$(passed out80)" 1000000
pf_ok sample
pf_ok quota add shop 100MB
ok "it goes on after quota add" wait $transfer
"$TOOLS/transfer" -C "$PEERNS" -a $HERE4 -p 80 -u 0 -d 3000000 >"$WORK/transfer.out" 2>&1 &
transfer=$!
pf_ok quota set-used shop 1GB
held=$(passed out80)
pf_ok quota reset shop
ok "... and after a block by hand and reset (held at $held)" wait $transfer
pf_ok quota set-used plan 100KiB
like "a [quota] in its own units" "$out" '^plan: .*; 100 KiB of 100 KiB used, throttled now to 8\.00 kbit/s in each direction$'
is_le "... holds its entries" "$(arrives 54 1000 300)" 80
pf_ok quota reset plan
like "... and lets them go" "$out" '; 0 B of 100 KiB used, open again$'
is "... in the kernel" "$(arrives 54 1000 50)" 50

# -- stored, and then the kernel does not answer ----------------------------------------------------------------------------------
if strace_works; then
	pf_ok quota reset web
	strace -f -qq -o "$WORK/trace" -e trace=sendto,fdatasync "$PORTFLOW" -c "$INI" quota add web 1KB >/dev/null 2>&1
	sends=$(sed '/fdatasync/,$d' "$WORK/trace" | grep -c sendto)
	strace -f -qq -o /dev/null -e trace=sendto -e "inject=sendto:error=ENOBUFS:when=$((sends + 1))+" \
		"$PORTFLOW" -c "$INI" quota set-used web 1GB >"$WORK/out" 2>&1
	is "a change that the kernel did not hear of fails" "$?" 1
	like "... and says that it is not to be repeated" "$(cat "$WORK/out")" 'web: the change is stored, do not repeat it'
	pf_ok sample
	is "the next run tells the kernel" "$(arrives 53 1000 5)" 0

	# killed anywhere: it is done or it is not, and the next run makes the kernel agree
	pf_ok quota reset web
	extra() { of_db "SELECT extra FROM adjustment JOIN entry ON id = entry WHERE name = 'web'"; }
	fault_points "$WORK/points" quota add web 1KB || fail "an untouched quota add" "$(cat "$WORK/stderr")"
	points=$(wc -l <"$WORK/points") before=$(extra) bad='' tried=0 done=0
	while read -r call n <&3; do
		[ "$call" != batch ] || continue
		(strace -f -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$n" \
			"$PORTFLOW" -c "$INI" quota add web 1KB; exit 0) >/dev/null 2>&1
		after=$(extra) tried=$((tried + 1))
		case $((after - before)) in
		0) ;;
		1000) done=$((done + 1)) ;;
		*) bad+="$call $n: $before became $after"$'\n' ;;
		esac
		pf sample 2>/dev/null
		limit=$(nft list quota inet portflow q_web | sed -n 's/.*over \([0-9]* [a-z]*\).*/\1/p')
		case $limit in "$((100000 + after)) bytes") ;; *) bad+="$call $n: the kernel has $limit for $after"$'\n' ;; esac
		before=$after
	done 3< <(awk -v step=$((points / 40 + 1)) 'NR % step == 0' "$WORK/points"; grep -E 'fdatasync|sendto' "$WORK/points" | tail -8)
	is "killed at $tried points ($done had it stored) it is done once or not at all, and the kernel agrees" "$bad" ""
else
	skip "a kernel that does not answer" "strace cannot inject faults here"
fi

# -- what cannot be -----------------------------------------------------------------------------------------------------------
exits "an unknown name" 64 quota add wbe 1GB
like "... with the nearest" "$err" 'there is no entry or quota "wbe"; did you mean "web"\?'
exits "an entry without a quota" 64 quota add wide 1GB
like "... is told which it shares" "$err" 'no quota of its own, it shares one: name that instead: plan'
exits "a size without a unit" 64 quota add web 10
like "... with the cure" "$err" 'write 10GB or 10GiB'
exits "nothing to add" 64 quota add web 0GB
exits "a sign where none belongs" 64 quota add web +1GB
exits "no size" 64 quota set-used web
exits "no name" 64 quota reset
exits "no verb" 64 quota
like "... and what there is" "$err" 'add, reset, set-used'
exits "a third word" 64 quota reset web 1GB
exits "a near verb" 64 quota rest web
ini_sed 's/quota_action = block/quota_acton = block/'
pf_run quota add web 1KB
is "a file with an error does not stop it: what was applied holds" "$rc" 0
like "... and it says so" "$err" 'configuration applied last'
config
before=$(of_db 'SELECT count(*) FROM event')
(
	flock 9
	exec sleep 30
) 9>>"$DB.lock" &
holder=$!
wait_for '! flock -n "$DB.lock" true'
exits "a database that somebody works on" 75 quota add web 1KB
kill $holder
wait $holder 2>/dev/null
setpriv --reuid=65534 --regid=65534 --clear-groups -- "$PORTFLOW" -c "$INI" quota add web 1KB >"$WORK/out" 2>&1
is "somebody without the right to" "$?" 77
is "none of that left a trace" "$(of_db 'SELECT count(*) FROM event')" "$before"
pf_ok down
exits "after down" 1 quota add web 1KB
like "... it names apply" "$err" 'taken down.*portflow apply'

# -- the end of the cycle -------------------------------------------------------------------------------------------------------
ini <<END
[portflow]
timezone = UTC
[port web]
ports = 53
quota = 50KB
quota_cycle = day
quota_action = block
END
touch -d 2000-01-01 "$INI"
fresh
start=$(moment '2026-11-25 23:59:00')
at_ok "$start" apply
is "a quota of the day" "$(arrives 53 1000 80)" 50
at_ok $((start + 1)) quota add web 10KB
like "the change ends with the day" "$out" 'added until 2026-11-26 00:00 \+00:00'
is "the addition" "$(arrives 53 1000 80)" 10
at_ok $((start + 2)) sample # so that no span with traffic lies over the reset
at_ok $((start + 70)) sample
is "of the next day it is gone" "$(arrives 53 1000 80)" 50
at_ok $((start + 80)) quota set-used web 1GB
at_ok $((start + 90)) quota reset web
at_ok $((start + 91)) quota set-used web 45KB
# its end is near: the kernel turns by itself, with no run in between
at_ok $((start + 86400 + 56)) quota set-used web 1GB
is "blocked by hand at the end of a day" "$(arrives 53 1000 5)" 0
first=$(passed in53)
wait_for 'udp_in 4 53 1 972; [ "$(passed in53)" -gt "$first" ]' 12
is "the next day has the whole quota, with no run in between" $((1 + $(arrives 53 1000 80))) 50
done_testing
