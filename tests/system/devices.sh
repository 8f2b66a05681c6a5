#!/bin/bash
# Devices that come, go, are renamed, change their MTU; no default route yet, or none any more. A run never fails for it and no
# byte is lost or doubled by it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up || exit 1
interfaces() { pf status --json | "$PYTHON" -c 'import json, sys; print(",".join(sorted(map(str, json.load(sys.stdin)["interfaces"]))))'; }

# -- no default route yet -----------------------------------------------------------------------------------------------
ip route del default
ip -6 route del default
printf '[port web]\nports = 443\n' | ini
printf '[interface all]\nremark = x\n' >"$WORK/all.ini"
like "no default route yet: plan has a word for what will be watched" "$("$PORTFLOW" -c "$WORK/all.ini" plan 2>/dev/null)" \
	'count all of the devices that will be watched'
pf_run apply
is "no default route yet: apply is no failure" "$rc" 0
like "and it warns" "$err" '(route|interface|device)'
pf_run sample
is "nor is sample" "$rc" 0
udp_in 4 443 10 72
is "nothing is watched, nothing counted" "$(figure web in)" 0
default_routes
pf_ok sample
like "the route is there: its device is watched" "$(interfaces)" "$DEV"
oracle_port web 443
oracle_total
oracle_load peer
udp_in 4 443 10
udp_in 6 443 10
agree "and counted" peer wire
ip route del default
ip -6 route del default
udp_in 4 443 5
pf_run sample
is "the routes are gone: sample goes on" "$rc" 0
udp_in 4 443 5
agree "with the devices of the last run" peer wire
default_routes
exits "nothing to do when they are back" 0 plan

# -- only one family has a route ----------------------------------------------------------------------------------------
ip -6 route del default
pf_ok sample
udp_in 6 443 5
agree "a device with a default route of one family counts both" peer wire
default_routes

# -- a second device appears --------------------------------------------------------------------------------------------
printf '[portflow]\ninterface = %s, %s\n[port web]\nports = 443\n[interface second]\ninterface = %s\n' "$DEV" "$DEV2" "$DEV2" | ini
pf_run apply
is "a device that is not there: apply is no failure" "$rc" 0
like "and says so" "$err" "$DEV2"
udp_in 4 443 5
agree "the other device counts on" peer wire
second_device
pf_ok sample
oracle_in second 'meta protocol { ip, ip6 }' # only at its device, below
second_in() { in_peer nft list counters table inet second | awk '/packets/ { print $4 }'; }
in_peer nft -f - <<END
table inet second {
	counter in { }
	chain c {
		type filter hook postrouting priority 250
		oifname "$FAR2" meta protocol { ip, ip6 } counter name "in"
	}
}
END
oracle_new
oracle_port web 443
oracle_total
fresh
pf_ok apply
oracle_load peer "$FAR, $FAR2"
udp_in 4 443 10
udp_in 4 443 10 100 -d 10.67.0.1
udp_in 6 443 10 100 -d fd67::1
udp_in 4 7 10 100 -d 10.67.0.1
agree "it has appeared: both are counted" peer wire
is "the interface entry counts it alone" "$(figure second in)" "$(second_in)"
sum_holds "the sum holds over two devices"

# -- disappears ---------------------------------------------------------------------------------------------------------
ip link del "$DEV2"
udp_in 4 443 3
pf_run sample
is "a device is gone: sample goes on" "$rc" 0
agree "what it counted is kept" peer wire
second_device
udp_in 4 443 3 100 -d 10.67.0.1 # may pass before the table knows of it: it matches by name
pf_ok sample
udp_in 4 443 3 100 -d 10.67.0.1
agree "it is back under its name: it counts, nothing is missing" peer wire
for _ in 1 2 3; do
	ip link del "$DEV2"
	second_device
	udp_in 4 443 2 100 -d 10.67.0.1
done
pf_ok sample
agree "reconnected three times between two samples" peer wire
exits "plan is empty" 0 plan

# -- is down and up -----------------------------------------------------------------------------------------------------
ip link set "$DEV2" down
pf_ok sample
ip link set "$DEV2" up
pf_ok sample
agree "down and up changes nothing" peer wire

# -- is renamed ---------------------------------------------------------------------------------------------------------
printf '[port web]\nports = 443\n' | ini
fresh
pf_ok apply
oracle_load peer
udp_in 4 443 10
old=$DEV
DEV=rn$ID
ip link set "$old" down
ip link set "$old" name "$DEV"
ip link set "$DEV" up
default_routes
ip neigh replace $THERE4 lladdr "$(ip -n "$PEER" -o link show "$FAR" | sed 's/.*link.ether \([^ ]*\).*/\1/')" nud permanent dev "$DEV"
ip addr add $HERE6/64 dev "$DEV" nodad 2>/dev/null # going down took the IPv6 addresses
default_routes
pf_ok sample
like "renamed: auto follows the route" "$(interfaces)" "$DEV"
udp_in 4 443 10
udp_in 6 443 10
agree "and counts on, one entry, one total" peer wire
exits "plan is empty" 0 plan

# -- changes its MTU ----------------------------------------------------------------------------------------------------
ethtool -K "$DEV" tso off gso on gro off >/dev/null 2>&1
in_peer ethtool -K "$FAR" gro off >/dev/null 2>&1
in_peer ip link set "$FAR" gso_max_segs 1
for mtu in 1400 9000 1500; do
	pf_ok sample
	ip link set "$DEV" mtu $mtu
	ip -n "$PEER" link set "$FAR" mtu $mtu
	pf_ok sample
	was=$(figure web out) truth=$(truth peer web out)
	tcp_here 4 443 1000 10000000
	settle
	is_near "MTU $mtu: wire bytes" $(($(figure web out) - was)) $(($(truth peer web out) - truth)) 3
	live=$(figure web out)
	pf_ok sample
	is "MTU $mtu: the sample changes no figure" "$(figure web out)" "$live"
done
exits "plan is empty" 0 plan
pf_run sample
is "and so is the list of objects of MTUs that nobody has" "$(nft list counters table inet portflow | grep -c 'b9000\|b1400')" 0

is "the cable lost nothing" "$(dropped)" 0

# -- names that devices may have ----------------------------------------------------------------------------------------
for name in 'eth0.100' 'a-b_c' 'tcp' '123456789012345'; do
	ip link add "$name" type veth peer name "xx$ID" || continue
	ip link set "$name" up
	printf '[portflow]\ninterface = %s\n[port web]\nports = 443\n[interface dev]\ninterface = %s\n' "$name" "$name" | ini
	fresh
	exits "device $name: apply" 0 apply
	exits "device $name: plan is empty" 0 plan
	nft list ruleset >"$WORK/saved"
	nft flush ruleset
	ok "device $name: a saved ruleset loads again" nft -f "$WORK/saved"
	pf_ok down
	ip link del "$name"
done
done_testing
