#!/bin/bash
# Devices, addresses and other people's tables that come and go during a download through a limit, a quota and a hold: a run after each of a hundred writes nothing
# as long as nothing of ours changed, and the download keeps its rate. What is written is told by `nft monitor` and `tc monitor`, the rate by
# what arrives at the peer.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
command -v tc >/dev/null || skip_all "tc is not installed"
heavy
net_up && second_device || exit 1
for into in '' in_peer; do $into nft delete table inet sink; done
in_peer nft -f - <<END
table inet arrived {
	counter web { }
	chain in { type filter hook prerouting priority -400; iifname "$FAR" tcp sport { 80, 8080 } counter name web; }
}
END
arrived() { in_peer nft list counter inet arrived web | sed -n 's/.*bytes \([0-9]*\).*/\1/p'; }
ms() { date +%s%3N; }

flap() { # NUMBER: one of what machines do all day, and back at the next call
	local step=$(($1 / 2))
	case $((step % 5)):$(($1 % 2)) in
	0:0) ip tuntap add flap0 mode tap && ip link set flap0 up ;;
	0:1) ip link del flap0 ;;
	1:0) ip addr add 10.77.0.$((step % 200 + 1))/24 dev "$DEV2" ;;
	1:1) ip addr flush dev "$DEV2" to 10.77.0.0/24 ;;
	2:0) ip link add veth0 type veth peer name veth1 && ip addr add 10.78.0.1/24 dev veth0 && ip link set veth0 up && ip link set veth1 up ;;
	2:1) ip link del veth0 ;;
	3:0) ip addr add 10.66.0.$((step % 100 + 100))/24 dev "$DEV" ;; # one more of the watched device
	3:1) ip addr flush dev "$DEV" to 10.66.0.$((step % 100 + 100))/32 ;;
	4:0) ip link set "$DEV2" down ;;
	4:1) ip link set "$DEV2" up ;;
	esac
}
FLAPS=$((SLOW > 1 ? 40 : 100)) # a slow machine does with fewer
flaps() { # WHAT PORT: so many of them during a download
	local began bytes i window window_bytes rates='' rate
	"$TOOLS/transfer" -C "$PEERNS" -a $HERE4 -p "$2" -u 0 -d 400000000 >/dev/null 2>&1 &
	local transfer=$!
	# a policer's bucket holds a second of the rate and more
	bytes=$(arrived)
	wait_for "[ \$((\$(arrived) - $bytes)) -gt 8000000 ]" 30
	pf_ok sample
	nft monitor >"$WORK/nft" 2>&1 &
	local nft=$!
	tc monitor >"$WORK/tc" 2>&1 &
	local tc=$!
	sleep 0.2
	: >"$WORK/told"
	began=$(ms) bytes=$(arrived) window=$began window_bytes=$bytes
	for i in $(seq 0 $((FLAPS - 1))); do
		flap "$i" || note "flap $i failed"
		[ $((i % 3)) != 0 ] || { nft add table ip somebody && nft delete table ip somebody; } # then a run looks at everything
		pf_run sample
		[ "$rc" = 0 ] || note "$err"
		printf '%s' "$out$err" >>"$WORK/told"
		if [ $(($(ms) - window)) -ge 1000 ]; then
			rate=$((($(arrived) - window_bytes) * 8 / ($(ms) - window))) # kbit/s
			rates+="$rate "
			window=$(ms) window_bytes=$(arrived)
		fi
	done
	rate=$((($(arrived) - bytes) * 8 / ($(ms) - began)))
	sleep 0.2
	kill $nft $tc $transfer
	wait $nft $tc $transfer 2>/dev/null
	is "$1: no run writes rules" "$(grep portflow "$WORK/nft")" ""
	is "$1: nor queues" "$(grep -E "7066|7067|dev $DEV( |\$)" "$WORK/tc")" ""
	is "$1: nor has anything to tell" "$(cat "$WORK/told")" ""
	is_ge "$1: the download keeps its rate (kbit/s)" "$rate" 17000
	is_le "$1: and no more" "$rate" 22000
	note "kbit/s in each second: $rates"
	is_ge "$1: in each second" "$(tr ' ' '\n' <<<"$rates" | grep . | sort -n | head -1)" 10000
}
config() { # METHOD
	ini <<-END
		[portflow]
		timezone = UTC
		interface = $DEV
		limit_method = $1
		[port web]
		ports = 80, 8000-8999
		limit = 20mbit
		quota = 10GB
		quota_action = block
		burst_rate = 100mbit
		burst_limit = 10mbit
		expires = 2199-01-01
		[address here]
		addresses = $ALSO4, $ALSO6
		quota = 1TB
		quota_action = throttle 1mbit
		[interface all]
		quota = 10TB
		quota_action = block
	END
}
config police
pf_ok apply
flaps policed 80
config auto
shape_all
[ -z "$shaped" ] || flaps shaped 8080
done_testing
