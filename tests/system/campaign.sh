#!/bin/bash
# While traffic runs: random steps of everything that happens to a machine: apply, sample, edits, damage by hand, flush, restored
# copies, resets, kill -9. Afterwards each byte is there once; where a counter itself was destroyed, at most what passed between
# the last sample before and the first sample after may be missing; never one byte more than the truth.
# STEPS and SEED choose; `make torture` runs a long one.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1
if [ -n "${TORTURE:-}" ]; then STEPS=${STEPS:-2000}; fi
STEPS=${STEPS:-120}
RANDOM=$SEED
note "SEED=$SEED STEPS=$STEPS"

# The truth, by what the traffic is; entries of changing names may hold it.
oracle_port k 443
oracle_port wide 20000-20099
oracle_address also $ALSO4 $ALSO6
oracle_port extra 1000
oracle_total
oracle_load peer

name=0 extra=no wide=20000-20999
configuration() {
	printf '[portflow]\ntimezone = UTC\n[port k%s]\nports = 443\n' $name
	printf '[port wide]\nports = %s\n[address also]\naddresses = %s, %s\n' "$wide" $ALSO4 $ALSO6
	[ $extra = no ] || printf '[port extra]\nports = 1000, 1002-1400\n'
}
edit() { configuration | ini; }
edit
pf_ok apply

# -- traffic that never stops -------------------------------------------------------------------------------------------
traffic=()
start() { # a steady stream in each direction, and connections that come and go
	"$TOOLS/datagram" -n "$PEERNS" -d $HERE4 -p 443,20000-20099 -c 100000000 -r 800 -l 400 >/dev/null &
	traffic=($!)
	"$TOOLS/datagram" -n "$PEERNS" -d $ALSO6,$HERE6 -p 443 -c 100000000 -r 400 -l 99 >/dev/null &
	traffic+=($!)
	"$TOOLS/datagram" -d $THERE6 -s 443 -p 9 -c 100000000 -r 400 -l 300 >/dev/null &
	traffic+=($!)
	rm -f "$WORK/stop"
	while [ ! -e "$WORK/stop" ]; do
		"$TOOLS/transfer" -C "$PEERNS" -a $HERE4 -p 20050 -u 20000 -d 30000 >/dev/null
		sleep 0.05
	done &
	connections=$!
}
stop() {
	kill "${traffic[@]}" 2>/dev/null
	touch "$WORK/stop"
	wait "${traffic[@]}" "$connections" 2>/dev/null
	settle
}

# -- what may be missing ------------------------------------------------------------------------------------------------
snapshot() { oracle_read peer | sort >"$1"; }
: >"$WORK/allowed"
snapshot "$WORK/last"
lossy=0
completed() { # after a run that ended with 0; $WORK/began is the truth when it started
	local s
	if [ $lossy = 1 ]; then
		snapshot "$WORK/ended"
		s=$(awk 'FILENAME == ARGV[1] { a[$1 " " $2] = $3; next } FILENAME == ARGV[2] { last[$1 " " $2] = $3; next }
			{ k = $1 " " $2; print k, a[k] + $3 - last[k] }' "$WORK/allowed" "$WORK/last" "$WORK/ended")
		printf '%s\n' "$s" | awk '{ print $1, $2, $3 }' >"$WORK/allowed"
		lossy=0
	fi
	cp "$WORK/began" "$WORK/last"
}
failures=''
run() { # COMMAND: must work, whatever was done before
	snapshot "$WORK/began"
	pf_run "$@"
	if [ "$rc" = 0 ]; then completed; else failures+="step $step ($what): portflow $*: exit $rc $err"$'\n'; fi
}
state() { # -> "KEY DIRECTION bytes" of the database, by what the traffic is
	history_read | awk '{ n = $1; if (n ~ /^k[0-9]+$/) n = "k"; sum[n " " $2] += $3 } END { for (k in sum) print k, sum[k] }'
	status_read | awk '$1 == ".total" { print $1, $2, $3 }'
}
verdict() { # DESCRIPTION
	stop
	what=verdict
	run apply
	run sample
	state >"$WORK/state"
	oracle_read peer | awk '
		FILENAME == ARGV[1] { got[$1 " " $2] = $3; next }
		FILENAME == ARGV[2] { allowed[$1 " " $2] = $3; next }
		{ k = $1 " " $2; have = got[k] + 0
		  line = k ": truth " $3 ", portflow " have ", may miss " allowed[k] + 0 ", misses " $3 - have
		  if (have > $3) { print "MORE THAN THE TRUTH " line; bad = 1 }
		  else if (have < $3 - allowed[k]) { print "LOST " line; bad = 1 }
		  else print line }
		END { exit bad }' "$WORK/state" "$WORK/allowed" - >"$WORK/verdict.log"
	if [ $? = 0 ]; then pass "$1"; else fail "$1" "$(cat "$WORK/verdict.log")
steps: $history"; fi
	diag <"$WORK/verdict.log"
}

# -- the steps ----------------------------------------------------------------------------------------------------------
one_of() { shift $((RANDOM % $#)); echo "$1"; }
killed() { # COMMAND: killed somewhere
	"$PORTFLOW" -c "$INI" "$1" >/dev/null 2>&1 &
	local p=$!
	sleep "0.0$((RANDOM % 40 + 10))"
	kill -KILL $p 2>/dev/null
	wait $p 2>/dev/null
}
pick_rule() { nft -a list table inet portflow 2>/dev/null | awk '/^\tchain/ { c = $2 } / # handle/ && !/^\tchain/ && c { print c, "handle", $NF }' |
	sort -R --random-source=<(yes $RANDOM) | head -n 1; }
step_sample() { run sample; }
step_apply() { run apply; }
step_rename() {
	name=$((name + 1))
	edit
	run "$(one_of apply sample)"
}
step_extra() { # comes and goes; its traffic only while it is surely there
	if [ $extra = yes ]; then extra=no; else extra=yes; fi
	edit
	run apply
	if [ $extra = yes ] && [ "$rc" = 0 ]; then
		udp_in 4 1000 20 100
		udp_out 6 1000 20 100
	fi
}
step_range() { # the part with traffic stays
	wide=$(one_of 20000-20999 20000-20400,20600-20700 20000-22000 19000-20200)
	edit
	run "$(one_of apply sample)"
}
step_kill_sample() { killed sample; }
step_kill_apply() { killed apply; }
step_kill_edit() {
	name=$((name + 1))
	edit
	killed "$(one_of apply sample)"
}
step_flush() {
	lossy=1
	nft flush ruleset
	[ $((RANDOM % 2)) = 0 ] || sleep 0.1
	run "$(one_of apply sample)"
}
step_flush_quietly() { # found by whoever comes next
	lossy=1
	nft flush ruleset
}
step_save() { nft list ruleset >"$WORK/saved"; }
step_restore() {
	lossy=1
	[ $((RANDOM % 2)) = 0 ] || nft list ruleset >"$WORK/saved"
	nft flush ruleset
	nft -f "$WORK/saved"
	run "$(one_of apply sample)"
}
step_restore_over() { # rules stand twice afterwards, so the traffic must pause; what the interval held is divided
	lossy=1
	stop
	nft list ruleset >"$WORK/saved"
	nft -f "$WORK/saved"
	run sample
	start
}
step_reset() {
	lossy=1
	nft reset counters >/dev/null
	[ $((RANDOM % 2)) = 0 ] || run sample
}
step_reset_one() {
	lossy=1
	nft reset counter inet portflow "$(one_of p_wide.in total.in total.out a_also.in)" >/dev/null 2>&1
}
step_damage_rule() {
	local rule
	rule=$(pick_rule)
	lossy=1 # packets pass the gap uncounted
	[ -z "$rule" ] || nft delete rule inet portflow $rule 2>/dev/null
	run "$(one_of apply sample)"
}
step_damage_map() {
	lossy=1
	nft flush map inet portflow "$(nft -a list maps table inet portflow 2>/dev/null | awk '/^\tmap/ { print $2 }' |
		sort -R --random-source=<(yes $RANDOM) | head -n 1)" 2>/dev/null
	run "$(one_of apply sample)"
}
step_stranger() { # harmless things of somebody's
	nft add counter inet portflow stranger 2>/dev/null
	nft "add table ip other; delete table ip other"
}
step_two() {
	snapshot "$WORK/began"
	pf sample >/dev/null 2>&1 &
	local p=$! a=0
	pf_run sample
	wait $p || a=$?
	if [ $a = 0 ] && [ "$rc" = 0 ]; then completed; else failures+="step $step: two samples at once: exit $a and $rc"$'\n'; fi
}
step_down() {
	lossy=1
	run down
	run apply
}
nft list ruleset >"$WORK/saved"

history=''
HARMLESS="sample sample apply rename extra range kill_sample kill_apply kill_edit stranger two"
ROUGH="sample sample apply rename extra range kill_sample kill_apply kill_edit stranger two restore_over
	flush flush_quietly save restore reset reset_one damage_rule damage_map down"
steps() { # COUNT WORDS...
	local n=$1
	shift
	for step in $(seq 1 "$n"); do
		what=$(one_of "$@")
		history+="$what "
		"step_$what"
		[ $((RANDOM % 3)) != 0 ] || sleep "0.0$((RANDOM % 9))"
	done
}
# shellcheck disable=SC2086
{
	start
	steps $((STEPS / 2)) $HARMLESS
	verdict "$((STEPS / 2)) steps that destroy no counter, under traffic: nothing lost, nothing doubled"
	is "nothing may be missing after those" "$(awk '$3' "$WORK/allowed")" ""
	start
	steps $((STEPS - STEPS / 2)) $ROUGH
	verdict "$((STEPS - STEPS / 2)) rough steps: never more than the truth, and only what a destroyed counter held is missing"
}
is "no run failed on the way" "$failures" ""
exits "plan is empty" 0 plan
pf_run db check
is "the database is whole" "$rc" 0
sum_holds "ports + forwarded + rest = total"
is "the cable lost nothing" "$(dropped)" 0
done_testing
