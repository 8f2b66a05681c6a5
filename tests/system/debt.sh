#!/bin/bash
# A class of HTB that let a large packet go at a low rate is silent for as long as that packet takes, up to a minute, and stays so when its
# rate is raised. So whatever raises a rate must let traffic flow at the new one within two seconds: an edit, of an entry or of an
# [interface], out and in, the roll-back of a trial, what mends a class that somebody altered; a throttle that ends has no debt at all.
# shellcheck disable=SC2317 # functions that conditions call
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
heavy
for tool in tc iperf3; do command -v $tool >/dev/null || skip_all "$tool is not installed"; done
net_up || exit 1
for into in '' in_peer; do $into nft delete table inet sink; done
trap 'kill $(jobs -p) 2>/dev/null; exit 143' TERM INT HUP
has_htb || skip_all "this kernel has no HTB"
has_ifb || skip_all "this kernel has no IFB"
IFB=ifb-portflow
LIMIT=20 # mbit, once it is raised

# -- what flows ---------------------------------------------------------------------------------------------------------
nft -f - <<END
table inet arrived { # behind all queues of what comes in
	chain in {
		type filter hook input priority 200
		tcp dport 5201 counter
		udp dport 5201 counter
	}
}
END
moved() { # DIRECTION: bytes, behind all queues
	case $1 in
	out) device_counters "$DEV" | cut -d' ' -f4 ;;
	in) nft list table inet arrived | awk '/counter packets/ { n += $NF } END { print n }' ;;
	esac
}
large() { # DIRECTION: datagrams that the kernel is to cut, twice as many as the limit will let through; for as long as the test runs
	local words=(-l 60000 -g 1400 -c 1000000 -r $((LIMIT * 2 * 1000000 / 480000)))
	case $1 in
	out) "$TOOLS/datagram" -d $THERE4 -s 5201 -p 9 -e "${words[@]}" >/dev/null & ;;
	in) "$TOOLS/datagram" -n "$PEERNS" -d $HERE4 -p 5201 "${words[@]}" >/dev/null & ;;
	esac
	sender=$!
}
stream() { # TCP out of port 5201, as fast as it goes, for as long as the test runs
	iperf3 -s -1 -p 5201 >/dev/null 2>&1 &
	wait_for "ss -Hltn 'sport = :5201' | grep -q ." || return 1
	nsenter --net="$PEERNS" iperf3 -c $HERE4 -p 5201 -R -t 1000 >/dev/null 2>&1 &
	sender=$!
}
silence() { kill $sender && wait $sender 2>/dev/null; } # of the sender
now_ms() { echo $(($(date +%s%N) / 1000000)); }
flows() { # DESCRIPTION DIRECTION [LEAST [MOST]]: from now on at LIMIT, within two seconds
	local start from to a b rate least=${3:-$((LIMIT * 900000))} most=${4:-$((LIMIT * 1200000))}
	start=$(now_ms)
	for ((;;)); do
		a=$(now_ms) from=$(moved "$2")
		sleep 0.25
		to=$(moved "$2") b=$(now_ms)
		rate=$(((to - from) * 8000 / (b - a)))
		if [ $rate -ge $least ] && [ $rate -le $most ]; then break; fi
		[ $((a - start)) -lt 90000 ] || break
	done
	note "$1: $((a - start)) ms, then $((rate / 1000)) kbit/s"
	is_le "$1 (ms)" $((a - start)) $((2000 * SLOW))
}
owes() { # MAJOR:MINOR DEVICE: more than ten seconds
	[ "$(tc -s class show dev "$2" classid "$1" | sed -n 's/.*ctokens: //p')" -lt -156250000 ] # of 64 ns
}
indebted() { # DESCRIPTION MAJOR:MINOR DEVICE: else the test would show nothing
	ok "$1" wait_for "owes $2 $3" 10
}
edit() { ini_sed "$@" && pf_ok apply; } # SED'S WORDS
base() { printf '[portflow]\ntimezone = UTC\nlimit_method = shape\ninterface = %s\n' "$DEV"; }
trial_of() { # SED'S WORDS: an edit on trial, until it waits
	ini_sed "$@"
	"$PORTFLOW" -c "$INI" apply --confirm=5min >"$WORK/trial.log" 2>&1 &
	trial=$!
	wait_for "grep -q 'on trial until' $WORK/trial.log" || cat "$WORK/trial.log"
}
roll_back() { # now
	kill -INT $trial
	wait $trial
	like "the trial is rolled back" "$(cat "$WORK/trial.log")" 'rolled back|ended by a signal'
}

# -- out: TCP --------------------------------------------------------------------------------------------------------------
{ base; printf '[port web]\nports = 5201\nlimit_out = %smbit\n' $LIMIT; } | ini
pf_ok apply
stream
flows "out: TCP fills the limit" out
edit "s/${LIMIT}mbit/8kbit/"
indebted "out, an entry: in debt" 7066:1 "$DEV"
edit "s/8kbit/${LIMIT}mbit/"
flows "out, an entry's limit is raised" out
trial_of "s/${LIMIT}mbit/8kbit/"
indebted "out, a trial: in debt" 7066:1 "$DEV"
roll_back
flows "out, a trial is rolled back" out
# From here on datagrams: how large the packets of TCP are depends on what it went through, and so does when it tries again.
silence
large out
flows "out, datagrams fill the limit" out
by_hand() { # RATE: of the class of the entry
	tc class change dev "$DEV" parent 7066:fffe classid 7066:1 htb rate 8kbit ceil "$1" quantum 1500
}
by_hand 8kbit
indebted "out, a class changed by hand: in debt" 7066:1 "$DEV"
pf_run sample
like "... which is told" "$err" 'somebody had altered our queues'
flows "out, that is mended" out
by_hand 8kbit
indebted "out, changed by hand: in debt" 7066:1 "$DEV"
by_hand 900mbit
pf_run sample
like "... and again, to a high rate" "$err" 'somebody had altered our queues'
flows "out, that is mended, too" out
{ base; printf '[port web]\nports = 5201\n[interface nic]\nlimit_out = 8kbit\n'; } | ini
pf_ok apply
indebted "out, the whole device: in debt" 7066:fffe "$DEV"
edit "s/8kbit/${LIMIT}mbit/"
flows "out, the limit of the whole device is raised" out
trial_of "s/${LIMIT}mbit/8kbit/"
indebted "out, the whole device on trial: in debt" 7066:fffe "$DEV"
roll_back
flows "out, that is rolled back" out
tc class change dev "$DEV" parent 7066: classid 7066:fffe htb rate 8kbit ceil 8kbit
indebted "out, the whole device changed by hand: in debt" 7066:fffe "$DEV"
pf_ok sample
flows "out, that is mended as well" out
edit "s/${LIMIT}mbit/8kbit/"
indebted "out, the whole device lowered: in debt" 7066:fffe "$DEV"
edit '/^\[interface nic/,$d'
flows "out, that limit is removed" out $((LIMIT * 900000)) 100000000000
silence

# -- in: datagrams, on the IFB ------------------------------------------------------------------------------------------------
large in
{ base; printf '[port web]\nports = 5201\nlimit_in = 8kbit\n'; } | ini
pf_ok apply
indebted "in, an entry: in debt" 7067:1 $IFB
edit "s/8kbit/${LIMIT}mbit/"
flows "in, an entry's limit is raised" in
trial_of "s/${LIMIT}mbit/8kbit/"
indebted "in, a trial: in debt" 7067:1 $IFB
roll_back
flows "in, a trial is rolled back" in
tc class change dev $IFB parent 7067:fffe classid 7067:1 htb rate 8kbit ceil 8kbit quantum 1500
indebted "in, a class changed by hand: in debt" 7067:1 $IFB
pf_ok sample
flows "in, that is mended" in
tc class change dev $IFB parent 7067: classid 7067:fffe htb rate 8kbit ceil 8kbit
indebted "in, the class above all changed by hand: in debt" 7067:fffe $IFB
pf_ok sample
flows "in, that is mended, too" in
edit "s/${LIMIT}mbit/8kbit/"
indebted "in, lowered: in debt" 7067:1 $IFB
edit '/^limit_in/d'
flows "in, the limit is removed" in $((LIMIT * 1500000)) 100000000000

# -- a throttle that ends ---------------------------------------------------------------------------------------------------
edit "s/^ports = 5201/&\nlimit = ${LIMIT}mbit\nquota = 100GB\nquota_action = throttle 8kbit/"
throttle() { # WHAT DIRECTION: holds, and ends
	pf_ok quota set-used web 100GB
	flows "$1, the throttle holds" "$2" 0 300000
	pf_ok quota set-used web 0GB
	flows "$1, the throttle ends" "$2"
}
throttle "in" in
silence
large out
throttle "out" out
silence
stream
flows "out, TCP fills the limit" out
throttle "out, TCP" out
done_testing
