#!/bin/bash
# What limits cost and what they give: the packet of packet.sh past 10 and past 1,000 limited entries that let all of it pass, 1,000 limited
# entries from nothing, and the rates of TCP against what was asked, policed and shaped.
# bench.sh sources it.
# shellcheck disable=SC2154
first=2000 step=100
packets=${PACKETS:-100000}
limited() { sed 's/^ports = .*/&\nlimit = 100gbit\nquota = 1000TB\nquota_action = block/; s/^\[portflow\]/&\nlimit_method = police/'; }
entries 10 $first $step | limited >"$DISK/l10.ini"
entries 1000 $first | limited | sed "s|1000.db|l1000.db|" >"$DISK/l1000.ini"
chmod 640 "$DISK"/l*.ini
added() { awk -v a="$1" -v b="$2" 'BEGIN { print a - b }'; }
middle() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
blast() { $alone taskset -c 0 "$TOOLS/blast" -n "$PEERNS" -d $HERE4 -p $first -s $step -k 10 -c "$1"; }
rm -f "$DISK"/limit.*
for ((round = 0; round < ROUNDS; round++)); do
	for n in 10 1000; do
		blast 20000 >/dev/null
		bare=$(blast "$packets")
		take_up "$DISK/l$n.ini"
		blast 20000 >/dev/null
		added "$(blast "$packets")" "$bare" >>"$DISK/limit.$n"
		nft delete table inet portflow
	done
done
ten=$(middle <"$DISK/limit.10") thousand=$(middle <"$DISK/limit.1000")
info "added by 10 entries with a limit and a quota each" "$ten ns"
row "added by 1,000 such entries, over 10" "$(awk -v a="$thousand" -v b="$ten" 'BEGIN { printf "%.2f", (b > 0) ? a / b : 0 }')" "" 1.15

begin=$(date +%s%N)
take_up "$DISK/l1000.ini"
row "apply from nothing, 1,000 entries with limit and quota" "$(awk -v ns=$(($(date +%s%N) - begin)) 'BEGIN { printf "%.2f", ns / 1e9 }')" " s" 2
measure -n "$ROUNDS" -- "$PORTFLOW" -q -c "$DISK/l1000.ini" apply
info "apply with nothing to do, the same" "$(both 1)"
nft delete table inet portflow

# -- rates ----------------------------------------------------------------------------------------------------------------
rate() { # METHOD MBIT DIRECTION TARGET_PER_CENT
	local reverse='' got server frame=1500 # a policer counts IP packets, a class whole frames
	[ "$1" = police ] || frame=1514
	printf '[portflow]\ndatabase = %s/rate.db\nlimit_method = %s\n[port r]\nports = 5201\nlimit = %smbit\n' "$DISK" "$1" "$2" >"$DISK/rate.ini"
	chmod 640 "$DISK/rate.ini"
	"$PORTFLOW" -q -c "$DISK/rate.ini" apply >/dev/null 2>"$DISK/rate.err" || { left_out "$1 at $2 mbit, $3" "$(head -1 "$DISK/rate.err")"; return; }
	[ "$3" = in ] || reverse=-R
	iperf3 -s -1 -p 5201 >/dev/null 2>&1 &
	server=$!
	wait_for "ss -Hltn 'sport = :5201' | grep -q ." || return
	got=$(in_peer iperf3 -c $HERE4 -p 5201 $reverse -O 2 -t 5 -J | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"])')
	wait $server
	row "$1 at $2 mbit, $3: TCP off what was asked" "$(awk -v g="$got" -v m="$2" -v l=$frame \
		'BEGIN { d = g * l / 1448 / m / 1e6 - 1; printf "%.1f", 100 * (d < 0 ? -d : d) }')" " %" "$4"
}
if command -v iperf3 >/dev/null; then
	nft delete table inet sink
	for mbit in 1 10 100 1000; do
		for direction in in out; do rate police $mbit $direction 10; done
	done
	for mbit in 1 10 100 1000; do rate shape $mbit out 5; done
	"$PORTFLOW" -q -c "$DISK/rate.ini" down >/dev/null
else
	left_out "rates" "iperf3 is not installed"
fi
