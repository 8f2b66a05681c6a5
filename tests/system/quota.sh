#!/bin/bash
# Quotas that bite: within a packet, in the kernel, with no run in between; over flush, reboot and edits; for open connections; while SSH,
# neighbours and DHCP live. What passed is told by a table of the test's own, behind ours in both directions.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/behind.sh
. "$SYSTEM/lib/behind.sh"
need_program
net_up && exact_segments || exit 1

counted() { # NAME: bytes of in and out by the program
	pf status --json | "$PYTHON" -c 'import json, sys
for e in json.load(sys.stdin)["entries"]:
    if e["name"] == sys.argv[1]: print(e["in"]["bytes"] + e["out"]["bytes"])' "$1"
}
within() { # DESCRIPTION GOT LIMIT PACKET: at most the limit, and no whole packet less (one more on kernels before 6.1)
	is_le "$1: no more than the quota" "$2" "$3"
	is_ge "$1: and all of it" "$2" $(($3 - 2 * $4))
}

# -- a block bites within a packet ----------------------------------------------------------------------------------------
behind 53 54 55 56 57 80
ini <<END
[portflow]
timezone = UTC
[port both]
ports = 53
quota = 100KB
quota_action = block
[port out]
ports = 54
billing = out
quota = 100KB
quota_action = block
[port in]
ports = 55
billing = in
quota = 100KB
quota_action = block
[port max]
ports = 56
billing = max
quota = 100KB
quota_action = block
[port relay]
ports = 57
billing = relay
quota = 100KB
quota_action = block
END
pf_ok apply
for f in 4 6; do
	udp_in $f 53 40 1000
	udp_out $f 53 40 1000 -e
done
within "both directions and families share a quota" "$(both 53)" 100000 1048
udp_in 4 54 200 1000
udp_out 4 54 200 1000 -e
within "billing out: what leaves" "$(passed out54)" 100000 1028
is "billing out: what arrives is not billed" "$(passed in54)" $((200 * 1028))
udp_out 6 55 200 1000 -e
udp_in 6 55 200 1000
within "billing in: what arrives" "$(passed in55)" 100000 1048
udp_in 4 56 80 1000
udp_out 4 56 200 1000 -e
within "billing max: the larger direction" "$(passed out56)" 100000 1028
is "billing max: the smaller one goes on" "$(passed in56)" $((80 * 1028))
udp_in 4 57 200 1000
within "billing relay: each byte is billed twice" "$(both 57)" 50000 1028
is "what is dropped is not counted" "$(counted both)" "$(both 53)"
pf_ok sample
like "the block is an event" "$(pf events)" 'both .*used up'
udp_in 4 54 10 1000
udp_out 4 54 10 1000 -e
is "once a run saw it a block is for both directions" "$(passed in54)" $((200 * 1028))
pf_run apply --json
like "a second apply sends nothing" "$out" '"changes":0'
pf_run sample
is "and sample is silent" "$rc $out $err" "0  "

# -- it holds, whatever happens to the table --------------------------------------------------------------------------------
before=$(both 53)
nft delete table inet portflow
pf_ok sample
udp_in 4 53 10 1000
is "blocked after the table was gone" "$(both 53)" "$before"
nft delete table inet portflow
rm -f "$INI.seen"
pf_ok apply
udp_out 6 53 10 1000 -e
is "blocked after apply made it anew" "$(both 53)" "$before"
nft reset quotas >/dev/null
pf_ok sample
nft delete set inet portflow block_udp 2>/dev/null || nft flush set inet portflow block_udp
pf_ok sample
udp_in 4 53 10 1000
is "blocked after somebody emptied quotas and blocks" "$(both 53)" "$before"

# -- a raised quota opens, a lowered one closes -----------------------------------------------------------------------------
pf_ok sample
ini_sed '/port both/,/port out/s/100KB/150KB/'
pf_run plan
like "plan says that it will open" "$out" 'both.*(open|no longer)'
pf_ok apply
udp_in 4 53 100 1000
within "a raised quota opens at once" "$(both 53)" 150000 1028
ini_sed '/port both/,/port out/s/150KB/120KB/'
pf_ok apply
ini_sed '/port both/,/port out/s/120KB/400KB/'
pf_ok apply
before=$(both 53)
udp_in 4 53 50 1000
is "opened with room again" "$(both 53)" $((before + 50 * 1028))
ini_sed '/port both/,/port out/s/400KB/120KB/'
pf_run plan
like "plan says that it will block" "$out" 'both.*would be blocked'
is "and exits with 2" "$rc" 2
pf_ok apply
before=$(both 53)
udp_in 4 53 10 1000
is "a quota below what is used blocks at once" "$(both 53)" "$before"
ini_sed '/port both/,/port out/s/quota_action = block/quota_action = alert/'
pf_ok apply
udp_in 4 53 10 1000
is "an alert blocks nothing" "$(both 53)" $((before + 10 * 1028))

# -- an open TCP connection goes on ---------------------------------------------------------------------------------------
ini <<END
[portflow]
timezone = UTC
[port web]
ports = 80
quota = 1MB
quota_action = block
END
pf_ok apply
"$TOOLS/transfer" -C "$PEERNS" -a $HERE4 -p 80 -u 0 -d 3000000 >"$WORK/transfer.out" 2>&1 &
transfer=$!
wait_for '[ "$(both 80)" -gt 990000 ]'
stuck=$(both 80)
is_le "a TCP connection is held at the quota" "$stuck" 1000000
pf_ok sample
is "... by the kernel, then by a block" "$(nft list set inet portflow block_tcp | grep -c '80 timeout')" 1
ini_sed 's/quota = 1MB/quota = 100MB/'
pf_ok apply
ok "the same connection goes on once the quota is raised" wait $transfer
like "with all its bytes" "$(cat "$WORK/transfer.out")" 'down=3000000'

# -- several quotas, several entries ----------------------------------------------------------------------------------------
behind 53 54 55
ini <<END
[portflow]
timezone = UTC
[port a]
ports = 53
[port b]
ports = 54
[port c]
ports = 55
quota = 30KB
quota_action = block
[quota plan]
entries = a, b, c
quota = 100KB
quota_action = block
[quota day]
entries = b
quota = 60KB
quota_cycle = day
quota_action = block
END
fresh
pf_ok apply
udp_in 4 55 50 1000
within "an entry's own quota" "$(both 55)" 30000 1028
udp_in 4 54 100 1000
within "a quota of the day over one of them" "$(both 54)" 60000 1028
udp_out 4 53 100 1000 -e
is_le "one quota over three entries" $(($(both 53) + $(both 54) + $(both 55))) 100000
is_ge "... is used to its end" $(($(both 53) + $(both 54) + $(both 55))) $((100000 - 2 * 1028))
pf_ok sample
before=$(both 53)
udp_in 4 53,54,55 10 1000
is "all of them are blocked" "$(both 53)" "$before"

# -- at full speed, on every CPU, both ways, one object ------------------------------------------------------------------------
behind 53
ini <<END
[portflow]
timezone = UTC
[port web]
ports = 53
quota = 20MB
quota_action = block
END
fresh
pf_ok apply
for f in 4 6; do
	"$TOOLS/datagram" -n "$PEERNS" -d "$(here $f)" -p 53 -c 40000 -l 1000 -r 1000000 >/dev/null &
	"$TOOLS/datagram" -d "$(there $f)" -s 53 -p 9 -c 40000 -l 1000 -r 1000000 -e >/dev/null &
done
wait
within "four floods at once" "$(both 53)" 20000000 1048

# -- a published port of a container ----------------------------------------------------------------------------------------
routed_guest
behind 8080
nft -f - <<END
table ip publish {
	chain pre {
		type nat hook prerouting priority dstnat
		iifname "$DEV" tcp dport 8080 dnat to 10.68.0.2:80
	}
}
END
ini <<END
[portflow]
timezone = UTC
[port shop]
ports = 8080
quota = 500KB
quota_action = block
END
fresh
pf_ok apply
timeout $((8 * SLOW)) "$TOOLS/transfer" -S "$GUESTNS" -C "$PEERNS" -a $HERE4 -p 8080 -l 10.68.0.2 -q 80 -u 0 -d 2000000 >/dev/null 2>&1
is_le "a port published by DNAT is held at its quota" "$(both 8080)" 500000
is_ge "... an aggregate that does not fit is dropped whole" "$(both 8080)" $((500000 - 66000))
nft delete table ip publish

# -- a cycle ends with no run in between --------------------------------------------------------------------------------------
behind 53
ini <<END
[portflow]
timezone = UTC
[port web]
ports = 53
quota = 20KB
quota_cycle = day
quota_action = block
END
fresh
at() { # TIME COMMAND...: as if it were that moment
	local when=$1
	shift
	FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f "@$when" "$PORTFLOW" -c "$INI" "$@" 2>"$WORK/stderr"
}
touch -d '2020-01-01' "$INI"
begin=$(date +%s)
before_midnight() { date -d "2026-11-26 00:00:00 $1 seconds ago" '+%F %T'; } # SECONDS
at "$(before_midnight "$(lead 6)")" apply >/dev/null || fail "apply at a faked time" "$(cat "$WORK/stderr")"
udp_in 4 53 50 1000
within "the quota of the day" "$(both 53)" 20000 1028
at "$(before_midnight "$(lead 5)")" sample || fail "sample at a faked time" "$(cat "$WORK/stderr")"
first=$(both 53)
wait_for 'udp_in 4 53 1 1000; [ "$(both 53)" -gt "$first" ]' 12
is_ge "it opens at the reset, and not before" $(($(date +%s) - begin)) $(($(lead 6) - 2))
is_le "... and not long after" $(($(date +%s) - begin)) $(($(lead 6) + 3 * SLOW))
udp_in 4 53 50 1000
within "the next cycle's quota holds with no run in between" $(($(both 53) - first)) 20000 1028
at '2026-11-26 12:00:00' sample # a span over the reset is split by time: hardly any of it is the day before's
is "a run after it changes nothing of that" "$?" 0
before=$(both 53)
udp_in 4 53 5 1000
is "the next cycle is used up too" "$(both 53)" "$before"
at '2026-11-26 12:00:20' events >"$WORK/events"
like "the closed cycle is an event, with its total" "$(cat "$WORK/events")" 'web .*cycle'

# -- what a small quota drops is not charged to the machine's -----------------------------------------------------------------------
behind 53 9
ini <<END
[portflow]
timezone = UTC
[port web]
ports = 53
quota = 50KB
quota_action = block
[interface all]
quota = 200KB
quota_action = block
END
fresh
pf_ok apply
udp_in 4 53 400 1000
udp_out 6 53 400 1000 -e
is_le "a flood of a port that is used up is not charged to the machine" \
	"$(nft list quota inet portflow q_all | sed -n 's/.* used \([0-9]*\) bytes.*/\1/p')" 51000
udp_in 4 9 50 1000
is "... which goes on, with no run in between" "$(passed in9)" $((50 * 1028))

# -- the whole machine ----------------------------------------------------------------------------------------------------
behind 22 53 68 67
ini <<END
[portflow]
timezone = UTC
[interface all]
quota = 50KB
quota_action = block
END
fresh
pf_ok apply
udp_in 4 53 100 1000
within "the quota of the whole machine" "$(both 53)" 50000 1028
pf_ok sample
before=$(both 53)
udp_in 6 53 10 1000
udp_out 4 53 10 1000 -e
is "nothing passes" "$(both 53)" "$before"
tcp_here 4 22 1000 100000
tcp_here 6 22 1000 100000
is_ge "SSH does, over IPv4 and IPv6" "$(passed out22)" 200000
ip neigh flush dev "$DEV" nud permanent
ip -6 neigh flush dev "$DEV" nud permanent
in_peer ip neigh flush dev "$FAR" nud permanent
in_peer ip -6 neigh flush dev "$FAR" nud permanent
ok "neighbours are found, over IPv4" ping -c1 -W$((2 * SLOW)) $THERE4
ok "... and over IPv6" ping -6 -c1 -W$((2 * SLOW)) $THERE6
ok "and from the other side" in_peer ping -6 -c1 -W$((2 * SLOW)) $HERE6
before=$(both 68)
udp_in 4 68 3 300 -s 67
udp_out 4 68 3 300 -e
is_ge "DHCP passes" "$(both 68)" $((before + 3 * 328))
pf_ok down
udp_in 4 53 1 1000
is "down lets everything pass" "$(both 53)" $(($(both 53)))
is "and leaves nothing behind" "$(nft list tables | grep -c portflow)" 0
done_testing
