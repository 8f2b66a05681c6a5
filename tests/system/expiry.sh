#!/bin/bash
# Expiry from end to end: it bites at its second with no run in between, for open connections in both directions; it is told in time and
# once; it lives through flush and boot; a later date opens at once.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
net_up && exact_segments || exit 1
export PORTFLOW INI WORK

truth() { # a table of the test's own behind ours
	nft -f - <<-END
		table inet truth {
			counter in { }
			counter out { }
			counter stream { }
			chain in { type filter hook prerouting priority -250; iifname "$DEV" udp dport 80 counter name in; }
			chain out { type filter hook postrouting priority 210; oifname "$DEV" udp sport 80 counter name out; tcp sport 80 counter name stream; }
		}
	END
}
passed() { nft list counter inet truth "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }
passes() { # "IN OUT": how many of 10 packets pass in each direction
	local in out
	in=$(passed in) out=$(passed out)
	udp_in 4 80 5; udp_in 6 80 5
	udp_out 4 80 5 100 -e; udp_out 6 80 5 100 -e
	echo "$(($(passed in) - in)) $(($(passed out) - out))"
}
expires() { # [VALUE [ZONE]]
	ini <<-END
		[portflow]
		timezone = UTC
		[port web]
		ports = 80
		${2:+timezone = $2}
		${1:+expires = $1}
	END
	touch -d 2000-01-01 "$INI" # whatever the time is said to be
}
truth

# -- at its second ------------------------------------------------------------------------------------------------------------
expires '2026-11-25 12:00'
at_ok '2026-11-25 11:00:00' apply
is "before: open" "$(passes)" "10 10"
"$TOOLS/transfer" -C "$PEERNS" -a $HERE4 -p 80 -u 0 -d 400000000 >"$WORK/transfer.out" 2>&1 &
transfer=$!
wait_for '[ "$(passed stream)" -gt 100 ]'
began=$(date +%s%N)
at_ok $(($(moment '2026-11-25 12:00:00') - $(lead 3))) sample
flows() { local before; before=$(passed stream); sleep $((SLOW > 1)).2; [ "$(passed stream)" != "$before" ]; }
ok "a connection flows just before" flows
ok "it expires with no run in between" wait_for '! flows' 8
took=$((($(date +%s%N) - began) / 1000000))
is_ge "not before its second (ms)" "$took" $(($(lead 3) * 1000 - 500))
is_le "nor much later" "$took" $(($(lead 3) * 1000 + 2500 * SLOW))
is "blocked in both directions and families" "$(passes)" "0 0"
at_ok '2026-11-25 12:00:05' sample
like "it is told" "$err" '^portflow: web: expired on 2026-11-25 12:00: blocked$'
at_ok '2026-11-25 12:05:00' sample
is "once" "$err $(told expired)" " 1"

# -- it stays blocked ---------------------------------------------------------------------------------------------------------
nft flush ruleset
truth
at_ok '2026-11-25 12:06:00' sample
is "blocked after flush ruleset" "$(passes)" "0 0"
nft flush set inet portflow expire_tcp && nft flush set inet portflow expire_udp
nft add element inet portflow alive_udp '{ 80 timeout 1h }'
at_ok '2026-11-25 12:07:00' sample
is "blocked after somebody changed the sets" "$(passes)" "0 0"
after_boot '2026-11-25 12:08:00' 'nft list table inet portflow'
is "after a boot it is among what expires" "$(sed -n '/set expire_udp/,/}$/p' "$WORK/boot" | grep -c 80)" 1
is "and not alive" "$(sed -n '/set alive_udp/,/}$/p' "$WORK/boot" | grep -c 80)" 0
at_ok '2026-11-25 12:09:00' sample

# -- extended -----------------------------------------------------------------------------------------------------------------
expires '2026-11-28 18:00'
at '2026-11-25 12:10:00' plan
like "plan says that it opens" "$out" 'web.*would work again'
at_ok '2026-11-25 12:10:00' apply
like "extended: it is told" "$err" '^portflow: web: works again, expires on 2026-11-28 18:00$'
is "open at once" "$(passes)" "10 10"
ok "the open connection goes on" wait_for flows 60 # TCP had backed off
kill $transfer; wait $transfer 2>/dev/null
told_before=$(told expiring) # the first file was within a day already
warned() { echo $(($(told expiring) - told_before)); }
at_ok '2026-11-25 17:59:00' sample
is "more than 3 days before: silence" "$err $(warned)" " 0"
at_ok '2026-11-25 18:00:00' sample
like "3 days before: a warning" "$err" 'web: expires on 2026-11-28 18:00, within 3 days: then it is blocked'
at_ok '2026-11-26 18:00:00' sample
is "once" "$err $(warned)" " 1"
at_ok '2026-11-27 18:00:00' sample
like "1 day before: another" "$err" 'web: expires on 2026-11-28 18:00, within 1 day: then it is blocked'
at_ok '2026-11-28 17:00:00' sample
is "once" "$err $(warned)" " 2"
expires
at_ok '2026-11-29 12:00:00' apply
is "the line taken out when it had just expired: nothing to tell" "$err $(passes)" " 10 10"
expires '2026-11-29'
at_ok '2026-11-30 00:00:00' apply
like "expired in the past at its first apply" "$err" 'web: expired on 2026-11-30 00:00: blocked'
is "blocked" "$(passes)" "0 0"
expires
at '2026-11-30 00:00:00' plan
like "plan says what taking the line out does" "$out" 'web.*would work again'
at_ok '2026-11-30 00:01:00' apply
like "told" "$err" 'web: works again, does not expire any more'
is "open" "$(passes)" "10 10"

# -- a day, in the entry's zone -------------------------------------------------------------------------------------------------
for zone in UTC Asia/Shanghai America/New_York; do
	expires '2027-03-13' $zone
	end=$(TZ=$zone date -d '2027-03-14 00:00' +%s)
	at_ok $((end - 3600)) apply
	is "$zone: works through that day" "$(passes)" "10 10"
	at_ok $((end - $(lead 4))) sample
	is "... to its last second" "$(nft list set inet portflow alive_udp | grep -c expires)" 1
	ok "... and not longer" wait_for '[ "$(passes)" = "0 0" ]' 7
done

# -- years ahead --------------------------------------------------------------------------------------------------------------
expires '2099-12-31'
began=$SECONDS
at_ok '2026-11-25 12:00:00' apply
is "decades ahead: open" "$(passes)" "10 10"
at $(($(moment '2026-11-25 12:00:00') + SECONDS - began)) apply --json
like "and nothing to change in the next run" "$out" '"changes":0'
at '2026-12-25 12:00:00' apply --json
is "a month later: open" "$(passes)" "10 10"
at_ok '2099-12-31 23:59:58' sample
ok "decades later it expires" wait_for '[ "$(passes)" = "0 0" ]' 6

# -- the clock is set back ----------------------------------------------------------------------------------------------------
at_ok '2100-01-01 00:00:10' sample
like "that it has is told" "$err" 'web: expired on 2100-01-01 00:00: blocked'
at_ok '2099-12-31 12:00:00' sample
like "a clock set back opens it" "$err" 'web: works again'
is "in the kernel as well" "$(passes)" "10 10"
done_testing
