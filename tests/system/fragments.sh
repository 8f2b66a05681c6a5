#!/bin/bash
# Packets that come in fragments: all but the first have no port, so where a port has a limit or quota the kernel is made to put them together
# before the hooks. What arrived is told by a table of the test's own at the input hook, which sees whole packets.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up || exit 1
nft delete table inet sink
nft -f - <<END
table inet seen {
	counter of53 { }
	counter of54 { }
	chain c {
		type filter hook input priority 200
		udp dport 53 counter name of53 drop
		udp dport 54 counter name of54 drop
	}
}
END
seen() { nft list counter inet seen "of$1" | sed -n 's/.*bytes \([0-9]*\).*/\1/p'; }
flood() { # PORT: 24 MB in packets of 60,000 bytes, 41 fragments each
	local f
	for f in 4 6; do udp_in $f "$1" 200 60000 -r 200; done
}
whole() { pf doctor | grep -c '^ok *fragments.*portflow lets'; }

ini <<END
[portflow]
timezone = UTC
[port web]
ports = 53
[port game]
ports = 54
END
pf_ok apply
is "what is only counted leaves fragments as they come" "$(whole)" 0
udp_in 4 53 10 60000 -r 200
is_le "... and of those that are not the first no port is known" "$(figure web in)" $((10 * 1500))

ini_sed 's/^ports = 53/&\nquota = 1MB\nquota_action = block/; s/^ports = 54/&\nlimit_in = 8mbit/'
fresh
pf_ok apply
is "a port with a quota: they are put together" "$(whole)" 1
before=$(seen 53)
flood 53
is_le "a quota lets no more of them pass than of others" $(($(seen 53) - before)) 1000000
is_ge "... and no less" $(($(seen 53) - before)) $((1000000 - 2 * 60048))
is "what passed was counted, all of it" "$(figure web in)" $(($(seen 53) - before))
limited() { # DESCRIPTION
	local before start took
	before=$(seen 54) start=$(date +%s%N)
	flood 54
	took=$((($(date +%s%N) - start) / 1000000))
	is_le "$1: the rate, a bucket of one second, 64 KiB" $(($(seen 54) - before)) $((1000 * took * 11 / 10 + 1000000 + 65536))
	is_ge "... and as much passes" $(($(seen 54) - before)) $((1000 * took * 8 / 10))
}
limited "a limit holds them"
if has_htb && has_ifb; then
	ini_sed 's/^timezone = UTC/&\nlimit_method = shape/'
	pf_ok apply
	limited "a limit that is shaped holds them"
else
	skip "a limit that is shaped holds them" "this kernel has no HTB or no IFB"
fi
pf_ok sample # which tells that the quota is used up
pf_run apply --json
like "a second apply sends nothing" "$out" '"changes":0'
pf_run plan
is "and plan has nothing to do" "$rc" 0
nft flush chain inet portflow fragments
nft delete chain inet portflow fragments
is "somebody deletes the chain" "$(whole)" 0
pf_ok sample
is "... a run puts it right" "$(whole)" 1
before=$(pf events | wc -l)
pf_ok down
is "down tells of no damage" "$(pf events | wc -l)" "$before"
pf_ok apply
ini_sed '/^quota/d; /^limit_in/d'
pf_ok apply
is "without a limit or quota they come apart again" "$(whole)" 0
pf_ok down
is "down leaves nothing behind" "$(nft list tables | grep -c portflow)" 0
done_testing
