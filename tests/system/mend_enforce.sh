#!/bin/bash
# Whatever enforces and is altered by hand is mended by the next sample: rules away, moved, turned to accept, doubled; chains emptied, passed by,
# with another policy, priority or hook; sets and maps emptied, of another kind; elements away, for ever, for another time, of another object;
# limits and quotas of other rates and sizes, turned round, away. Nothing that was counted is lost.
# A part of the damages, chosen by SEED; all of them with `make torture`.
# shellcheck disable=SC2034 # ORACLE is read in lib/
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
net_up && exact_segments || exit 1
ORACLE=behind
STEP=${STEP:-$((SLOW > 1 ? 111 : 37))} # of the damages of each kind
[ -z "${TORTURE:-}" ] || STEP=1
note "SEED=$SEED STEP=$STEP"

service_user # who sends messages passes: of those there are rules as well
ini <<END
[portflow]
timezone = UTC
notify = web
own = 203.0.113.7, 2001:db8:7::/48
keep_open = 22, udp/22
[port web]
ports = 80, 8000-8001
limit = 100mbit
[port long]
ports = 20000-21000
limit_in = 10mbit
quota = 1GB
quota_action = block
[port full]
ports = 82
quota = 200KB
quota_action = block
[port slow]
ports = 83
billing = out
quota = 200KB
quota_action = throttle 1mbit
[port held]
ports = 84
burst_rate = 50kbit
burst_window = 2min
burst_limit = 8mbit
burst_hold = 1d
[port old]
ports = 85
expires = 2020-01-01
[port young]
ports = 86
expires = 2099-01-01
[address also]
addresses = $ALSO4, $ALSO6
limit = 50mbit
[interface all]
interface = $DEV
billing = max
quota = 1TB
quota_action = throttle 100mbit
[quota plan]
entries = web, long
quota = 2GB
quota_cycle = never
quota_action = throttle 10mbit
[notify web]
type = webhook
url = https://example.com/secret
events = cycle
END
touch -d 2020-01-01 "$INI"
oracle_port web '80, 8000-8001'
oracle_port long 20000-21000
oracle_port full 82
oracle_total
at_ok $(($(date +%s) - 60)) apply
oracle_load behind
udp_in 4 84 800 1000
udp_out 4 82,83 190 1000 -e
udp_out 4 82,83 60 100 -e # small ones, so that nothing is left
udp_in 6 80,20000 80 1000
pf_ok sample
nft delete table inet portflow # its quotas were charged with what others dropped
pf_ok sample
is "blocked, throttled and held are entries" \
	"$(for set in block_udp hold_udp_in burst_udp_in; do nft list table inet portflow | sed -n "/ $set {/,/}\$/p" | grep -c expires; done | xargs)" "1 1 1"

ends_read() { "$PYTHON" -SE "$SYSTEM/lib/listing.py" ends <"$WORK/table.json" | sort; }
table_read >"$WORK/right"
ends_read >"$WORK/right.ends"
ends_agree() { # the same elements end at the same time, quotas leave the same, but for a thousandth
	ends_read | join -j 1 <(sed 's/ /|/' "$WORK/right.ends" | sort) <(sed 's/ /|/' | sort) | awk '{ off = $2 - $3; most = /^left/ ? $2 / 1000 : 3 } off > most || off < -most { print; bad = 1 } END { exit bad }'
}
CHAINS='^(enforce|mine|message)_'
SETS='^(block|expire|alive|police|burst|hold|[tb](cur|now|next)[1-4]|tlim[1-4]|open|dhcp|own|answer|dns)'
damages() { "$PYTHON" -SE "$SYSTEM/lib/damage.py" "$WORK/table.json" "$CHAINS" "$SETS" "$1"; }
damages list >"$WORK/damages"

damaged=0 log=''
damage() { # LABEL; $WORK/table.json is the table as it is
	damages "$1" >"$WORK/damage.json"
	if ! nft -j -f "$WORK/damage.json" 2>"$WORK/nft.err"; then
		log+="$1: nft refused: $(head -n 1 "$WORK/nft.err")"$'\n'
		return
	fi
	damaged=$((damaged + 1))
	if [ -n "${TORTURE:-}" ]; then
		table_read >"$WORK/now"
		if cmp -s "$WORK/right" "$WORK/now" && ends_agree >/dev/null; then log+="$1: no damage"$'\n'; fi
	fi
	pf_run sample
	[ "$rc" = 0 ] || log+="$1: sample: exit $rc $err"$'\n'
	table_read >"$WORK/now"
	cmp -s "$WORK/right" "$WORK/now" || log+="$1: not mended: $(diff "$WORK/right" "$WORK/now" | head -n 5)"$'\n'
	ends_agree >"$WORK/off" || log+="$1: another time, or another figure: $(head -n 3 "$WORK/off")"$'\n'
}
# each kind of damage in turn, so that of the rare ones one is tried each time
sed 's/^\(rule\|element\) [0-9]* of [^ ]*/\1/; s/^\(quota\|limit\) [^ ]*/\1/; /^\(rule\|element\|quota\|limit\) /!s/^[^ ]*/chain or set/' "$WORK/damages" |
	paste -d '|' - "$WORK/damages" | sort -s -t '|' -k 1,1 |
	awk -F '|' -v step="$STEP" -v seed="$SEED" '
		function choose(i) { for (i = 0; i < n; i++) if (i % step == seed % (n < step ? n : step)) print kind "|" label[i] }
		$1 != kind { choose(); kind = $1; n = 0 }
		{ label[n++] = $2 }
		END { choose() }' >"$WORK/chosen"
kind=''
group() {
	[ -n "$kind" ] || return 0
	if [ $damaged -gt 0 ] && [ -z "$log" ]; then pass "$kind: mended ($damaged)"; else fail "$kind: mended ($damaged)" "$log"; fi
	damaged=0 log=''
}
while IFS='|' read -r of label <&3; do
	[ "$of" = "$kind" ] || group
	kind=$of
	damage "$label"
done 3<"$WORK/chosen"
group
udp_in 6 80,20000 8 1000
udp_out 4 80,82,20000 8 1000 -e
conserve "nothing that was counted is lost"
pf_run apply --json
like "a second apply sends nothing" "$out" '"changes":0,'
exits "plan is empty" 0 plan
is "no event of a verdict was told again" "$(of_db "SELECT count(*) FROM event WHERE kind LIKE 'quota_%' OR kind LIKE 'burst_%' OR kind = 'expired'")" 4
done_testing
