#!/bin/bash
# Floods of short datagrams, three times over a limit that HTB holds, which counts the Ethernet header that the limit's guard and the figures do
# not: what was counted against what arrived, once the queues have emptied, and the rate that arrived.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
heavy
net_up || exit 1
has_htb || skip_all "this kernel has no HTB"
nft delete table inet sink
in_peer nft delete table inet sink
LENGTHS="36 60 100 150 300 1000" SECONDS_EACH=12 # bytes of IP
port_of() { echo $((5000 + $1)); }
for length in $LENGTHS; do
	printf '[port p%s]\nports = %s\nprotocols = udp\nlimit_out = 2mbit\n' "$length" "$(port_of "$length")"
done | ini
pf_ok apply
like "they wait in queues" "$(pf status p60)" 'out: shape'
{
	echo "table inet arrived {"
	for length in $LENGTHS; do echo "counter p$length { }"; done
	echo "chain of { type filter hook prerouting priority -400"
	for length in $LENGTHS; do echo "udp sport $(port_of "$length") counter name p$length"; done
	echo "meta l4proto udp drop; }; }"
} | in_peer nft -f -
arrived() { in_peer nft list counter inet arrived "p$1" | sed -n 's/.*bytes \([0-9]*\).*/\1/p'; }
every() { for length in $LENGTHS; do arrived "$length"; done | xargs; }
floods=''
for length in $LENGTHS; do
	pps=$((3 * 250000 / (length + 14)))
	"$TOOLS/datagram" -d $THERE4 -s "$(port_of "$length")" -p 9 -c $((pps * SECONDS_EACH)) -l $((length - 28)) -r $pps -e -w >/dev/null &
	floods+=" $!"
done
sleep 4 # a bucket of a second, and the queue behind it
start=$(date +%s%N) from=$(every)
sleep $((SECONDS_EACH - 5))
took=$((($(date +%s%N) - start) / 1000000)) to=$(every)
# shellcheck disable=SC2086 # several
wait $floods
last=''
while now=$(every); [ "$now" != "$last" ]; do
	last=$now
	sleep 0.5
done
pf_ok sample
pf status --json >"$WORK/status"
while read -r length before after <&3; do
	ours=$("$PYTHON" -c 'import json, sys
print([e["out"]["bytes"] for e in json.load(open(sys.argv[1]))["entries"] if e["name"] == sys.argv[2]][0])' "$WORK/status" "p$length")
	is_near "$length bytes: counted as much as arrived" "$ours" "$(arrived "$length")" 60
	is_near "$length bytes: at the rate, in frames" $(((after - before) * (length + 14) / length * 8 / took)) 2000 60
done 3< <(paste -d ' ' <(xargs -n1 <<<"$LENGTHS") <(xargs -n1 <<<"$from") <(xargs -n1 <<<"$to"))
done_testing
