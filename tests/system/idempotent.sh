#!/bin/bash
# A second apply, and any number of samples, change nothing: no write by `nft monitor`, by the generation, by strace, and by the
# program's own count. Edits change only what they say: no counter that stays is made anew.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && second_device || exit 1

changes() { "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["changes"])' <<<"$out"; }
big_ini() { # some of everything
	{
		printf '[portflow]\ninterface = %s, %s\nown = 203.0.113.0/24, 2001:db8::/48\n' "$DEV" "$DEV2"
		for i in $(seq 1 60); do printf '[port p%s]\nports = %s, %s-%s\n' $i $((1000 + i)) $((2000 + 10 * i)) $((2005 + 10 * i)); done
		printf '[port long1]\nports = 20000-29999, 31000-31999\nprotocols = tcp\n[port long2]\nports = 40000-45000\n'
		printf '[port sctp]\nports = 5000\nprotocols = sctp\n'
		printf '[address a1]\naddresses = %s, %s\n[address a2]\naddresses = 10.99.0.0/16, fd99::/32\n' $ALSO4 $ALSO6
		printf '[address a3]\naddresses = 10.98.0.1, fd98::1\nports = 80, 443, 9000-9999\n'
		printf '[interface i1]\ninterface = %s\n[interface i2]\ninterface = %s\n' "$DEV" "$DEV2"
	} | ini
}
quiet_run() { # DESCRIPTION COMMAND...: nothing is written by it
	local what=$1 before after writes
	shift
	nft monitor >"$WORK/monitor" 2>&1 &
	local monitor=$!
	sleep 0.3
	before=$(nft -a list ruleset | grep -v -e packets -e 'counter packets')
	pf_run "$@"
	is "$what: exit 0" "$rc" 0
	after=$(nft -a list ruleset | grep -v -e packets -e 'counter packets')
	sleep 0.2
	kill $monitor
	wait $monitor 2>/dev/null
	is "$what: nft monitor sees nothing" "$(cat "$WORK/monitor")" ""
	is "$what: the ruleset is the same, handles too" "$after" "$before"
	writes=$(strace -f -qq -s 64 -e trace=sendmsg,sendto,sendmmsg,write "$PORTFLOW" -c "$INI" "$@" 2>&1 >/dev/null |
		grep -c -E 'NFNL_MSG_BATCH_BEGIN|NFT_MSG_(NEW|DEL)')
	is "$what: no batch is sent" "$writes" 0
}

big_ini
pf_ok apply --json
is "the first apply changes something" "$([ "$(changes)" -gt 0 ] && echo yes)" yes
for round in 1 2; do
	pf_run apply --json
	is "apply again ($round) counts 0 changes" "$rc $(changes)" "0 0"
done
quiet_run "second apply" apply
quiet_run "sample" sample
quiet_run "plan" plan
exits "plan is empty" 0 plan
udp_in 4 1001-1060,20000-20010,443 2
quiet_run "apply with traffic to store" apply
pf_run -v apply
like "apply -v says how much it wrote: nothing" "$err$out" '(^|[^0-9])(0|no|nothing)( |$)'

# what a power cut may take is not waited for, what was counted is
syncs() { strace -f -qq -e trace=fsync,fdatasync "$PORTFLOW" -c "$INI" sample 2>&1 | grep -c sync; }
ok "a sample without news waits for no disk" wait_for '[ "$(syncs)" = 0 ]'
udp_in 4 1001-1060 2
is_ge "a sample with news does" "$(syncs)" 1

# an unknown state: the quick check must not be what keeps it quiet
nft add table ip somebody && nft delete table ip somebody
quiet_run "apply after somebody else moved the generation" apply
nft add table ip somebody
quiet_run "apply beside somebody's new table" apply
nft delete table ip somebody

# edits touch only what they name
objects() { nft -a list counters table inet portflow | awk '/counter / { print $2, $NF }' | sort; }
objects >"$WORK/objects.before"
ini_sed -e 's/^ports = 1001, .*/ports = 1001/' -e 's/^\[port p2\]/[port renamed]/' -e 's/^ports = 40000-45000/ports = 40000-46000/'
nft monitor >"$WORK/monitor" 2>&1 &
monitor=$!
sleep 0.3
exits "plan has changes" 2 plan
pf_ok apply
sleep 0.2
kill $monitor
objects >"$WORK/objects.after"
is "an edit makes no counter anew but those of the renamed entry" \
	"$(comm -3 "$WORK/objects.before" "$WORK/objects.after" | tr -d '\t' | sed 's/^p_\([a-z0-9]*\)\..*/\1/' | sort -u | tr '\n' ' ')" "p2 renamed "
is "and touches no rule" "$(grep -c -E '(add|delete) rule' "$WORK/monitor")" 0
is_le "and few elements" "$(grep -c -E '(add|delete) element' "$WORK/monitor")" 200
exits "plan is empty again" 0 plan

# order and writing of the file mean nothing
ini_sed -e 's/^ports = 20000-29999, 31000-31999/ports = 31000-31999,25000-29999, 20000-24999/' -e 's/^# .*//'
exits "the same ports, written otherwise, are no change" 0 plan
exits "check says the file is right" 0 check
done_testing
