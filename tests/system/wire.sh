#!/bin/bash
# The bytes on the wire although the kernel's hooks see aggregates: segmentation offload out, GRO in, both families, against what
# the peer's device received with GRO off, and an HTB class on the same device. Also jumbo frames, no timestamps, a smaller peer.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
heavy
net_up && second_device || exit 1
# The cable carries segments, as a real one does; only the hooks of this machine see what offloads make of them.
for d in "$DEV" "$DEV2"; do
	ethtool -K $d tso off gso on gro on >/dev/null 2>&1
	# segments come in one by one and wait for others, so that GRO joins them as it does behind a fast card
	echo 10 >"/sys/class/net/$d/napi_defer_hard_irqs"
	echo 20000 >"/sys/class/net/$d/gro_flush_timeout"
done
for d in "$FAR" "$FAR2"; do
	in_peer ethtool -K $d tso off gso off gro off >/dev/null 2>&1
	in_peer ip link set $d gso_max_segs 1 # so that the peer's own hooks see what the cable carries
done
ip link set "$DEV2" mtu 9000
ip -n "$PEER" link set "$FAR2" mtu 9000
SIZE=6000000

ini <<END
[portflow]
interface = $DEV, $DEV2
timezone = UTC
[port web]
ports = 443
[port range]
ports = 20000-21000
[address also]
addresses = $ALSO4, $ALSO6
END
oracle_port web 443
oracle_port range 20000-21000
oracle_address also $ALSO4 $ALSO6
oracle_total
oracle_load peer "$FAR, $FAR2"
pf_ok apply

mark() { # remembers the oracle and the status
	settle
	pf_ok sample # the share of timestamps is that of an interval: this one holds nothing else
	status_read >"$WORK/status.mark" || fail "status" "$(cat "$WORK/status.err")"
	oracle_read peer >"$WORK/oracle.mark"
}
retransmitted() { # segments sent again by this machine or the peer
	{ cat /proc/net/snmp && in_peer cat /proc/net/snmp; } | awk '/^Tcp: [0-9]/ { n += $13 } END { print n }'
}
lossless() { # COMMAND...: marks and runs it, again while a busy machine lost segments: they were counted and did not arrive
	local before
	for _ in 1 2 3 4 5 6 7 8; do
		mark
		before=$(retransmitted)
		"$@" >/dev/null || fail "traffic: $*"
		[ "$(retransmitted)" = "$before" ] && return
	done
	note "segments were lost in each of 8 tries of: $*"
}
since() { # FILE COLUMN NAME DIRECTION, stdin the newer state -> growth
	awk -v c="$2" -v n="$3" -v d="$4" 'FILENAME != "-" { if ($1 == n && $2 == d) was = $c; next }
		$1 == n && $2 == d { print $c - was }' "$1" -
}
compare() { # WHAT NAME DIRECTION PER_MILLE: what status gained since the mark against what passed the cable
	local wire raw packets bytes segments
	settle
	status_read >"$WORK/status.now"
	oracle_read peer >"$WORK/oracle.now"
	wire=$(since "$WORK/status.mark" 3 "$2" "$3" <"$WORK/status.now")
	packets=$(since "$WORK/status.mark" 4 "$2" "$3" <"$WORK/status.now")
	raw=$(since "$WORK/status.mark" 5 "$2" "$3" <"$WORK/status.now")
	bytes=$(since "$WORK/oracle.mark" 3 "$2" "$3" <"$WORK/oracle.now")
	segments=$(since "$WORK/oracle.mark" 4 "$2" "$3" <"$WORK/oracle.now")
	is_near "$1: bytes of $2 $3" "$wire" "$bytes" "$4"
	is_near "$1: packets of $2 $3, an estimate" "$packets" "$segments" "${5:-30}"
	[ "$bytes" -lt $((SIZE / 2)) ] || note "raw: $(awk -v a="$raw" -v b="$bytes" 'BEGIN { printf "%+.2f %%", (a - b) * 100 / b }')"
}

for f in 4 6; do
	lossless tcp_here $f 443 1000 $SIZE
	compare "IPv$f bulk out" web out 3
	compare "IPv$f bulk out" .total out 3
	raw=$(since "$WORK/status.mark" 5 web out <"$WORK/status.now") bytes=$(since "$WORK/oracle.mark" 3 web out <"$WORK/oracle.now")
	is_le "IPv$f out: the hooks did see aggregates (else this proves nothing)" "$raw" $((bytes * 985 / 1000))
	lossless tcp_here $f 443 $SIZE 1000
	compare "IPv$f bulk in" web in 3
	compare "IPv$f bulk in: the acknowledgements" web out 3
	raw=$(since "$WORK/status.mark" 5 web in <"$WORK/status.now") bytes=$(since "$WORK/oracle.mark" 3 web in <"$WORK/oracle.now")
	is_le "IPv$f in: the hooks did see aggregates" "$raw" $((bytes * 990 / 1000))
	lossless tcp_here $f 20500 $SIZE $SIZE
	compare "IPv$f range" range out 3
	compare "IPv$f range" range in 3
	lossless tcp_here $f 4711 $SIZE $SIZE -a "$([ $f = 4 ] && echo $ALSO4 || echo $ALSO6)"
	compare "IPv$f address" also in 3
	compare "IPv$f address" also out 3
done
pf_ok sample

# small and middling packets are not made larger
mark
for f in 4 6; do
	tcp_here $f 443 3000000 3000000 -w 700
	udp_in $f 443 2000 1400
	udp_out $f 443 2000 1400
done
compare "small segments and UDP" web in 3
compare "small segments and UDP" web out 3

# UDP segmentation (QUIC servers): the length of a segment is nowhere in the packet that the hooks see, so nothing can be put right.
# What is missing is exact: the headers of all segments but the first. The manual says so.
for d in "$DEV" "$DEV2"; do ethtool -K $d tx-udp-segmentation off >/dev/null 2>&1; done # the cable carries segments
for f in 4 6; do
	header=$((f == 4 ? 28 : 48))
	mark
	udp_out $f 443 200 48000 -g 1200 -r 1000
	settle
	status_read >"$WORK/status.now"
	oracle_read peer >"$WORK/oracle.now"
	is "IPv$f UDP segments: the cable carried 40 of each send" "$(since "$WORK/oracle.mark" 3 web out <"$WORK/oracle.now")" "$(sent_bytes)"
	is "IPv$f UDP segments: 39 headers of 40 are missing" "$(since "$WORK/status.mark" 3 web out <"$WORK/status.now")" \
		$(($(sent_bytes) - 200 * 39 * header))
done

# jumbo frames on the second device, at the same time as 1500 on the first
for a in 10.67.0.1 fd67::1; do
	lossless "$TOOLS/transfer" -C "$PEERNS" -a $a -p 443 -u $SIZE -d $SIZE
	compare "MTU 9000 ($a)" web in 3
	compare "MTU 9000 ($a)" web out 3
done
lossless tcp_here 4 443 $SIZE $SIZE
"$TOOLS/transfer" -C "$PEERNS" -a 10.67.0.1 -p 443 -u $SIZE -d $SIZE >/dev/null || fail traffic
compare "two devices of different MTU" web in 3
compare "two devices of different MTU" web out 3
compare "two devices of different MTU" .total in 3
compare "two devices of different MTU" .total out 3

# no TCP timestamps: 12 bytes of header less
in_peer sysctl -qw net.ipv4.tcp_timestamps=0
for f in 4 6; do
	lossless tcp_here $f 443 $SIZE $SIZE
	compare "IPv$f without timestamps" web in 3
	compare "IPv$f without timestamps" web out 3
done
in_peer sysctl -qw net.ipv4.tcp_timestamps=1

# an HTB class on the same device, which counts each segment with its Ethernet header
if tc qdisc add dev "$DEV" root handle 1: htb default 1 2>/dev/null &&
	tc class add dev "$DEV" parent 1: classid 1:1 htb rate 20gbit quantum 60000 burst 1m cburst 1m; then
	pf_ok sample
	for f in 4 6; do
		mark
		class() { tc -s class show dev "$DEV" classid 1:1 | awk '/Sent/ { print $2 - 14 * $4 }'; }
		was=$(class)
		tcp_here $f 443 1000 $SIZE
		compare "IPv$f under HTB" web out 3
		is_near "IPv$f: the HTB class agrees with the total" "$(since "$WORK/status.mark" 3 .total out <"$WORK/status.now")" \
			$(($(class) - was)) 3
	done
	tc qdisc del dev "$DEV" root
else
	skip "an HTB class agrees" "no HTB here"
fi
# the peer's own device: nothing but what is ours passes it
mark
was=$(far_counters)
tcp_here 4 443 $SIZE $SIZE
settle
now=$(far_counters)
compare "peer's device" .total in 3
is_near "received by the peer's device" "$(since "$WORK/status.mark" 3 .total out <"$WORK/status.now")" \
	"$(echo "$was $now" | awk '{ print $7 - $1 - 14 * ($8 - $2) }')" 3
is_near "sent by the peer's device" "$(since "$WORK/status.mark" 3 .total in <"$WORK/status.now")" \
	"$(echo "$was $now" | awk '{ print $10 - $4 }')" 3 # towards a device with GRO a veth leaves the Ethernet header out

# a peer with a smaller MTU: its segments are shorter than we think
pf_ok sample
for mtu in 1400 1280 1240; do
	ip -n "$PEER" link set "$FAR" mtu $mtu
	for f in 4 6; do
		[ $f = 4 ] || [ $mtu -ge 1280 ] || continue
		most=9
		[ $f-$mtu != 4-1400 ] || most=3  # segments of at least 1360
		[ $f-$mtu != 6-1280 ] || most=10 # the least that IPv6 allows; its longer header weighs more
		[ $f = 4 ] || ip -n "$PEER" addr replace $THERE6/64 dev "$FAR" nodad
		lossless tcp_here $f 443 $SIZE $SIZE
		compare "IPv$f, peer's MTU $mtu" web out $most 400
		compare "IPv$f, peer's MTU $mtu" web in $most 400
	done
done
is "the cable lost nothing" "$(dropped)" 0
done_testing
