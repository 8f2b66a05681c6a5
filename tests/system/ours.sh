#!/bin/bash
# What counts as ours: loopback never, published (DNAT) ports by the port on the wire, guests behind a route or a bridge not,
# fragments as the hooks see them, addresses that NAT outside gives us by `own`. Entries + forwarded + rest = total throughout.
# shellcheck disable=SC2086,SC2119 # words without blanks; no arguments are meant
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && routed_guest && exact_segments || exit 1
GUEST4=10.68.0.2 GUEST6=fd68::2
guest_of() { if [ "$1" = 4 ]; then echo $GUEST4; else echo $GUEST6; fi; }

ini <<END
[portflow]
timezone = UTC
[port web]
ports = 443
[port ssh]
ports = 22
[port published]
ports = 8080, 20000-20999
[port inner]
ports = 80
END
oracle_ours() {
	oracle_new
	oracle_port web 443
	oracle_port ssh 22
	oracle_port published '8080, 20000-20999'
	oracle_port inner 80
	oracle_total
}
oracle_ours
oracle_in .forwarded 'ip daddr 10.68.0.0/24'
oracle_also_in .forwarded 'ip6 daddr fd68::/64'
oracle_out .forwarded 'ip saddr 10.68.0.0/24'
oracle_also_out .forwarded 'ip6 saddr fd68::/64'
oracle_load here
oracle_load peer
pf_ok apply

# -- loopback -----------------------------------------------------------------------------------------------------------
before=$(status_read)
for a in 127.0.0.1 ::1 $HERE4 $HERE6 $ALSO4; do
	"$TOOLS/transfer" -a $a -p 443 -u 100000 -d 100000 >/dev/null || fail traffic
	"$TOOLS/datagram" -d $a -p 443,22,20000-20100 -c 2 >/dev/null || fail traffic
done
is "what the machine says to itself counts nowhere" "$(status_read)" "$before"

# -- routed guests ------------------------------------------------------------------------------------------------------
for f in 4 6; do
	udp_in $f 443,22,80,20000-20100 3 200 -d "$(guest_of $f)"
	"$TOOLS/datagram" -n "$GUESTNS" -d "$(there $f)" -s 443,22 -p 9 -c 5 >/dev/null || fail traffic
	"$TOOLS/transfer" -S "$GUESTNS" -C "$PEERNS" -a "$(guest_of $f)" -p 443 -u 50000 -d 70000 >/dev/null || fail traffic
	tcp_here $f 443 1000 2000
done
agree "a routed guest's port 443 is forwarded traffic, not ours" here wire
agree "a routed guest: the peer agrees" peer wire
sum_holds "a routed guest: ports + forwarded + rest = total"
is "a routed guest's bytes are in forwarded" "$([ "$(figure .forwarded in)" -gt 100000 ] && echo yes)" yes

# -- published ports ----------------------------------------------------------------------------------------------------
nft -f - <<END
table inet publish {
	chain pre {
		type nat hook prerouting priority dstnat
		meta l4proto { tcp, udp } th dport 8080 ip daddr $HERE4 dnat ip to $GUEST4:80
		meta l4proto { tcp, udp } th dport 8080 ip6 daddr $HERE6 dnat ip6 to [$GUEST6]:80
		tcp dport 20100 ip daddr $HERE4 redirect to :9100
		tcp dport 20100 ip6 daddr $HERE6 redirect to :9100
	}
}
END
pf_ok sample
for f in 4 6; do
	"$TOOLS/transfer" -S "$GUESTNS" -C "$PEERNS" -a "$(here $f)" -p 8080 -l "$(guest_of $f)" -q 80 -u 60000 -d 90000 >/dev/null ||
		fail traffic
	tcp_here $f 20100 30000 40000 -q 9100 -l "$([ $f = 4 ] && echo 0.0.0.0 || echo ::)"
	udp_in $f 8080 20 300
	tcp_here $f 80 100 100
done
agree "published and redirected ports count by the port on the wire, both ways" peer wire
sum_holds "published ports: ports + forwarded + rest = total"
is "published: bytes did pass" "$([ "$(figure published out)" -gt 260000 ] && echo yes)" yes

# a masqueraded guest looks like this machine and counts by the wire port
nft -f - <<END
table inet masq {
	chain post {
		type nat hook postrouting priority srcnat
		oifname "$DEV" ip saddr 10.68.0.0/24 masquerade
	}
}
END
pf_ok sample
oracle_ours
oracle_load peer
base_web=$(figure web out)
"$TOOLS/datagram" -n "$GUESTNS" -d $THERE4 -s 443 -p 9 -c 20 -l 72 >/dev/null || fail traffic
settle
is "a masqueraded guest's packets from port 443 count as the wire shows them" "$(($(figure web out) - base_web))" 2000
nft delete table inet masq
sum_holds "masquerade: ports + forwarded + rest = total"

# -- fragments ----------------------------------------------------------------------------------------------------------
nft delete table inet publish # its NAT joins fragments
fresh
pf_ok apply
oracle_ours
oracle_load here
for f in 4 6; do
	udp_in $f 443 50 3000
	udp_in $f 443 50 1000
	udp_out $f 443 50 3000
done
agree "fragments: counted as they pass the hooks" here
sum_holds "fragments without a port are in the rest: the sum holds"
nft -f - <<END
table inet defrag {
	chain c {
		type filter hook prerouting priority raw
		ct state invalid counter
	}
}
END
pf_ok sample
before=$(figure web in)
udp_in 4 443 50 3000
udp_in 6 443 50 3000
settle
is "with conntrack they arrive joined and count whole" $(($(figure web in) - before)) $((50 * 3028 + 50 * 3048))
agree "fragments: joined, the oracle agrees" here
nft delete table inet defrag

# -- own ----------------------------------------------------------------------------------------------------------------
ip -n "$PEER" route add 203.0.113.7 via $HERE4
ip -n "$PEER" -6 route add 2001:db8::7 via $HERE6
nft -f - <<END
table inet outside {
	chain pre {
		type nat hook prerouting priority dstnat
		ip daddr 203.0.113.7 dnat ip to $HERE4
		ip6 daddr 2001:db8::7 dnat ip6 to $HERE6
	}
	chain post {
		type nat hook postrouting priority srcnat
		oifname "$DEV" udp sport 22 ip saddr $HERE4 snat ip to 203.0.113.7
	}
}
END
own_traffic() {
	tcp_here 4 443 20000 30000 -a 203.0.113.7 -l $HERE4
	tcp_here 6 443 20000 30000 -a 2001:db8::7 -l $HERE6
	udp_out 4 22 10 100
}
pf_ok apply
before=$(figure web in)
own_traffic
settle
is "without own, an address that the machine does not carry is not ours" "$(figure web in)" "$before"
ini_sed 's/^timezone.*/&\nown = 203.0.113.7, 2001:db8::\/32/'
pf_ok apply
OURS4+=", 203.0.113.7" OURS6+=", 2001:db8::7"
oracle_ours
oracle_load peer
status_read >"$WORK/own.before"
own_traffic
settle
is "with own it is, both ways" "$(status_read | awk '
	FILENAME != "-" { was[$1 " " $2] = $3; next } $1 !~ /^\./ { print $1, $2, $3 - was[$1 " " $2] }' "$WORK/own.before" - | sort)" \
	"$(oracle_read peer | awk '$1 !~ /^\./ { print $1, $2, $3 }' | sort)"
sum_holds "own: ports + forwarded + rest = total"
nft delete table inet outside

# -- bridged guests -----------------------------------------------------------------------------------------------------
fresh
BR=br$ID
ip link add "$BR" type bridge
echo 1 >"/proc/sys/net/ipv6/conf/$BR/addr_gen_mode"
ip link set "$BR" up
ip addr flush dev "$DEV"
ip link set "$DEV" master "$BR"
for a in $HERE4 $ALSO4; do ip addr add $a/24 dev "$BR"; done
for a in $HERE6 $ALSO6; do ip addr add $a/64 dev "$BR" nodad; done
ip link add "tap$ID" type veth peer name "brg$ID" netns "$GUEST"
ip link set "tap$ID" master "$BR" up
ip -n "$GUEST" addr add 10.66.0.50/24 dev "brg$ID"
ip -n "$GUEST" addr add fd66::50/64 dev "brg$ID" nodad
ip -n "$GUEST" link set "brg$ID" up
exact_segments
ip -n "$PEER" neigh flush all nud permanent
default_routes
for f in 4 6; do # the bridge learns
	wait_for "timeout 5 '$TOOLS/transfer' -C '$PEERNS' -a '$(here $f)' -p 9999 -u 1 -d 1 >/dev/null 2>&1"
done
wait_for "timeout 5 '$TOOLS/transfer' -S '$GUESTNS' -C '$PEERNS' -a 10.66.0.50 -p 9999 -u 1 -d 1 >/dev/null 2>&1"
wait_for "timeout 5 '$TOOLS/transfer' -S '$GUESTNS' -C '$PEERNS' -a fd66::50 -p 9999 -u 1 -d 1 >/dev/null 2>&1"
bridged() {
	local a
	for a in 10.66.0.50 fd66::50; do
		"$TOOLS/transfer" -S "$GUESTNS" -C "$PEERNS" -a $a -p 443 -u 50000 -d 70000 >/dev/null || fail traffic
		"$TOOLS/datagram" -n "$PEERNS" -d $a -p 443,22,20000-20050 -c 2 >/dev/null || fail traffic
	done
}
pf_ok apply
oracle_ours
oracle_load peer "$FAR"
for call in 0 1; do
	if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then
		echo $call >/proc/sys/net/bridge/bridge-nf-call-iptables
		echo $call >/proc/sys/net/bridge/bridge-nf-call-ip6tables
	elif [ $call = 1 ]; then
		skip "bridged guests with br_netfilter" "this kernel has none"
		continue
	fi
	bridged
	udp_in 4 443 10
	udp_out 6 443 10
	tcp_here 4 22 1000 1000
	settle
	is "bridged guests are not ours, own traffic is (br_netfilter $call)" \
		"$(status_read | awk '$1 !~ /^\./ { print $1, $2, $3, $4 }' | sort)" "$(oracle_read peer | awk '$1 !~ /^\./' | sort)"
	sum_holds "bridge (br_netfilter $call): ports + forwarded + rest = total"
done
done_testing
