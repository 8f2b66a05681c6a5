#!/bin/bash
# While traffic runs: random steps of everything that happens to a machine: apply, sample, edits, damage by hand, flush, restored
# copies, resets, kill -9. Afterwards each byte is there once; where a counter itself was destroyed, at most what passed between
# the last sample before and the first sample after may be missing; never one byte more than the truth.
# STEPS and SEED choose; `make torture` runs a long one.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1
# shellcheck source=lib/campaign.sh
. "$SYSTEM/lib/campaign.sh"
STEPS=${STEPS:-$((SLOW > 1 ? 20 : 120))}
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
account_begin

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

state() { # -> "KEY DIRECTION bytes" of the database, by what the traffic is
	history_read | awk '{ n = $1; if (n ~ /^k[0-9]+$/) n = "k"; sum[n " " $2] += $3 } END { for (k in sum) print k, sum[k] }'
	status_read | awk '$1 == ".total" { print $1, $2, $3 }'
}
# -- the steps ----------------------------------------------------------------------------------------------------------
step_sample() { run sample; }
step_apply() { run apply; }
step_rename() {
	name=$((name + 1))
	edit
	one_of apply sample
	run "$picked"
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
	one_of 20000-20999 20000-20400,20600-20700 20000-22000 19000-20200
	wide=$picked
	edit
	one_of apply sample
	run "$picked"
}
step_kill_sample() { killed sample; }
step_kill_apply() { killed apply; }
step_kill_edit() {
	name=$((name + 1))
	edit
	one_of apply sample
	killed "$picked"
}
step_flush() {
	lossy=1
	nft flush ruleset
	[ $((RANDOM % 2)) = 0 ] || sleep 0.1
	one_of apply sample
	run "$picked"
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
	one_of apply sample
	run "$picked"
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
	one_of p_wide.in total.in total.out a_also.in
	nft reset counter inet portflow "$picked" >/dev/null 2>&1
}
step_damage_rule() {
	local n=$RANDOM rule
	rule=$(rule_of $n)
	lossy=1 # packets pass the gap uncounted
	# shellcheck disable=SC2086 # three words
	[ -z "$rule" ] || nft delete rule inet portflow $rule 2>/dev/null
	one_of apply sample
	run "$picked"
}
step_damage_map() {
	local n=$RANDOM map
	lossy=1
	map=$(map_of $n)
	# shellcheck disable=SC2086 # two words
	nft flush ${map%% *} inet portflow ${map##* } 2>/dev/null
	one_of apply sample
	run "$picked"
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
	lossy=1 # until there is a table again
	run apply
}
nft list ruleset >"$WORK/saved"

HARMLESS="sample sample apply rename extra range kill_sample kill_apply kill_edit stranger two"
ROUGH="sample sample apply rename extra range kill_sample kill_apply kill_edit stranger two restore_over
	flush flush_quietly save restore reset reset_one damage_rule damage_map down"
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
