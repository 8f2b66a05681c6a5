#!/bin/bash
# A block that ends lets open TCP connections go on: after `quota add`, `quota reset`, a raised quota in the file, and when the next cycle begins
# with no run in between, whether a run has seen the block or not. One transfer each way and family at once stalls, and completes with the
# bytes that were sent. What passed is told by a table of the test's own, behind ours.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
net_up && exact_segments || exit 1

SIZE=1000000 # each of the four: more than is left of the quota at first
ini_with() { # QUOTA [MORE...]: lines of the section
	{
		printf '[portflow]\ntimezone = UTC\n[port web]\nports = 80, 81\nquota_action = block\nquota = %s\n' "$1"
		shift
		[ $# = 0 ] || printf '%s\n' "$@"
	} | ini
	touch -d 2000-01-01 "$INI" # whatever the time is said to be
}
begin() { # like ini_with; the same in a kernel that knows nothing
	ini_with "$@"
	fresh
	nft -f - <<-END
		table inet truth { }
		delete table inet truth
		table inet truth {
			counter moved { }
			chain in { type filter hook prerouting priority -250; iifname "$DEV" tcp dport { 80, 81 } counter name moved; }
			chain out { type filter hook postrouting priority 210; oifname "$DEV" tcp sport { 80, 81 } counter name moved; }
		}
	END
}
passed() { nft list counter inet truth moved | sed -n 's/.*bytes \([0-9]*\).*/\1/p'; }
# shellcheck disable=SC2317 # a condition calls it
at_rest() { # nothing passes any more
	local before
	before=$(passed)
	sleep 0.3
	[ "$(passed)" = "$before" ]
}
stall() { # DESCRIPTION: four transfers begin, and 1 MB is left
	local f before
	before=$(passed) transfers=''
	for f in 4 6; do
		"$TOOLS/transfer" -C "$PEERNS" -a "$(here $f)" -p 80 -u 0 -d $SIZE >"$WORK/down$f" 2>&1 &
		transfers+="$! "
		"$TOOLS/transfer" -C "$PEERNS" -a "$(here $f)" -p 81 -u $SIZE -d 0 >"$WORK/up$f" 2>&1 &
		transfers+="$! "
	done
	wait_for "[ \$((\$(passed) - $before)) -gt 980000 ] && at_rest"
	is_le "$1: held at the quota" $(($(passed) - before)) 1000000
	is "... with all four under way" "$(cat "$WORK"/down[46] "$WORK"/up[46])" ""
}
go_on() { # DESCRIPTION
	local pid bad=''
	for pid in $transfers; do wait "$pid" || bad+="$pid "; done
	is "$1: they go on" "$bad" ""
	is "... to their end, with the bytes that were sent" "$(cat "$WORK"/down[46] "$WORK"/up[46])" \
		"$(printf 'up=0 down=%s\nup=0 down=%s\nup=%s down=0\nup=%s down=0' $SIZE $SIZE $SIZE $SIZE)"
}
blocked() { nft list set inet portflow block_tcp 2>/dev/null | grep -c -w 80; } # by a run that saw the quota used up

# -- by a command, by the file -------------------------------------------------------------------------------------------------
for seen in 0 1; do # by a run, before what opens it
	for how in 'quota add web 10MB' 'quota reset web' 'sample'; do
		begin 5MB
		pf_ok apply
		pf_ok quota set-used web 4MB
		what="${how/sample/a raised quota}, $seen"
		stall "$what"
		[ $seen = 0 ] || pf_ok sample
		is "... blocked by a run: $seen" "$(blocked)" $seen
		[ "$how" != sample ] || ini_with 10MB # which the timer takes up
		# shellcheck disable=SC2086 # words
		pf_ok $how
		go_on "$what"
	done
done

# -- a new cycle, with no run in between ----------------------------------------------------------------------------------------
for seen in 0 1; do
	begin 5MB 'quota_cycle = day'
	lasts=$(lead 8)
	start=$(($(moment '2026-11-26 00:00:00') - lasts))
	began=$(date +%s%N)
	gone() { echo $((($(date +%s%N) - began) / 1000000)); } # ms
	at_ok $start apply
	at_ok $((start + $(gone) / 1000)) quota set-used web 4MB
	stall "a new cycle, $seen"
	[ $seen = 0 ] || at_ok $((start + $(gone) / 1000)) sample
	is "... blocked by a run: $seen" "$(blocked)" $seen
	before=$(passed)
	is_le "... before the reset (ms)" "$(gone)" $((lasts * 1000 - 1500))
	wait_for "[ \$(passed) != $before ]" $((lasts * 2))
	is_ge "... which opens it, and nothing before (ms)" "$(gone)" $((lasts * 1000 - 1500))
	go_on "a new cycle, $seen"
	is_le "... within the next quota" $(($(passed) - before)) 5000000
done
done_testing
