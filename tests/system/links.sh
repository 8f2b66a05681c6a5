#!/bin/bash
# Limits on devices of the kinds that come and go, ppp, WireGuard and VLAN above all: what goes out of them waits in its class, what comes in
# is policed, all of it is counted, and a device that went and came again, which the kernel knows under another number, has all that back with
# the run that its appearance starts. appear.sh shows when that run comes. The other end of each device is in the peer.
# Apart from it since it runs under the kernels of tests/kernels/, too, which have such devices.
# shellcheck disable=SC2154 # pf_run sets rc, out, err
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
command -v tc >/dev/null || skip_all "tc is not installed"
net_up || exit 1
has_htb || skip_all "this kernel has no HTB"
KINDS='ppp wireguard vlan macvlan veth'
WAN='' LINE_HERE=10.71.0.1 LINE_THERE=10.71.0.2 # the device and its ends

# -- the devices --------------------------------------------------------------------------------------------------------
tunnel() { # KEY PEER_KEY ENDPOINT: of this namespace
	ip link add wan type wireguard && wg set wan listen-port 51820 private-key "$WORK/$1" peer "$(wg pubkey <"$WORK/$2")" \
		endpoint "$3:51820" allowed-ips 0.0.0.0/0
}
dial() { # a line between two pppd, as after a dial; each end's device is of its own namespace
	local options='nodetach noauth local noccp noipv6 nodefaultroute unit 0'
	[ -e /dev/ppp ] || mknod /dev/ppp c 108 0 || return 1
	# shellcheck disable=SC2086 # words
	pppd $options $LINE_HERE:$LINE_THERE pty "exec nsenter --net=$PEERNS pppd $options noipdefault notty 2>&1" >"$WORK/pppd" 2>&1 &
	line=$!
	wait_for "ip -o -4 addr show dev ppp0 2>/dev/null | grep -q $LINE_HERE || ! kill -0 $line 2>/dev/null" 30
	kill -0 $line 2>/dev/null && wait_for "in_peer ip -o -4 addr show dev ppp0 2>/dev/null | grep -q $LINE_THERE" 30 && return
	cat "$WORK/pppd"
	return 1
}
has() { # KIND: can such a device be here? Sets why
	why=''
	case $1 in
	ppp) command -v pppd >/dev/null || { why="pppd is not installed" && return 1; } ;;
	wireguard) command -v wg >/dev/null || { why="wg is not installed" && return 1; } ;;
	esac
	WAN=wan
	[ "$1" != ppp ] || WAN=ppp0
	make_wan "$1" >"$WORK/made" 2>&1 || { why="this kernel makes no such device: $(grep . "$WORK/made" | head -n 1)" && return 1; }
	break_wan "$1"
}
mac() { sed 's/.*link.ether \([^ ]*\).*/\1/'; }
make_wan() { # KIND: the device $WAN here, up, and its other end
	case $1 in
	veth) ip link add wan type veth peer name wan netns "$PEER" ;;
	vlan) ip link add wan link "$DEV" type vlan id 7 && in_peer ip link add wan link "$FAR" type vlan id 7 ;;
	macvlan) ip link add wan link "$DEV" type macvlan && in_peer ip link add wan link "$FAR" type macvlan ;;
	wireguard)
		tunnel here.key there.key "$THERE4" &&
			in_peer bash -c "WORK=$WORK; $(declare -f tunnel); tunnel there.key here.key $HERE4"
		;;
	ppp) dial && return ;;
	esac && ip addr add $LINE_HERE/24 dev wan && ip link set wan up && in_peer ip addr add $LINE_THERE/24 dev wan && in_peer ip link set wan up || return 1
	[ "$1" = wireguard ] || # neighbours are fixed, so that none is asked for
		{ ip neigh replace $LINE_THERE lladdr "$(in_peer ip -o link show wan | mac)" nud permanent dev wan &&
			in_peer ip neigh replace $LINE_HERE lladdr "$(ip -o link show wan | mac)" nud permanent dev wan; }
}
break_wan() { # KIND: it goes, and its other end
	if [ "$1" = ppp ]; then
		kill "$line"
		wait "$line"
		wait_for '! ip link show ppp0 >/dev/null 2>&1 && ! in_peer ip link show ppp0 >/dev/null 2>&1'
		return
	fi
	ip link del wan
	in_peer ip link del wan 2>/dev/null || true # that of a pair is gone with it
}
for into in '' in_peer; do $into nft insert rule inet sink arriving udp dport 51820 accept; done
for key in here there; do (umask 077 && wg genkey 2>/dev/null >"$WORK/$key.key"); done

# -- what is looked at --------------------------------------------------------------------------------------------------
classes() { tc class show dev "$1" 2>/dev/null | sed -n 's/^class htb \(7066:[0-9a-f]*\) .* ceil \([^ ]*\) .*/\1 \2/p' | sort | xargs; } # DEVICE
sent() { tc -s class show dev "$WAN" classid 7066:1 | sed -n 's/.*Sent \([0-9]*\) bytes.*/\1/p'; }
number() { cat "/sys/class/net/$WAN/ifindex"; }
counted() { # -> bytes out and in
	pf status --json | "$PYTHON" -SEc 'import json, sys
e = next(e for e in json.load(sys.stdin)["entries"] if e["name"] == "web")
print(e["out"]["bytes"], e["in"]["bytes"])'
}
look() { # HOOK PRIORITY MATCH: what has arrived of the entry, behind all that drops
	printf 'table inet arrived { counter line { }\nchain in {\ntype filter hook %s priority %s\niifname { wan, ppp0 } udp %s 5201 counter name line\n}\n}\n' "$@"
}
look prerouting -400 sport | in_peer nft -f - # what went out of here
look input 200 dport | nft -f -              # what came in
arrived() { # -> IP bytes out and in
	{ in_peer nft list counter inet arrived line; nft list counter inet arrived line; } | sed -n 's/.*bytes \([0-9]*\).*/\1/p' | xargs
}
since() { awk '{ print $3 - $1, $4 - $2 }' <<<"$1 $2"; } # BEFORE NOW
send() { # [datagram's options]: of the entry, over the device, out and in at once; sets senders
	"$TOOLS/datagram" -d $LINE_THERE -s 5201 -p 9 -l 1000 -e "$@" >/dev/null &
	senders=$!
	"$TOOLS/datagram" -n "$PEERNS" -d $LINE_HERE -p 5201 -l 1000 "$@" >/dev/null &
	senders="$senders $!"
}
exactly() { # KIND: below the limit all of it passes, and each byte is counted once
	local ours there
	ours=$(counted) there=$(arrived)
	send -c 10 -r 50
	ok "$1: what is sent arrives, out and in" wait_for "[ \"\$(since '$there' \"\$(arrived)\")\" = '10280 10280' ]"
	is "... and is counted" "$(since "$ours" "$(counted)")" "10280 10280"
}
flood() { # KIND: four times its limit
	local ours there first began took last='' now
	ours=$(counted) there=$(arrived)
	send -c 100000 -r 500
	sleep 1.5 # a policer's bucket is empty, and the queue behind a class is not
	first=$(arrived) began=$(date +%s%N)
	sleep 2
	first=$(since "$first" "$(arrived)") took=$((($(date +%s%N) - began) / 1000))
	# shellcheck disable=SC2086 # several
	kill $senders
	# shellcheck disable=SC2086
	wait $senders 2>/dev/null
	is_near "$1: far over its limit, its rate, out" "${first% *}" $((took / 8)) 100
	is_near "... and in" "${first#* }" $((took / 8)) 100
	while now=$(arrived) && [ "$now" != "$last" ]; do # what waits in the queue comes, too
		last=$now
		sleep 0.3
	done
	is "... and what was counted is what passed" "$(since "$ours" "$(counted)")" "$(since "$there" "$last")"
}
device_run() { # what portflow-mend.service does when a device has appeared
	pf_run plan
	is "$1: plan sees it" "$rc" 2
	pf_ok sample
}
LIMITS="7066:1 1Mbit 7066:fffe 5Mbit 7066:ffff 5Mbit"

for kind in $KINDS; do
	if ! has "$kind"; then
		skip "$kind: its limits" "$why"
		continue
	fi
	ini <<-END
		[portflow]
		interface = $DEV, $WAN
		[port web]
		ports = 5201
		limit = 1mbit
		[interface line]
		interface = $WAN
		limit_in = 3mbit
		limit_out = 5mbit
	END
	pf_ok apply
	there=$(classes "$DEV")
	make_wan "$kind"
	device_run "$kind"
	is "$kind: its limits" "$(classes $WAN)" "$LIMITS"
	exits "$kind: then there is nothing to do" 0 plan
	before=$(sent)
	exactly "$kind"
	is_ge "$kind: what went out waited in its class" $(($(sent) - before)) 10280
	for run in with without; do
		was=$(number)
		break_wan "$kind"
		[ $run = without ] || pf_ok sample
		make_wan "$kind"
		unlike "$kind: it comes again, $run a run in between, as another device" "$(number)" "^$was$"
		device_run "$kind"
		is "$kind: its limits are back" "$(classes $WAN) $(classes "$DEV")" "$LIMITS $there"
		exits "$kind: ... and nothing is left to do" 0 plan
		exactly "$kind"
		[ $run = with ] || flood "$kind"
	done
	break_wan "$kind"
	pf_ok sample
done
unlike "nobody is told of damage" "$(pf events)" 'altered|gone'
done_testing
