#!/bin/bash
# Network devices that appear under a real systemd, with udev: what is configured for them, counters and limits, is there within seconds,
# whatever kind they are and however often they come; and where nothing changes nothing is written.
# tests/run starts it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh" "$@"
# shellcheck source=lib/machine.sh
. "$SYSTEM/lib/machine.sh"
need_program
machine_tree

new_device() { # NAME [MTU]: one for which there are counters to be made
	box ip link add "$1" mtu "${2:-1400}" type veth peer name "$1-far" && box ip link set "$1" up
}
plugged() { unit_is "sys-subsystem-net-devices-$1.device" ActiveState active; } # NAME: udev is through with it
nothing_runs() { unit_is portflow-device.service ActiveState inactive && unit_is portflow-mend.service ActiveState inactive; }
written() { box sh -c 'cat /var/lib/portflow/portflow.db /var/lib/portflow/portflow.db-wal | sha256sum'; } # what is written comes into the second
lines() { journal -t portflow -u portflow-device.service -u portflow-mend.service | wc -l; }
test_devices() {
	local handle stored lines i
	write_ini <<<$'[portflow]\ninterface = eth0, wan\n[port talk]\nports = 5201'
	run_unit portflow-sample.service
	ok "a device that is configured and not there: nothing of it" counts_no mtu1400
	new_device wan
	ok "it appears: taken up within seconds" await 10 counts mtu1400
	await 5 nothing_runs
	box ip link del wan
	run_unit portflow-sample.service
	ok "it goes" counts_no mtu1400
	new_device wan
	ok "it comes again: taken up again" await 10 counts mtu1400
	await 5 nothing_runs

	handle=$(table_handle) stored=$(written) lines=$(lines)
	for _ in $(seq 50); do echo "link add type veth"; done | box ip -batch -
	ok "a hundred devices that are nothing to us: udev starts the unit" await 10 unit_is portflow-device.service ActiveState active
	ok "which ends" await 20 nothing_runs
	is "there was a look, and no run" "$(property portflow-mend.service Result) $(table_handle)" "exec-condition $handle"
	is "no write" "$(written)" "$stored"
	is "no line in the journal" "$(lines)" "$lines"

	box mkdir -p /run/systemd/system/portflow-device.service.d
	box sh -c "printf '[Service]\nExecStart=\nExecStart=/usr/bin/sleep 0.05\n' >/run/systemd/system/portflow-device.service.d/fast.conf"
	box systemctl daemon-reload
	for i in $(seq 40); do
		box ip link del wan
		new_device wan $((1300 + i))
	done
	ok "it reconnects all the time: whatever ran when it came last, it is seen" await 10 counts mtu1340
	ok "all of that ends" await 10 nothing_runs
	unlike "and no limit of starts is hit" "$(property portflow-device.service Result) $(property portflow-mend.service Result)" limit
	box mkdir -p /run/systemd/system/portflow-mend.service.d
	box sh -c "printf '[Service]\nExecStartPost=/usr/bin/sleep 1\n' >/run/systemd/system/portflow-mend.service.d/slow.conf"
	box systemctl daemon-reload
	box ip link del wan
	new_device wan 1401
	await 10 counts mtu1401
	box ip link del wan
	new_device wan 1402
	ok "one that comes while a run that has looked is still there is seen by the next" await 10 counts mtu1402
	await 10 nothing_runs
	box rm -r /run/systemd/system/portflow-device.service.d /run/systemd/system/portflow-mend.service.d
	box systemctl daemon-reload

	box systemctl stop portflow-apply.service
	new_device late
	ok "a device that appears while portflow does not count" await 10 plugged late
	is "starts nothing" "$(property portflow-device.service ActiveState) $(property portflow-apply.service ActiveState)" "inactive inactive"
	is "and nothing has failed" "$(box systemctl --failed --plain --no-legend)" ''
	run_unit portflow-apply.service
}

# -- limits -------------------------------------------------------------------------------------------------------------
# The kinds that come and go in earnest, and those that show the same where a kernel has none of them. ppp, which takes a pppd at each end,
# is in links.sh.
make_wan() { # KIND [ADDRESS]: the device wan, up
	case $1 in
	vlan) box ip link add wan link eth0 type vlan id 7 ;;
	macvlan) box ip link add wan link eth0 type macvlan ;;
	tun) box ip tuntap add wan mode tun ;;
	veth) box ip link add wan type veth peer name wan-far ;;
	*) box ip link add wan type "$1" ;;
	esac && box ip addr add "10.71.0.1/24" dev wan && box ip link set wan up
}
limited() { # the classes of what goes out are there, and what comes in is policed
	local classes
	classes=$(box tc class show dev wan) && grep -q 'class htb 7066:fffe root .*ceil 5Mbit' <<<"$classes" &&
		grep -q 'class htb 7066:1 parent 7066:fffe .*ceil 1Mbit' <<<"$classes" && box portflow plan >/dev/null
}
test_limit_of() { # KIND
	local kind=$1 why began i
	if ! why=$(make_wan "$kind" 2>&1); then
		skip "$kind: its limits" "this kernel makes no such device: $why"
		return
	fi
	ok "$kind: its limits are there within seconds" await 10 limited
	await 10 nothing_runs
	for i in 1 2 3; do
		box ip link del wan
		# sometimes a run sees that it is gone, sometimes not
		[ $i = 2 ] || run_unit portflow-sample.service
		began=$(date +%s%N)
		make_wan "$kind"
		ok "$kind: it comes again: they are back within seconds" await 10 limited
		note "after $((($(date +%s%N) - began) / 1000000)) ms"
		await 10 nothing_runs
	done
	unlike "$kind: nobody is told of damage" "$(box portflow events)" 'altered|gone'
	box ip link del wan
	run_unit portflow-sample.service
}
watch_writes() { # into $WORK/*.writes, whatever anybody writes to nftables and to queues
	box nft monitor >"$WORK/nft.writes" 2>&1 &
	box tc monitor >"$WORK/tc.writes" 2>&1 &
	box nft add table inet beacon
	box tc qdisc add dev lo root pfifo limit 7
	wait_for 'grep -q beacon $WORK/nft.writes && grep -q "dev lo.*limit 7p" $WORK/tc.writes'
	box nft delete table inet beacon
	box tc qdisc del dev lo root
	wait_for 'grep -q "delete table inet beacon" $WORK/nft.writes && grep -q "deleted.*dev lo" $WORK/tc.writes'
}
test_limits() {
	local kind stored limits
	write_ini <<-END
		[portflow]
		interface = eth0, wan
		[port talk]
		ports = 5201
		limit = 1mbit
		[interface wan]
		interface = wan
		limit_in = 3mbit
		limit_out = 5mbit
	END
	run_unit portflow-sample.service
	for kind in veth tun macvlan vlan wireguard; do test_limit_of $kind; done

	make_wan macvlan
	await 10 limited
	await 10 nothing_runs
	watch_writes
	: >"$WORK/nft.writes"
	: >"$WORK/tc.writes"
	stored=$(written) limits=$(box tc -d class show dev wan)
	for _ in $(seq 10); do echo "link add type veth"; done | box ip -batch -
	ok "with limits, devices that are nothing to us: udev starts the unit" await 10 unit_is portflow-device.service ActiveState active
	ok "which ends" await 20 nothing_runs
	is "there was a look, and no run" "$(property portflow-mend.service Result)" exec-condition
	is "no write of nftables" "$(cat "$WORK/nft.writes")" ''
	is "no write of queues" "$(grep -wE 'wan|eth0|htb|ifb-portflow' "$WORK/tc.writes")" ''
	is "no write of the database" "$(written)" "$stored"
	is "the limits stand" "$(box tc -d class show dev wan)" "$limits"
	box ip link del wan
}

ip netns add "$PEER" && nsenter --net="$PEERNS" bash -c "$(declare -f quiet_net); quiet_net"
install_services
install_program || { fail "make install" "$(cat "$WORK/install.log")"; done_testing; }
machine_boot || { fail "the machine boots" "$(cat "$WORK/machine/console")"; done_testing; }
udev_runs || skip_all "the tree has no udev, or it does not run here: make tree"
test_limits
test_devices
done_testing
