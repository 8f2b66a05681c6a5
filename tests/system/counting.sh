#!/bin/bash
# Counting to the byte: every kind of entry, TCP, UDP and SCTP, IPv4 and IPv6, both directions, against a second nft table here,
# a third one in the peer, nfacct and tshark. Segments are exact here (one packet a segment); wire.sh has the offloads.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1
for a in 10.66.0.3 10.66.0.17 10.66.0.22; do ip addr add $a/24 dev "$DEV"; done
for a in fd66::3 fd66::a:17 fd66::a:22; do ip addr add $a/64 dev "$DEV" nodad; done

ini <<END
[portflow]
timezone = UTC
[port web]
ports = 443
remark = 网站
[port dns]
ports = 53
protocols = udp
[port mixed]
ports = 22, 80, 8000-8100
[port long]
ports = 20000-21000
[port lists-long]
ports = 30000-30300, 31000, 32000-33000
protocols = tcp
[port sctp]
ports = 7777
protocols = sctp
[address also]
addresses = $ALSO4, $ALSO6
[address prefix]
addresses = 10.66.0.16/29, fd66::a:0/112
[address service]
addresses = 10.66.0.3, fd66::3
ports = 9000-9010
protocols = tcp
[interface uplink]
interface = $DEV
END
OURS4="$HERE4, $ALSO4, 10.66.0.3, 10.66.0.17, 10.66.0.22"
OURS6="$HERE6, $ALSO6, fd66::3, fd66::a:17, fd66::a:22"
oracle_port web 443
oracle_port dns 53 udp
oracle_port mixed '22, 80, 8000-8100'
oracle_port long 20000-21000
oracle_port lists-long '30000-30300, 31000, 32000-33000' tcp
oracle_port sctp 7777 sctp
oracle_address also $ALSO4 $ALSO6
oracle_address prefix 10.66.0.16/29 fd66::a:0/112
oracle_port service 9000-9010 tcp 10.66.0.3 fd66::3
oracle_total uplink
oracle_total
oracle_load here
oracle_load peer
pf_ok apply
agree "nothing has moved: nothing is counted" here

traffic() { # one of everything
	local f also prefix service
	for f in 4 6; do
		also=$ALSO4 prefix=10.66.0.17 service=10.66.0.3
		[ $f = 4 ] || { also=$ALSO6 prefix=fd66::a:22 service=fd66::3; }
		tcp_here $f 443 123457 300001
		tcp_here $f 80 1 2
		tcp_here $f 8100 7001 1
		tcp_here $f 20000 50000 50000
		tcp_here $f 20999 0 99999
		tcp_here $f 30300 12345 54321
		tcp_here $f 32500 12345 54321
		tcp_here $f 9999 4000 4000             # no entry has it
		tcp_here $f 443 3333 4444 -a $also     # a port entry and an address entry
		tcp_here $f 9005 55555 66666 -a $service
		tcp_here $f 9011 777 888 -a $service   # beside its ports
		tcp_here $f 4711 777 888 -a $prefix
		udp_in $f 53,22,443,7999-8101,20000-20999,21001 2 333
		udp_in $f 1-1000 1 10 -d $prefix
		udp_out $f 53,443,21000,8000-8010,21002 3 1000
		udp_out $f 5000 5 10 -b $also
		udp_in $f 7777 4 500 -P sctp
		udp_out $f 7777 3 600 -P sctp
		# out to a service elsewhere: its port is not ours
		"$TOOLS/transfer" -S "$PEERNS" -a "$(there $f)" -p 443 -u 2000 -d 20000 >/dev/null || fail traffic
	done
}
traffic
agree "each entry, in and out, is what the table beside it counts" here wire
agree "and what the peer sends and receives" peer wire
sum_holds "ports + forwarded + rest = total"
pf_ok sample
agree "the same after a sample" here wire
traffic
pf_ok sample
traffic
agree "and with one half in the database, the other in the kernel" here wire
agree "the peer agrees" peer wire
is "the cable lost nothing" "$(dropped)" 0
is "interface entry and total are one" "$(figure uplink in) $(figure uplink out)" "$(figure .total in) $(figure .total out)"

# an entry that only one family, or a single address, can fill
tcp_here 4 443 500000 500000 -l :: -a ::ffff:$HERE4 -a $HERE4
agree "a v4 connection to a v6 listener counts as the v4 that it is on the wire" here wire

# -- second opinions ----------------------------------------------------------------------------------------------------
if command -v nfacct >/dev/null && nfacct add pf-in 2>/dev/null &&
	iptables -t raw -A PREROUTING -i "$DEV" -p tcp --dport 443 -m nfacct --nfacct-name pf-in 2>/dev/null; then
	before=$(figure web in)
	tcp_here 4 443 1000000 1000
	settle
	is "nfacct agrees" "$(nfacct get pf-in | sed 's/.*bytes = 0*\([0-9]*\) .*/\1/')" $(($(figure web in) - before))
else
	skip "nfacct agrees" "no nfacct, or this kernel has no nfacct match"
fi
if command -v tshark >/dev/null; then
	in0=$(figure web in) out0=$(figure web out)
	in_peer tshark -i "$FAR" -q -w "$WORK/far.pcap" -f 'port 443' >"$WORK/tshark.log" 2>&1 &
	capture=$!
	wait_for "grep -q Capturing '$WORK/tshark.log'" 20 && sleep 0.5
	for f in 4 6; do
		tcp_here $f 443 100000 200000
		udp_in $f 443 10 100
	done
	settle
	sleep 0.5
	kill -TERM $capture # background commands of a shell ignore INT
	wait $capture
	# the length in the IPv6 header is without the header
	sum() { tshark -r "$WORK/far.pcap" -Y "$1" -T fields -e ip.len -e ipv6.plen 2>/dev/null |
		awk -F '\t' '{ n += $1 + ($2 == "" ? 0 : $2 + 40) } END { print n + 0 }'; }
	is "tshark at the peer agrees: in" "$(sum 'tcp.dstport == 443 || udp.dstport == 443')" $(($(figure web in) - in0))
	is "tshark at the peer agrees: out" "$(sum 'tcp.srcport == 443 || udp.srcport == 443')" $(($(figure web out) - out0))
else
	skip "tshark at the peer agrees" "not installed"
fi
done_testing
