#!/bin/bash
# The networks of the system tests, and traffic of known size in them.
# This namespace is the machine under test; a peer is at the other end of a veth pair; guests stand behind it.
# Sourced by lib.sh.
#
#   guest 10.68.0.2 -- 10.68.0.1 [routed_guest]
#                                 \
#                     the machine   $DEV 10.66.0.1, .2  ---------- $FAR 10.66.0.9   [net_up]      $PEER
#                                   $DEV2 10.67.0.1     ---------- $FAR2 10.67.0.9  [second_device]
# The same with fd66::, fd67::, fd68::. The default routes go to 10.66.0.9 and fd66::9.
# Sourced by lib.sh.
# shellcheck disable=SC2034
PEER=peer$ID GUEST=guest$ID
DEV=up$ID FAR=far$ID DEV2=bp$ID FAR2=fbr$ID
HERE4=10.66.0.1 HERE6=fd66::1 ALSO4=10.66.0.2 ALSO6=fd66::2 THERE4=10.66.0.9 THERE6=fd66::9
PEERNS=/run/netns/$PEER GUESTNS=/run/netns/$GUEST

in_peer() { nsenter --net="$PEERNS" "$@"; }
in_guest() { nsenter --net="$GUESTNS" "$@"; }

quiet_net() { # of the namespace it runs in: no packets but those that a test sends, as far as that goes
	local f
	for f in all default; do
		echo 0 >"/proc/sys/net/ipv6/conf/$f/accept_dad"
		echo 0 >"/proc/sys/net/ipv6/conf/$f/router_solicitations"
		echo 0 >"/proc/sys/net/ipv6/conf/$f/accept_ra"
		echo 1 >"/proc/sys/net/ipv6/conf/$f/addr_gen_mode" # no link-local addresses of their own accord
	done
	echo reno >/proc/sys/net/ipv4/tcp_congestion_control # bbr paces by timers, which is slow here
	# less in flight than a veth's backlog holds (1000 packets): what the cable drops, one end counts and the other does not
	echo 4096 65536 262144 >/proc/sys/net/ipv4/tcp_rmem
	echo 4096 65536 262144 >/proc/sys/net/ipv4/tcp_wmem
	ip link set lo up
}
new_namespace() { # NAME
	ip netns add "$1" && nsenter --net="/run/netns/$1" bash -c "$(declare -f quiet_net); quiet_net"
}
cable() { # DEVICE NETWORK PEER_DEVICE NAMESPACE: a veth pair with .1 here and .9 there
	ip link add "$1" type veth peer name "$3" netns "$4" || return 1
	ip addr add "10.$2.0.1/24" dev "$1"
	ip addr add "fd$2::1/64" dev "$1" nodad
	ip link set "$1" up
	ip -n "$4" addr add "10.$2.0.9/24" dev "$3"
	ip -n "$4" addr add "fd$2::9/64" dev "$3" nodad
	ip -n "$4" link set "$3" up
	know "$1" "$2" "$3" "$4" "1 2" 9
}
default_routes() {
	ip route replace default via $THERE4
	ip -6 route replace default via $THERE6
}
net_up() { # the machine, its uplink, the peer
	quiet_net
	new_namespace "$PEER" || return 1
	cable "$DEV" 66 "$FAR" "$PEER" || return 1
	ip addr add $ALSO4/24 dev "$DEV"
	ip addr add $ALSO6/64 dev "$DEV" nodad
	default_routes
	sink | in_peer nft -f -
	sink | nft -f -
}
sink() { # no ICMP answers from closed ports, no multicast chatter of the kernel's own
	cat <<-END
		table inet sink {
			chain arriving {
				type filter hook input priority 300
				meta l4proto { udp, sctp } drop
			}
			chain leaving {
				type filter hook output priority 300
				icmpv6 type { mld2-listener-report, mld-listener-report, nd-router-solicit } drop
				meta l4proto igmp drop
			}
		}
	END
}
know() { # DEVICE NETWORK PEER_DEVICE NAMESPACE ADDRESS_HERE ADDRESS_THERE: neighbours are fixed, so that none is asked for
	local mac far
	mac=$(ip -o link show "$1" | sed 's/.*link.ether \([^ ]*\).*/\1/')
	far=$(ip -n "$4" -o link show "$3" | sed 's/.*link.ether \([^ ]*\).*/\1/')
	ip neigh replace "10.$2.0.$6" lladdr "$far" nud permanent dev "$1"
	ip neigh replace "fd$2::$6" lladdr "$far" nud permanent dev "$1"
	for a in $5; do
		ip -n "$4" neigh replace "10.$2.0.$a" lladdr "$mac" nud permanent dev "$3"
		ip -n "$4" neigh replace "fd$2::$a" lladdr "$mac" nud permanent dev "$3"
	done
}
second_device() { cable "$DEV2" 67 "$FAR2" "$PEER"; }
routed_guest() { # behind the machine, routed; the peer knows the way
	new_namespace "$GUEST" || return 1
	ip link add "gw$ID" type veth peer name "eth$ID" netns "$GUEST"
	ip addr add 10.68.0.1/24 dev "gw$ID"
	ip addr add fd68::1/64 dev "gw$ID" nodad
	ip link set "gw$ID" up
	ip -n "$GUEST" addr add 10.68.0.2/24 dev "eth$ID"
	ip -n "$GUEST" addr add fd68::2/64 dev "eth$ID" nodad
	ip -n "$GUEST" link set "eth$ID" up
	ip -n "$GUEST" route add default via 10.68.0.1
	ip -n "$GUEST" -6 route add default via fd68::1
	know "gw$ID" 68 "eth$ID" "$GUEST" 1 2
	ip -n "$PEER" route add 10.68.0.0/24 via $HERE4
	ip -n "$PEER" -6 route add fd68::/64 via $HERE6
	echo 1 >/proc/sys/net/ipv4/ip_forward
	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
}
exact_segments() { # each TCP segment is a packet of its own, at every hook; call it when all devices are there
	local ns dev
	for ns in '' "$PEERNS" "$GUESTNS"; do
		[ -z "$ns" ] || [ -e "$ns" ] || continue
		for dev in $(${ns:+nsenter --net="$ns"} ip -o link show type veth | sed 's/^[0-9]*: \([^@:]*\).*/\1/'); do
			${ns:+nsenter --net="$ns"} ip link set "$dev" gso_max_segs 1
			${ns:+nsenter --net="$ns"} ethtool -K "$dev" gro off tso off gso off >/dev/null 2>&1
		done
	done
}

# -- traffic ------------------------------------------------------------------------------------------------------------
# VIA: address family word of a test loop: 4 or 6
here() { if [ "$1" = 4 ]; then echo $HERE4; else echo $HERE6; fi; }
there() { if [ "$1" = 4 ]; then echo $THERE4; else echo $THERE6; fi; }

udp_in() { # FAMILY PORTS [COUNT [LENGTH]] [datagram's options]: from the peer to this machine
	local family=$1 ports=$2 count=${3:-1} length=${4:-100}
	shift $(($# < 4 ? $# : 4))
	"$TOOLS/datagram" -n "$PEERNS" -d "$(here "$family")" -p "$ports" -c "$count" -l "$length" "$@" >"$WORK/sent" || fail "traffic" "udp_in"
}
udp_out() { # FAMILY PORTS [COUNT [LENGTH]] [datagram's options]: from these ports of this machine
	local family=$1 ports=$2 count=${3:-1} length=${4:-100}
	shift $(($# < 4 ? $# : 4))
	"$TOOLS/datagram" -d "$(there "$family")" -s "$ports" -p 9 -c "$count" -l "$length" "$@" >"$WORK/sent" || fail "traffic" "udp_out"
}
tcp_here() { # FAMILY PORT IN OUT [transfer's options]: a server on this machine receives IN and sends OUT bytes
	local family=$1 port=$2 up=$3 down=$4
	shift 4
	"$TOOLS/transfer" -C "$PEERNS" -a "$(here "$family")" -p "$port" -u "$up" -d "$down" "$@" >"$WORK/sent" || fail "traffic" "tcp_here $port"
}
sent_bytes() { sed -n 's/.*ip_bytes=//p' "$WORK/sent"; }

device_counters() { # DEVICE -> rx_bytes rx_packets rx_dropped tx_bytes tx_packets tx_dropped
	sed -n "s/^ *$1: *//p" /proc/net/dev | awk '{ print $1, $2, $4, $9, $10, $12 }'
}
far_counters() { in_peer bash -c "$(declare -f device_counters); device_counters $FAR"; }
quiet_state() { device_counters "$DEV"; }
settle() { # until nothing has moved on the uplink for 40 ms
	local before after tries=100
	before=$(quiet_state)
	while [ $tries -gt 0 ]; do
		sleep 0.04
		after=$(quiet_state)
		[ "$before" != "$after" ] || return 0
		before=$after tries=$((tries - 1))
	done
	note "the uplink does not come to rest"
	return 1
}
dropped() { # packets that the cable itself lost: must be 0, else the oracle is no oracle
	{ device_counters "$DEV"; far_counters; } | awk '{ n += $3 + $6 } END { print n + 0 }'
}
