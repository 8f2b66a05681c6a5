#!/bin/bash
# A dead network: nothing answers at an address, a name server is silent, there is no route. A run that has messages for it ends at its budget,
# the next run counts meanwhile, who can be reached is told in the first run, and when the network is back everybody has each message once.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1
# shellcheck source=lib/post.sh
. "$SYSTEM/lib/post.sh"
BUDGET=15 # seconds, of a delivery
RECIPIENTS=300
ip link add dead type veth peer name end && ip addr add 192.0.2.1/24 dev dead && ip link set dead up && ip link set end up &&
	ip neigh replace 192.0.2.9 lladdr 02:00:00:00:00:09 dev dead && ip route add unreachable 198.51.100.0/24 || exit 1
echo "nameserver 192.0.2.9" >"$NET/resolv.conf"
mount --bind "$NET/resolv.conf" /etc/resolv.conf || exit 1
serve servers "$SYSTEM/lib/servers.py" "$NET" 0.0.0.0
ini <<-END
	[portflow]
	node = hk1
	timezone = UTC
	[port web]
	ports = 53
	quota = 100KB
	quota_alerts = 50%
	notify = mail, hole, name, route, hook
	[port other]
	ports = 54
	[notify mail]
	type = email
	url = smtp://192.0.2.9:25
	tls = off
	from = portflow@good.test
	$(seq -f 'to = user%g@good.test' $RECIPIENTS)
	[notify hole]
	type = webhook
	url = http://192.0.2.9/ok/hole
	[notify name]
	type = webhook
	url = http://dead.test/ok/name
	[notify route]
	type = webhook
	url = http://198.51.100.9/ok/route
	[notify hook]
	type = webhook
	url = https://good.test/ok/hook
	ca_file = $NET/ca.pem
END
posts() { grep -o '"path": "/ok/[a-z]*"' "$NET/log" | cut -d/ -f3 | tr -d '"' | sort | xargs; }
waiting() { sqlite3 "file:$DB?mode=ro" "SELECT count(DISTINCT letter) FROM outbox"; }
under_lease() { sqlite3 "file:$DB?mode=ro" "SELECT count(DISTINCT lease) FROM outbox WHERE lease <> ''"; }
counted() { # what is stored, whatever the kernel has
	sqlite3 "file:$DB?mode=ro" "SELECT bytes FROM baseline JOIN counter ON id = counter WHERE object = 'p_other.in'"
}
run() { # FILE: a sample that is timed
	local started
	started=$(date +%s)
	pf sample >"$1" 2>&1
	echo "$? $(($(date +%s) - started))" >"$1.end"
}
pf_ok apply
udp_in 4 53 60 972

run "$WORK/first" &
first=$!
wait_for "[ \"\$(under_lease)\" = 1 ]"
udp_in 4 54 7 972
run "$WORK/second" &
second=$!
ok "the next run stores what passed" wait_for '[ "$(counted)" = 7000 ]'
udp_in 4 54 3 972
run "$WORK/third" &
third=$!
ok "... and so does the one after it" wait_for '[ "$(counted)" = 10000 ]'
is "... while the first still waits for the network" "$(cat "$WORK/first.end" 2>&1)" "cat: $WORK/first.end: No such file or directory"
wait $first $second $third
is "each ends with 0" "$(cut -d' ' -f1 "$WORK/first.end" "$WORK/second.end" "$WORK/third.end" | xargs)" "0 0 0"
for n in first second third; do
	is_le "the $n one at its budget" "$(cut -d' ' -f2 "$WORK/$n.end")" $((BUDGET + 4 * SLOW))
done
is "who can be reached has it at once, though he comes last" "$(posts)" hook
is "all else waits" "$(waiting) $(pf notify list --json | grep -o '"parked":true' | wc -l)" "$((RECIPIENTS + 3)) 0"
why() { sqlite3 "file:$DB?mode=ro" "SELECT why FROM outbox WHERE target = '$1' AND why <> '' LIMIT 1"; }
like "... and why is told: an address" "$(why hole)" '192.0.2.9:80 does not answer'
like "... a name" "$(why name)" 'the name dead.test was not resolved'
like "... a route" "$(why route)" '198.51.100.9:80 cannot be reached'
like "... a mail server" "$(why mail)" '192.0.2.9:25 does not answer'

# -- it is back ----------------------------------------------------------------------------------------------------------------------
ip link del dead && ip route del unreachable 198.51.100.0/24 && ip addr add 192.0.2.9/32 dev lo && ip addr add 198.51.100.9/32 dev lo
echo "192.0.2.9 dead.test" >>"$NET/hosts"
for n in {1..5}; do
	pf_ok notify flush
	[ "$(waiting)" != 0 ] || break
done
still
is "within $n runs nothing waits" "$(waiting)" 0
is "each webhook was asked once" "$(posts)" "hole hook name route"
is "each recipient has one mail" "$(cat "$NET"/mail/*.json | grep -o '"to": \["user[0-9]*@good.test"\]' | sort -u | wc -l) $(find "$NET/mail" -name '*.json' | wc -l)" "$RECIPIENTS $RECIPIENTS"
done_testing
