#!/bin/bash
# The random campaign with limits, quotas, bursts, expiry and keep_open: edits of all of them, damage to what enforces, kills, while traffic
# runs. What passed is told by tables of the test's own, behind ours: each byte of it is counted once; of a blocked quota no more passes than
# its limit, a thousandth, and what the runs before could not know; keep_open and ICMP pass always, a neighbour until the machine itself is blocked; after each
# step a second apply sends nothing and plan is empty; at rest the kernel's quotas say what passed.
# STEPS and SEED choose; `make torture` runs a long one.
# shellcheck disable=SC2034 # ORACLE is read in lib/
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1
# shellcheck source=lib/campaign.sh
. "$SYSTEM/lib/campaign.sh"
STEPS=${STEPS:-$((SLOW > 1 ? 12 : 60))}
ORACLE=behind
# What of an object may be wrong before it is set anew (model/diff.h) is a thousandth of so small a quota; where something was destroyed
# the last packets of it may be charged and not counted, too.
SLACK=65536
note "SEED=$SEED STEPS=$STEPS"

# -- the truth --------------------------------------------------------------------------------------------------------------
NAMES=(keep free fast cap one two held old)
PORTS=(22 80 443 1000 20000-20099 1001 1002 1003)
for i in "${!NAMES[@]}"; do oracle_port "${NAMES[i]}" "${PORTS[i]}"; done
oracle_total
oracle_load behind && oracle_load peer || exit 1
nft -f - <<END
table inet meant {
	counter keep { }
	counter free { }
	chain leaving {
		type filter hook output priority 0
		udp sport 22 counter name keep
		udp sport 80 counter name free
	}
}
END

# -- what is configured -----------------------------------------------------------------------------------------------------
alias=0 fast='limit = 80mbit' old='' burst=yes day=15 open=22 machine=no method=auto
cap=500 cap_action=block cap_billing=both
plan=800 plan_action=block plan_billing=out
quota() { # KB ACTION BILLING
	printf 'quota = %sKB\nquota_action = %s\nbilling = %s\n' "$1" "$2" "$3"
}
configuration() {
	printf '[portflow]\ntimezone = UTC\nkeep_open = %s, udp/22\nlimit_method = %s\nquota_reset_day = %s\n' "$open" $method $day
	printf '[port keep]\nports = 22\n[port free%s]\nports = 80\n' $alias
	printf '[port fast]\nports = 443\n%s\n' "$fast"
	printf '[port cap]\nports = 1000\n%s\n' "$(quota $cap "$cap_action" $cap_billing)"
	printf '[port one]\nports = 20000-20999\n[port two]\nports = 1001\nlimit_out = 50mbit\n'
	printf '[quota plan]\nentries = one, two\n%s\n' "$(quota $plan "$plan_action" $plan_billing)"
	printf '[port held]\nports = 1002\n'
	[ $burst = no ] || printf 'burst_rate = 16kbit\nburst_window = 1min\nburst_limit = 80kbit\n'
	printf '[port old]\nports = 1003\n%s\n' "$old"
	[ $machine = no ] || printf '[interface all]\nquota = 1KB\nquota_action = block\n'
}
edit() { configuration | ini; }
edit
pf_ok apply
account_begin

# -- traffic that never stops -----------------------------------------------------------------------------------------------
traffic=()
start() {
	local port
	traffic=()
	for port in 4 6; do
		"$TOOLS/datagram" -n "$PEERNS" -d "$(here $port)" -p 22,80,443,1000,1001,1002,1003,20000-20001 -c 100000000 -r 450 -l 400 >/dev/null &
		traffic+=($!)
	done
	for port in 22 80 443 1000 1001 1002 1003 20000; do
		"$TOOLS/datagram" -d $THERE6 -s $port -p 9 -c 100000000 -r 100 -l 400 -e >/dev/null &
		traffic+=($!)
	done
	rm -f "$WORK/stop"
	while [ ! -e "$WORK/stop" ]; do # a connection that is blocked may wait
		timeout 1 "$TOOLS/transfer" -C "$PEERNS" -a $HERE4 -p 20050 -u 20000 -d 30000 >/dev/null 2>&1
		timeout 1 "$TOOLS/transfer" -C "$PEERNS" -a $HERE6 -p 443 -u 20000 -d 30000 >/dev/null 2>&1
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

# -- what a quota may let pass ----------------------------------------------------------------------------------------------
# SUBJECT is cap or plan. used: what passed, as it bills, by a snapshot; most: what may have passed, as of the last run.
used() { # SUBJECT SNAPSHOT
	local names=cap billing=$cap_billing
	[ "$1" = cap ] || names='one|two' billing=$plan_billing
	awk -v names="^($names)\$" -v billing="$billing" '$1 ~ names { sum[$2] += $3 }
		END { i = sum["in"]; o = sum["out"]; if (billing == "in") u = i; else if (billing == "out") u = o
			else if (billing == "max") u = i > o ? i : o; else u = (i + o) * (billing == "relay" ? 2 : 1); print u + 0 }' "$2"
}
unknown() { # SUBJECT: what the runs cannot know of, in the counters that were destroyed
	local u
	u=$(used "$1" "$WORK/allowed")
	[ "$u" = 0 ] || u=$((u + SLACK))
	echo "$u"
}
limit_of() { if [ "$1" = cap ]; then echo $((cap * 1000)); else echo $((plan * 1000)); fi; }
blocks() { if [ "$1" = cap ]; then [ "$cap_action" = block ]; else [ "$plan_action" = block ]; fi; }
declare -A most=() was_rule=()
damaged=no # to what enforces, since the last run
rule_is() { if [ "$1" = cap ]; then echo "$cap_action $cap_billing"; else echo "$plan_action $plan_billing"; fi; }
over='' log=''
quotas_hold() { # after a run that $WORK/began began
	local s now before limit allow
	snapshot "$WORK/after"
	for s in cap plan; do
		now=$(used $s "$WORK/after")
		limit=$(limit_of $s)
		limit=$((limit + limit / 1000 + $(unknown $s))) # a thousandth is near enough for an object that was passed by
		if [ $damaged = no ] && [ "${was_rule[$s]:-}" = "$(rule_is $s)" ] && blocks $s; then
			before=$(used $s "$WORK/began")
		log+="$step $what: $s before $before, now $now, limit $(limit_of $s), unknown $(unknown $s), most ${most[$s]}"$'\n'
			allow=${most[$s]}
			[ "$before" -le "$allow" ] || over+="step $step ($what): before the run $before of $s had passed, most $allow"$'\n'
			[ $limit -le "$allow" ] || allow=$limit
			[ "$now" -le "$allow" ] || over+="step $step ($what): in the run $((now - before)) passed, $now of $s in all, most $allow"$'\n'
		fi
		most[$s]=$((now > limit ? now : limit))
		was_rule[$s]=$(rule_is $s)
	done
	damaged=no
	now=$(nft list counter inet meant free | sed -n 's/.*packets \([0-9]*\).*/\1/p')
	now=$((now - $(awk '$1 == "free" && $2 == "out" { print $4 }' "$WORK/after")))
	[ $now -le $((refused + 5)) ] || log+="$step $what: $((now - refused)) packets of a neighbour did not pass"$'\n'
	refused=$now
}
refused=0
unsettled=''
settled() { # a second apply sends nothing, plan is empty; what is used up meanwhile is another matter: some tries
	local try
	for try in 1 2 3 4; do
		pf_run apply --json
		case "$rc $out" in "0 "*'"changes":0,'*) ;; *) continue ;; esac
		pf_run plan
		[ "$rc" != 0 ] || return 0
	done
	unsettled+="step $step ($what): $out $err"$'\n'
}
done_run() { # COMMAND: a run that must work, and all that must be so after it
	run "$@"
	quotas_hold
	settled
	quotas_hold
}
either() { # a run, by edit or by timer
	one_of apply sample
	done_run "$picked"
}

# -- the steps ----------------------------------------------------------------------------------------------------------------
step_sample() { done_run sample; }
step_apply() { done_run apply; }
step_rename() { alias=$((alias + 1)); edit; either; }
step_limit() {
	one_of 'limit = 80mbit' 'limit = 8mbit' 'limit_in = 40mbit' 'limit_out = 1gbit' '' "$(quota 900000 'throttle 1mbit' both)"
	fast=$picked
	edit
	either
}
step_raise() { cap=$((cap + RANDOM % 300)) plan=$((plan + RANDOM % 400)); edit; either; }
step_lower() { cap=$((cap > 700 ? cap - 200 : cap)) plan=$((plan > 1000 ? plan - 200 : plan)); edit; either; }
step_action() {
	one_of block block 'throttle 800kbit' alert
	cap_action=$picked
	one_of block block 'throttle 1mbit' alert
	plan_action=$picked
	edit
	either
}
step_billing() {
	one_of in out both max relay
	cap_billing=$picked
	one_of in out both max relay
	plan_billing=$picked
	edit
	either
}
step_reset_day() { # none of them is today: the cycle is another, what is used is the same
	local today
	today=$(date -u +%-d)
	one_of 5 10 15 20 25
	[ "$picked" = "$today" ] || day=$picked
	edit
	either
}
step_expiry() { one_of '' 'expires = 2020-01-01' 'expires = 2099-01-01'; old=$picked; edit; either; }
step_burst() { if [ $burst = yes ]; then burst=no; else burst=yes; fi; edit; either; }
step_keep_open() { one_of '22' '22, 8022' '22, 443'; open=$picked; edit; either; }
step_kill_sample() { killed sample; }
step_kill_apply() { killed apply; }
step_kill_edit() { alias=$((alias + 1)); edit; one_of apply sample; killed "$picked"; }
step_two() {
	pf sample >/dev/null 2>&1 &
	local p=$!
	done_run sample
	wait $p || failures+="step $step: two samples at once: exit $?"$'\n'
}
step_stranger() {
	nft add counter inet portflow stranger 2>/dev/null
	nft "add table ip other; delete table ip other"
}
# damage to what enforces alone: nothing may be missing after it
ENFORCES='^(enforce_|mine_)'
LAYERS='^(block|expire|alive|police|burst|hold|[tb](cur|now|next)[1-4]|tlim[1-4]|open|dhcp)_'
step_damage_rule() {
	local n=$RANDOM rule
	rule=$(rule_of $n "$ENFORCES")
	damaged=yes
	# shellcheck disable=SC2086 # three words
	[ -z "$rule" ] || nft delete rule inet portflow $rule
	either
}
step_damage_chain() { damaged=yes; one_of enforce_in enforce_out mine_in mine_out; nft flush chain inet portflow "$picked" 2>/dev/null; either; }
step_damage_map() {
	local n=$RANDOM map
	map=$(map_of $n "$LAYERS")
	damaged=yes
	# shellcheck disable=SC2086 # two words
	[ -z "$map" ] || nft flush $map 2>/dev/null
	either
}
step_damage_quietly() { # found by whoever comes next
	damaged=yes
	nft insert rule inet portflow enforce_in accept
	nft insert rule inet portflow enforce_out accept
}
step_damage_queue() { # classes and the root away or altered: what waits in them goes with them, which was counted
	local class
	class=$(tc class show dev "$DEV" | awk '$3 ~ /^7066:[0-9a-e]+$/ { print $3; exit }')
	one_of class class rate root ifb down
	case $picked$class in
	class?*) tc class del dev "$DEV" classid "$class" 2>/dev/null ;;
	rate?*) tc class change dev "$DEV" classid "$class" htb rate 1mbit ceil 2mbit 2>/dev/null ;;
	root*) tc qdisc del dev "$DEV" root 2>/dev/null ;;
	ifb*) ip link del ifb-portflow 2>/dev/null ;;
	down*) ip link set ifb-portflow down 2>/dev/null ;;
	esac
	either
}
step_method() {
	one_of auto shape police
	method=$picked
	edit
	either
}
step_reset_quotas() { damaged=yes; nft reset quotas >/dev/null; either; }
# damage to what counts too
gone() { lossy=1 damaged=yes; }
step_flush() {
	gone
	nft delete table inet portflow
	[ $((RANDOM % 2)) = 0 ] || sleep 0.1
	either
}
step_flush_quietly() { gone; nft delete table inet portflow 2>/dev/null; }
step_save() { nft list table inet portflow >"$WORK/saved" 2>/dev/null; }
step_restore() {
	gone
	[ -s "$WORK/saved" ] || nft list table inet portflow >"$WORK/saved" 2>/dev/null
	nft delete table inet portflow 2>/dev/null
	nft -f "$WORK/saved"
	either
}
step_reset() { gone; nft reset counters table inet portflow >/dev/null 2>&1; either; }
step_damage_any() {
	local n=$RANDOM rule
	rule=$(rule_of $n)
	gone
	# shellcheck disable=SC2086 # three words
	[ -z "$rule" ] || nft delete rule inet portflow $rule
	either
}
step_down() { gone; run down; gone; done_run apply; }
machine_was=no
step_machine() { # the whole of it is blocked for a while
	local before after
	machine=yes machine_was=yes
	edit
	done_run apply
	before=$(oracle_read behind | awk '$1 == "free" { s += $4 } END { print s }')
	ping -c1 -W2 $THERE4 >/dev/null && ping -6 -c1 -W2 $THERE6 >/dev/null && in_peer ping -c1 -W2 $HERE4 >/dev/null ||
		failures+="step $step: no ping through a blocked machine"$'\n'
	after=$(oracle_read behind | awk '$1 == "free" { s += $4 } END { print s }')
	[ "$before" = "$after" ] || failures+="step $step: $((after - before)) packets passed a blocked machine"$'\n'
	machine=no
	edit
	done_run apply
}

# -- what the database and the kernel must say at rest ----------------------------------------------------------------------------
state() {
	history_read | awk '{ n = $1; if (n ~ /^free[0-9]+$/) n = "free"; sum[n " " $2] += $3 } END { for (k in sum) print k, sum[k] }'
	status_read | awk '$1 == ".total" { print $1, $2, $3 }'
}
of_truth() { # NAME -> "arrived-or-sent passed" packets of keep or free: what was meant to pass, what did
	oracle_read peer >"$WORK/peer"
	oracle_read behind >"$WORK/behind"
	awk -v n="$1" '$1 == n && $2 == "in" { print $4 }' "$WORK/peer" "$WORK/behind" | xargs
	echo "$(nft list counter inet meant "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p') $(awk -v n="$1" '$1 == n && $2 == "out" { print $4 }' "$WORK/behind")"
}
all_passed() { # NAME DESCRIPTION
	of_truth "$1" >"$WORK/of_truth"
	if awk -v lost="$(dropped)" '$1 < $2 || $1 - $2 > lost || $1 == 0 { exit 1 }' "$WORK/of_truth"; then pass "$2"; else
		fail "$2" "meant and passed, in, then out: $(xargs <"$WORK/of_truth")
steps: $history"; fi
}
# What the kernel's quota objects leave is what is left: no more, but for a thousandth; less where a last packet did not fit. (What an object
# has used need not be what passed: another limit is taken in place.)
objects_agree() { # SUBJECT DESCRIPTION
	local s=$1 bad='' used dir name billing action legs=1
	read -r action billing < <(rule_is "$s" | sed 's/ [0-9]*[kmg]bit//')
	snapshot "$WORK/after"
	[ "$action" != alert ] || { is "$2: none where it only alerts" "$(nft list quotas table inet portflow | grep -c "quota q_$s")" 0; return; }
	nft -j list quotas table inet portflow | "$PYTHON" -SE -c 'import json, sys
for item in json.load(sys.stdin)["nftables"]:
    q = item.get("quota")
    if q: print(q["name"], max(q["bytes"] - q["used"], 0))' >"$WORK/objects"
	[ "$billing" != relay ] || legs=2
	for dir in in out; do
		name=q_$s used=$(used "$s" "$WORK/after")
		if [ "$billing" = max ]; then
			name+=.$dir
			used=$(grep " $dir " "$WORK/after" >"$WORK/one" && used "$s" "$WORK/one")
		fi
		bad+=$(awk -v n="$name" -v used="$used" -v limit="$(limit_of "$s")" -v legs=$legs -v missing="$(unknown "$s")" -v slack=$SLACK '$1 == n {
			found = 1; left = (used < limit ? limit - used : 0) / legs
			if ($2 > left + limit / 1000 + missing || $2 < left - slack) print n, "leaves", $2 ", not", left "; " }
			END { if (!found) print n, "is not there" }' "$WORK/objects")
	done
	is "$2" "$bad" ""
}
events_alternate() { # what begins ends before it begins again, or begins in another cycle
	sqlite3 -separator ' ' "file:$DB?mode=ro" "SELECT event.entry, event.kind, event.text FROM event JOIN entry ON entry.id = event.entry WHERE name != 'all' AND event.kind IN
		('quota_blocked', 'quota_throttled', 'quota_opened', 'burst_began', 'burst_ended', 'expired', 'renewed') ORDER BY event.id" |
		awk '{ about = $1 ($2 ~ /quota/ ? "q" : $2 ~ /burst/ ? "b" : "x"); is = $2
			if ($2 ~ /blocked|throttled/ && match($0, / until .*/)) is = is substr($0, RSTART)
			if (last[about] == is) print "twice in a row:", $0
			last[about] = is }'
}
arrived() { # what left of a neighbour came out at the other end
	oracle_read peer | awk '$1 == "free" && $2 == "out" { print $4 }'
}
check() { # DESCRIPTION
	verdict "$1"
	quotas_hold
	settled
	is "no more than the quotas passed" "$over" ""
	[ -z "$over" ] || diag <<<"$log"
	is "after each step a second apply sent nothing, and plan was empty" "$unsettled" ""
	objects_agree cap "the kernel's quota of an entry says what passed"
	objects_agree plan "and that of several entries"
	all_passed keep "keep_open passed, all of it"
	is "what began ended before it began again" "$(events_alternate)" ""
}

COMMON="sample apply rename limit limit raise raise lower action billing reset_day expiry burst keep_open method kill_sample kill_apply kill_edit two stranger"
GENTLE="$COMMON damage_rule damage_chain damage_map damage_quietly damage_queue reset_quotas"
ROUGH="$GENTLE flush flush_quietly save restore reset damage_any down machine"
what=begin
snapshot "$WORK/began"
quotas_hold
# shellcheck disable=SC2086
{
	start
	steps $((STEPS / 2)) $GENTLE
	check "$((STEPS / 2)) steps that destroy no counter, under traffic: nothing lost, nothing doubled"
	is "nothing may be missing after those" "$(awk '$3' "$WORK/allowed")" ""
	all_passed free "a neighbour without limits passed, all of it"
	[ $refused -le 5 ] || diag <<<"$log"
	is_ge "and came out at the other end" "$(arrived)" $(($(oracle_read behind | awk '$1 == "free" && $2 == "out" { print $4 }') - $(dropped)))
	start
	steps $((STEPS - STEPS / 2)) $ROUGH
	check "$((STEPS - STEPS / 2)) rough steps: never more than the truth, and only what a destroyed counter held is missing"
}
is "no run failed on the way" "$failures" ""
pf_run db check
is "the database is whole" "$rc" 0
sum_holds "ports + forwarded + rest = total"
note "lost by the cable, or with a queue that was taken away: $(dropped)"
done_testing
