#!/bin/bash
# The whole machine is blocked, and its address is still its own: a real DHCP client renews its lease and gets a new one from a real server,
# IPv6 configures itself from router advertisements, neighbours are asked for and answered. With no port kept open at all.
# The client and the server are those of the tree of boot.sh.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/machine.sh
. "$SYSTEM/lib/machine.sh"
need_program
tree_disk
tree_open || skip_all "the tree cannot be opened here"
[ -x "$DISK/usr/sbin/dnsmasq" ] && [ -L "$DISK/usr/sbin/udhcpc" ] || skip_all "the tree has no DHCP: make tree"
net_up || exit 1
for into in "" in_peer; do $into nft delete table inet sink; done

# -- an uplink that gets all it has from the other side -------------------------------------------------------------------
WAN=wan$ID ISP=isp$ID
ip link add "$WAN" type veth peer name "$ISP" netns "$PEER"
in_peer ip addr add 10.72.0.1/24 dev "$ISP"
in_peer ip addr add fd72::1/64 dev "$ISP" nodad
in_peer ip addr add fe80::1/64 dev "$ISP" nodad
in_peer ip link set "$ISP" up
for f in accept_ra autoconf; do echo 2 >"/proc/sys/net/ipv6/conf/$WAN/$f"; done
echo 0 >"/proc/sys/net/ipv6/conf/$WAN/addr_gen_mode"
ip link set "$WAN" up
LEASE=120
: >"$DISK/etc/empty.conf"
nsenter --net="$PEERNS" chroot "$DISK" /usr/sbin/dnsmasq --keep-in-foreground --conf-file=/etc/empty.conf --user=root --port=0 --interface="$ISP" --bind-interfaces \
	--dhcp-range=10.72.0.50,10.72.0.90,$LEASE --dhcp-range=fd72::,ra-only,64,$LEASE --enable-ra --ra-param="$ISP",4,300 \
	--dhcp-authoritative --no-ping --log-dhcp --log-facility=- --pid-file= --dhcp-leasefile=/run/leases >"$WORK/server.log" 2>&1 &
cat >"$DISK/usr/local/bin/leased" <<'END'
#!/bin/sh
echo "$1 $ip" >>/run/leased
case $1 in
deconfig) /usr/bin/ip -4 addr flush dev "$interface" ;;
bound | renew) /usr/bin/ip addr replace "$ip/24" dev "$interface" ;;
esac
END
chmod 755 "$DISK/usr/local/bin/leased"
wait_for 'grep -q started "$WORK/server.log"' || cat "$WORK/server.log"
: >"$DISK/run/leased"
chroot "$DISK" /sbin/udhcpc -f -i "$WAN" -s /usr/local/bin/leased -t 20 -T 1 -A 1 >"$WORK/client.log" 2>&1 &
client=$!
said() { grep -c "^$1 10\\.72\\." "$DISK/run/leased"; } # WHAT: how often
served() { grep -c "$1" "$WORK/server.log"; }           # DHCP MESSAGE: how often
address6() { ip -6 -o addr show dev "$WAN" scope global dynamic | grep -o 'fd72:[0-9a-f:]*/'; }
ok "the client has a lease" wait_for '[ "$(said bound)" = 1 ]' 20
ok "IPv6 has configured itself" wait_for '[ -n "$(address6)" ]' 20
address=$(sed -n 's/^bound //p' "$DISK/run/leased")
renew() { # DESCRIPTION: asks, and is answered
	local renewed acks
	renewed=$(said renew) acks=$(served DHCPACK)
	kill -USR1 $client
	ok "$1" wait_for "[ \"\$(said renew)\" -gt $renewed ] && [ \"\$(served DHCPACK)\" -gt $acks ]" 20
}
renew "it renews it"

# -- blocked --------------------------------------------------------------------------------------------------------------
ini <<END
[portflow]
interface = $WAN
keep_open = none
[interface all]
quota = 1KB
quota_action = block
END
pf_ok apply
arrivals() { # the rules
	cat <<-END
		table inet arrived {
			chain in {
				type filter hook input priority 400
				udp dport { 9, 546, 547 } counter
			}
		}
	END
}
for into in '' in_peer; do arrivals | $into nft -f -; done
arrived() { "${@:2}" nft list table inet arrived | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'; }
passes() { # ADDRESS [FROM_PORT TO_PORT]: do datagrams, of DHCPv6 say, reach the other side?
	local before
	before=$(arrived there in_peer)
	"$TOOLS/datagram" -d "$1" ${2:+-s "$2"} -p "${3:-9}" -c 5 -e >/dev/null
	[ "$(arrived there in_peer)" -gt "$before" ]
}
comes() { # ADDRESS FROM_PORT TO_PORT: do they reach us?
	local before
	before=$(arrived here)
	"$TOOLS/datagram" -n "$PEERNS" -d "$1" -s "$2" -p "$3" -c 5 >/dev/null
	[ "$(arrived here)" -gt "$before" ]
}
ok "what is not blocked passes" passes 10.72.0.1
"$TOOLS/datagram" -d 10.72.0.1 -p 9 -c 20 -e >/dev/null
pf_ok sample
blocked() { ! passes 10.72.0.1 && ! passes fd72::1 && ! comes "$address" 9 9; }
ok "the whole machine is blocked" blocked
nft -f - <<END
table inet through { # behind all of ours: the client's broadcasts pass no hook, what it sends to its server does
	chain in {
		type filter hook input priority 400
		udp dport 68 counter
	}
	chain out {
		type filter hook postrouting priority 400
		udp dport 67 counter
	}
}
END
through() { [ "$(nft list table inet through | grep -c 'counter packets [1-9]')" = 2 ]; }
for try in 1 2 3; do # a client that has just been bound may broadcast at once
	renew "the lease is renewed ($try)"
	! through || break
done
ok "... through the kernel's sockets, question and answer" through
kill -USR2 $client # released
ok "it is given back" wait_for '[ "$(served DHCPRELEASE)" -ge 1 ]' 20
ok "the address is gone" wait_for '[ -z "$(ip -4 -o addr show dev "$WAN")" ]' 20 # the client tells its server first
kill -USR1 $client
ok "and had again, from the start" wait_for '[ "$(said bound)" = 2 ]' 20
renew "... and renewed"
is "it is the same address" "$(ip -4 -o addr show dev "$WAN" | awk '{ print $4 }')" "$address/24"

six=$(address6) six=${six%/}
ok "what a client of DHCPv6 asks passes" passes fd72::1 546 547
ok "... and what a server answers" comes "$six" 547 546

# -- neighbours and routers -------------------------------------------------------------------------------------------------
ip neigh flush dev "$WAN"
in_peer ip neigh flush dev "$ISP"
ok "the neighbour is found over IPv4" ping -c1 -W$((2 * SLOW)) 10.72.0.1
ok "... over IPv6" ping -6 -c1 -W$((2 * SLOW)) fd72::1
ip neigh flush dev "$WAN"
in_peer ip neigh flush dev "$ISP"
ok "it finds us over IPv4" in_peer ping -c1 -W$((2 * SLOW)) "$address"
ok "... over IPv6" in_peer ping -6 -c1 -W$((2 * SLOW)) "$six"
ip -6 addr flush dev "$WAN" scope global
ok "an address that is gone comes with the next advertisement" wait_for '[ -n "$(address6)" ]' 30
ok "... still blocked" blocked
pf_run doctor --json
like "doctor names the price of keep_open = none" "$out" 'no port is kept open'
done_testing
