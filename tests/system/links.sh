#!/bin/bash
# Limits on devices of the kinds that come and go, VLAN and WireGuard above all: what goes out of them waits in its class, and a device that
# went and came again has them back with the next run, which changes nothing else. appear.sh shows when that run comes.
# Apart from it since it runs under the kernels of tests/kernels/, too, which have such devices.
# shellcheck disable=SC2154 # pf_run sets rc, out, err
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
command -v tc >/dev/null || skip_all "tc is not installed"
net_up || exit 1
has_htb || skip_all "this kernel has no HTB"

make_wan() { # KIND: the device wan, up
	case $1 in
	vlan) ip link add wan link "$DEV" type vlan id 7 ;;
	macvlan) ip link add wan link "$DEV" type macvlan ;;
	veth) ip link add wan type veth peer name wan-far && ip link set wan-far up ;;
	*) ip link add wan type "$1" ;;
	esac && ip addr add 10.71.0.1/24 dev wan && ip link set wan up
}
classes() { tc class show dev "$1" 2>/dev/null | sed -n 's/^class htb \(7066:[0-9a-f]*\) .* ceil \([^ ]*\) .*/\1 \2/p' | sort | xargs; } # DEVICE
sent() { tc -s class show dev wan classid 7066:1 | sed -n 's/.*Sent \([0-9]*\) bytes.*/\1/p'; }
ini <<END
[portflow]
interface = $DEV, wan
[port web]
ports = 5201
limit = 1mbit
[interface wan]
interface = wan
limit_in = 3mbit
limit_out = 5mbit
END
pf_ok apply
there=$(classes "$DEV")
for kind in veth macvlan vlan wireguard; do
	if ! why=$(make_wan $kind 2>&1); then
		skip "$kind: its limits" "this kernel makes no such device: $why"
		continue
	fi
	pf_run plan
	is "$kind: plan sees that it is there" "$rc" 2
	pf_ok sample
	is "$kind: its limits" "$(classes wan)" "7066:1 1Mbit 7066:fffe 5Mbit 7066:ffff 5Mbit"
	exits "$kind: then there is nothing to do" 0 plan
	ip neigh replace 10.71.0.9 lladdr 02:00:00:00:00:07 dev wan 2>/dev/null
	"$TOOLS/datagram" -d 10.71.0.9 -s 5201 -p 9 -c 10 -l 1000 -e >/dev/null
	ok "$kind: what goes out of it waits in its class" wait_for '[ "$(sent)" -ge 10280 ]'
	for run in with without; do
		ip link del wan
		[ $run = without ] || pf_ok sample
		make_wan $kind
		pf_ok sample
		is "$kind: it comes again, $run a run in between" "$(classes wan) $(classes "$DEV")" "7066:1 1Mbit 7066:fffe 5Mbit 7066:ffff 5Mbit $there"
		exits "$kind: ... and nothing is left to do" 0 plan
	done
	ip link del wan
	pf_ok sample
done
unlike "nobody is told of damage" "$(pf events)" 'altered|gone'
done_testing
