#!/bin/bash
# Everybody else is left alone: with each example ruleset of nftables loaded first, with other qdiscs and tables: apply, sample,
# an empty plan, traffic, down; afterwards their tables, qdiscs and links are what they were.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
EXAMPLES=${EXAMPLES:-/usr/share/doc/nftables/examples}
[ -d "$EXAMPLES" ] || skip_all "no example rulesets in $EXAMPLES"
net_up || exit 1
nft flush ruleset # the sink too
printf '[port web]\nports = 443\n[port long]\nports = 20000-29999\n[address also]\naddresses = %s\n' $ALSO4 | ini
others() { # all that is not ours
	nft -s list ruleset | awk '/^table / { ours = /^table [a-z0-9]+ portflow/ } !ours'
	tc qdisc show
	ip -d link show | sed 's/ state [A-Z]*//'
	ip addr show
	ip route show table all
}
oracle_port web 443
oracle_total
oracle_load peer
surround() { # LABEL: the whole life of portflow beside what is loaded now
	local label=$1 before during
	others >"$WORK/before"
	pf_run apply
	is "$label: apply" "$rc" 0 || note "$err"
	pf_run plan
	is "$label: plan is empty" "$rc" 0
	pf_run sample
	is "$label: sample" "$rc" 0
	others >"$WORK/during"
	is "$label: the others are untouched meanwhile" "$(diff "$WORK/before" "$WORK/during")" ""
	oracle_load peer
	before=$(figure web in) during=$(figure .total in)
	udp_in 4 443 3
	udp_in 6 443 3
	is "$label: counted although the firewall may drop it later" \
		"$(($(figure web in) - before)) $(($(figure .total in) - during))" "$(truth peer web in) $(truth peer .total in)"
	nft list ruleset >"$WORK/saved"
	pf_run down
	is "$label: down" "$rc" 0
	others >"$WORK/after"
	is "$label: the others are what they were" "$(diff "$WORK/before" "$WORK/after")" ""
	is "$label: nothing of ours is left" "$(nft list tables | grep -c '^table inet portflow$')" 0
}
surround "nobody else"
loaded=0
for file in "$EXAMPLES"/*.nft; do
	name=$(basename "$file")
	nft flush ruleset
	sed -e '/^#!/d' -e "s/\\beth[0-9]\\b/$DEV/g" -e "s/\\benp[0-9s]*\\b/$DEV/g" -e "s/\"wan\"/\"$DEV\"/g" "$file" >"$WORK/example.nft"
	if (cd "$EXAMPLES" && nft -f "$WORK/example.nft") 2>"$WORK/nft.err" && [ -n "$(nft list tables)" ]; then
		loaded=$((loaded + 1))
		surround "$name"
	else
		skip "$name" "nft does not load it here: $(head -n 1 "$WORK/nft.err" | tr -d '#')"
	fi
done
is_ge "examples that could be loaded" $loaded 5

# tables and names close to ours, hooks at our priorities, other qdiscs
nft flush ruleset
nft -f - <<END
table ip portflow {
	counter p_web.in { }
	chain count_in { type filter hook prerouting priority raw; counter name "p_web.in"; }
}
table inet portflow2 {
	map m { type inet_service : verdict; elements = { 443 : accept }; }
	chain in { type filter hook prerouting priority raw; tcp dport vmap @m; }
	chain out { type filter hook postrouting priority 101; }
}
table netdev portflow {
	chain in { type filter hook ingress device "$DEV" priority 0; }
}
END
tc qdisc add dev "$DEV" root handle 8001: pfifo limit 100
tc qdisc add dev "$DEV" ingress 2>/dev/null
surround "tables with names like ours, qdiscs of somebody's"
tc qdisc del dev "$DEV" ingress 2>/dev/null
tc qdisc del dev "$DEV" root

# docker's way: NAT chains that are rewritten all the time while we run
nft flush ruleset
fresh
printf '[port web]\nports = 443\n' | ini
pf_ok apply
oracle_load peer
(while :; do
	nft 'add table ip nat; add chain ip nat c { type nat hook prerouting priority dstnat; }; add rule ip nat c tcp dport 8080 dnat to 10.68.0.2:80'
	nft delete table ip nat
done) 2>/dev/null &
busy=$!
bad=''
try() { # COMMAND: "busy, try later" is an answer, but not for ever
	local n
	for n in 1 2 3 4 5; do
		pf_run "$@"
		[ "$rc" = 75 ] || break
	done
	[ "$rc" = 0 ] || bad+="round $i: $*: exit $rc $err"$'\n'
}
for i in 1 2 3 4 5 6 7 8; do
	udp_in 4 443 10
	printf '[port web]\nports = 443\n[port p%s]\nports = %s\n' $i $((1000 + i)) | ini
	try apply
	udp_in 6 443 10
	try sample
	udp_in 4 443 10
	try down
	try apply
done
kill $busy
wait $busy 2>/dev/null
is "edits, samples, down and up while somebody writes rules as fast as he can" "$bad" ""
conserve "and meanwhile nothing is lost, nothing doubled"
done_testing
