#!/bin/bash
# Datagrams for the anycast address of an IPv6 prefix of ours (its first, RFC 4291 section 2.6.1), which this machine has where it forwards: they
# reach our ports as others do, so they count for them, and a quota, limit or block holds them.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up || exit 1
nft delete table inet sink
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
wait_for "ip -6 route show table local | grep -q '^anycast fd66:: '" || skip_all "this kernel gives no anycast address"
in_peer ip -6 neigh replace fd66:: lladdr "$(ip -o link show "$DEV" | sed 's/.*link.ether \([^ ]*\).*/\1/')" nud permanent dev "$FAR"
nft -f - <<END
table inet seen {
	counter web { }
	chain c { type filter hook input priority 200; udp dport 53 counter name web drop; }
}
END
seen() { nft list counter inet seen web | sed -n 's/.*bytes \([0-9]*\).*/\1/p'; }
anycast() { "$TOOLS/datagram" -n "$PEERNS" -d fd66:: -p 53 -c "$1" -l 1000 >/dev/null || fail "traffic"; }

ini <<END
[portflow]
timezone = UTC
[port web]
ports = 53
[port other]
ports = 443
END
pf_ok apply
anycast 20
is "they reach a socket" "$(seen)" $((20 * 1048))
is "they count for the port" "$(figure web in)" $((20 * 1048))
is "and for no other" "$(figure other in) $(figure .forwarded in)" "0 0"
ini_sed 's/^ports = 53/&\nquota = 100KB\nquota_action = block/'
pf_ok apply
anycast 200
is_le "a quota holds them" "$(seen)" 100000
is_ge "... and lets all of it pass" "$(seen)" $((100000 - 1048))
pf_ok sample
before=$(seen)
anycast 10
is "a block blocks them" "$(seen)" "$before"
ini_sed '/^quota/d; s/^ports = 53/&\nlimit_in = 1mbit/'
pf_ok apply
anycast 1000
is_le "a limit limits them" $(($(seen) - before)) $((125000 * 2 + 65536 + 20000))
done_testing
