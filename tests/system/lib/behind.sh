#!/bin/bash
# What passed, by port: a second nft table behind everything that drops, TCP and UDP, both families; the ports are those on the wire.
# Quotas and blocks of several ports at once are judged by it, to the packet.
# Sourced by topics after lib.sh and net_up.
behind() { # PORTS...: counts from 0
	local p
	{
		echo "table inet truth { }"
		echo "delete table inet truth"
		echo "table inet truth {"
		for p in "$@"; do printf 'counter in%s { }\ncounter out%s { }\n' "$p" "$p"; done
		printf 'chain in {\ntype filter hook prerouting priority -250\niifname != "%s" return\n' "$DEV"
		for p in "$@"; do echo "meta l4proto { tcp, udp } th dport $p counter name in$p"; done
		printf '}\nchain out {\ntype filter hook postrouting priority 210\noifname != "%s" return\n' "$DEV"
		for p in "$@"; do echo "meta l4proto { tcp, udp } th sport $p counter name out$p"; done
		printf '}\n}\n'
	} | nft -f -
}
passed() { nft list counter inet truth "$1" | sed -n 's/.*bytes \([0-9]*\).*/\1/p'; } # COUNTER: bytes
both() { echo $(($(passed "in$1") + $(passed "out$1"))); }                           # PORT
