#!/bin/bash
# Ports that destination NAT publishes, as of containers: quotas, expiry, limits and throttles hold by the port on the wire, over both families,
# TCP and UDP, for connections that are open, whether a run has seen it or not; the container's own traffic is not touched. What passed is told
# by a table behind ours.
# ours.sh has what such ports count.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/behind.sh
. "$SYSTEM/lib/behind.sh"
need_program
net_up && routed_guest && exact_segments || exit 1
if ! nft -f - <<END
table inet publish {
	chain pre {
		type nat hook prerouting priority dstnat
		iifname "$DEV" meta l4proto { tcp, udp } th dport 8080-8084 ip daddr $HERE4 dnat ip to 10.68.0.2:80
		iifname "$DEV" meta l4proto { tcp, udp } th dport 8080-8084 ip6 daddr $HERE6 dnat ip6 to [fd68::2]:80
	}
}
END
then skip_all "this kernel has no NAT"; fi
GUEST4=10.68.0.2 GUEST6=fd68::2
behind 80 8080 8081 8082 8083 8084 || exit 1
guest_of() { if [ "$1" = 4 ]; then echo $GUEST4; else echo $GUEST6; fi; }
fetch() { # FAMILY PORT UP DOWN [transfer's options]: through the published port
	local family=$1 port=$2 up=$3 down=$4
	shift 4
	"$TOOLS/transfer" -S "$GUESTNS" -C "$PEERNS" -a "$(here "$family")" -p "$port" -l "$(guest_of "$family")" -q 80 -u "$up" -d "$down" "$@"
}
ini <<END
[portflow]
timezone = UTC
[port shop]
ports = 8080
quota = 500KB
quota_action = block
[port gone]
ports = 8081
expires = 2020-01-01
[port slow]
ports = 8082
limit = 4mbit
[port held]
ports = 8083
quota = 100KB
quota_action = throttle 4mbit
[port free]
ports = 8084
END
pf_ok apply

# -- a quota --------------------------------------------------------------------------------------------------------------------------
fetch 4 8080 0 2000000 >"$WORK/four" 2>&1 &
four=$!
wait_for '[ "$(both 8080)" -gt 490000 ]'
fetch 6 8080 0 300000 >"$WORK/six" 2>&1 & # finds nobody yet
six=$!
sleep 0.5
is_le "an open connection is held at the quota, no run in between" "$(both 8080)" 500000
udp_in 4 8080 10 1000
udp_in 6 8080 10 1000
is_le "... UDP and IPv6, too" "$(both 8080)" 500000
pf_ok sample
before=$(both 8080)
udp_in 4 8080 10
udp_in 6 8080 10
sleep 0.5
is "blocked by a run: nothing passes" "$(both 8080)" "$before"
pf_ok quota add shop 5MB
ok "opened: the open connection goes on" wait $four
like "... to its end" "$(cat "$WORK/four")" 'down=2000000'
ok "... and one that found nobody" wait $six
like "... to its end" "$(cat "$WORK/six")" 'down=300000'
before=$(passed in8080)
udp_in 6 8080 10 1000
is "... UDP passes" "$(passed in8080)" $((before + 10 * 1048))
pf_ok quota set-used shop 50MB
before=$(both 8080)
udp_in 4 8080 10
udp_in 6 8080 10
timeout 1 "$TOOLS/transfer" -S "$GUESTNS" -C "$PEERNS" -a $HERE4 -p 8080 -l $GUEST4 -q 80 -d 1000 >/dev/null 2>&1
is "set by hand: nothing passes" "$(both 8080)" "$before"

# -- expiry ---------------------------------------------------------------------------------------------------------------------------
udp_in 4 8081 10
udp_in 6 8081 10
for f in 4 6; do timeout 1 "$TOOLS/transfer" -S "$GUESTNS" -C "$PEERNS" -a "$(here $f)" -p 8081 -l "$(guest_of $f)" -q 80 -d 1000 >/dev/null 2>&1; done
is "expired: nothing passes" "$(both 8081)" 0
ini_sed 's/2020-01-01/2099-01-01/'
pf_ok apply
ok "renewed: all passes" fetch 4 8081 1000 100000
ok "... IPv6, too" fetch 6 8081 1000 100000

# -- rates ----------------------------------------------------------------------------------------------------------------------------
takes() { # FAMILY PORT UP DOWN: ms
	local start
	start=$(date +%s%N)
	fetch "$@" -r 0 >/dev/null || echo failed
	echo $((($(date +%s%N) - start) / 1000000))
}
for f in 4 6; do
	# 4 mbit are 500 kB a second; a bucket holds one second of it, and 64 KiB
	ms=$(takes $f 8082 0 1500000)
	is_ge "a limit, what goes out, IPv$f (ms)" "$ms" 1800
	is_le "... and no more than it" "$ms" $((6000 * SLOW))
	sleep 1
	ms=$(takes $f 8082 1500000 0)
	is_ge "... what comes in, IPv$f" "$ms" 1800
	is_le "... and no more than it" "$ms" $((8000 * SLOW))
	ms=$(takes $f 8083 0 1500000)
	is_ge "a throttle, IPv$f" "$ms" 1500
	is_le "... and no more than it" "$ms" $((8000 * SLOW))
done

# -- what is not that port --------------------------------------------------------------------------------------------------------------
before=$(passed in8084)
udp_in 4 8084 50 1000
is "another published port of the same container is open" "$(passed in8084)" $((before + 50 * 1028))
before=$(passed in80)
udp_in 4 80 50 1000
"$TOOLS/datagram" -n "$PEERNS" -d $GUEST4 -p 80 -c 50 -l 1000 >/dev/null # routed to it, not published
is "so is the container's own port, by route" "$(passed in80)" $((before + 100 * 1028))
is "the counted bytes are those that passed" "$(figure shop in) $(figure gone in) $(figure held out)" "$(passed in8080) $(passed in8081) $(passed out8083)"
done_testing
