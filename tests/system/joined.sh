#!/bin/bash
# A quota that is used up before any run saw a packet of it, by TCP that the kernel joins (GSO, GRO) so that the hooks see fewer headers than
# the wire has: what passed on the wire against the quota, out and in, over IPv4 and IPv6, with timestamps and without; and by datagrams, of
# which every byte passes. Out it is told by the peer, in by the figures, which wire.sh holds against the peer.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
heavy
net_up || exit 1
# as in wire.sh: the cable carries segments, the hooks of this machine see aggregates, those of the peer do not
ethtool -K "$DEV" tso off gso on gro on >/dev/null 2>&1
echo 10 >"/sys/class/net/$DEV/napi_defer_hard_irqs"
echo 20000 >"/sys/class/net/$DEV/gro_flush_timeout"
in_peer ethtool -K "$FAR" tso off gso off gro off >/dev/null 2>&1
in_peer ip link set "$FAR" gso_max_segs 1
QUOTA=100000000
# a counter for each port, since what a blocked server of before still had in its queue comes when its port is no entry any more
{
	echo 'table inet arrived {'
	for p in {81..99}; do echo "counter web$p { }"; done
	echo "map of_port { type inet_service : counter; elements = { $(for p in {81..99}; do echo "$p : \"web$p\","; done) }; }"
	echo 'chain of { type filter hook prerouting priority -400; meta l4proto { tcp, udp } counter name th sport map @of_port; }; }'
} | in_peer nft -f -
arrived() { in_peer nft list counter inet arrived web$port | sed -n 's/.*bytes \([0-9]*\).*/\1/p'; }
counted() { # DIRECTION FIGURE
	pf status --json | "$PYTHON" -c 'import json, sys
for e in json.load(sys.stdin)["entries"]:
    if e["name"] == "web": print(e[sys.argv[1]][sys.argv[2]])' "$1" "$2"
}
rest() { # until nothing more of it comes
	local last=- now
	while now=$(arrived).$(counted in bytes); [ "$now" != "$last" ]; do
		last=$now
		sleep 0.3
	done
}
port=80
fresh_quota() { # DIRECTION: a port of its own, since a server that is stuck keeps its own
	port=$((port + 1))
	ini <<-END
		[portflow]
		timezone = UTC
		[port web]
		ports = $port
		billing = $1
		quota = $((QUOTA / 1000))KB
		quota_action = block
	END
	fresh
	pf_ok apply
}
moved() { # DIRECTION
	if [ "$1" = out ]; then arrived; else counted in bytes; fi
}
joined() { # DESCRIPTION DIRECTION FAMILY UP DOWN
	local what="$1$2, IPv$3" raw bytes
	fresh_quota "$2"
	"$TOOLS/transfer" -C "$PEERNS" -p $port -a "$(here "$3")" -u "$4" -d "$5" >/dev/null 2>&1 &
	wait_for "[ \$(moved $2) -gt $((QUOTA * 9 / 10)) ]" 30
	rest
	kill $!
	wait $! 2>/dev/null
	raw=$(counted "$2" raw_bytes) bytes=$(moved "$2")
	is_le "$what: the hooks did see aggregates (else this proves nothing)" "$raw" $((QUOTA * 985 / 1000))
	note "$what: $(awk -v m="$bytes" -v q=$QUOTA 'BEGIN { printf "%+.2f per cent", (m - q) * 100 / q }')"
	is_le "$what: on the wire no more than the quota, but for 0.2 per cent" "$bytes" $((QUOTA * 1002 / 1000))
	is_ge "$what: and no less, but for 0.5 per cent" "$bytes" $((QUOTA * 995 / 1000))
}
for f in 4 6; do
	joined '' out $f 1000 $((QUOTA * 2))
	joined '' in $f $((QUOTA * 2)) 1000
done
in_peer sysctl -qw net.ipv4.tcp_timestamps=0
for f in 4 6; do
	joined 'no timestamps, ' out $f 1000 $((QUOTA * 2))
done
fresh_quota both
QUOTA=20000000
ini_sed "s/^quota = .*/quota = $((QUOTA / 1000))KB/"
pf_ok apply
for f in 4 6; do
	udp_in $f $port 6000 1400
	udp_out $f $port 6000 1400 -e
done
is_le "datagrams: no more than the quota" $(($(counted in bytes) + $(counted out bytes))) $QUOTA
is_ge "datagrams: and all of it" $(($(counted in bytes) + $(counted out bytes))) $((QUOTA - 2 * 1448))
done_testing
