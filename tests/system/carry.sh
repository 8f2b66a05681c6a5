#!/bin/bash
# A quota that a run sets anew forgets nothing of what passes while the run takes its time: floods go on while quotas are raised, emptied by
# somebody, turned to the next cycle, by runs whose disk is slow, and by runs that are killed. What passed is told by a table of the test's
# own, behind ours.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
command -v strace >/dev/null || skip_all "strace is not installed"
heavy
net_up && exact_segments || exit 1

# A slow machine does with a quarter of the bytes, at a quarter of the speed.
PART=$((SLOW > 1 ? 4 : 1))
MB=$((1000000 / PART))

truth() {
	nft -f - <<-END
		table inet truth { }
		delete table inet truth
		table inet truth {
			counter in { }
			counter out { }
			chain in { type filter hook prerouting priority -250; iifname "$DEV" udp dport 53 counter name in; }
			chain out { type filter hook postrouting priority 210; oifname "$DEV" udp sport 53 counter name out; }
		}
	END
}
passed() { nft list table inet truth | awk '/bytes/ { n += $4 } END { printf "%d", n }'; }
config() { # QUOTA [MORE...]: lines of the section
	{
		printf '[portflow]\ntimezone = UTC\n[port web]\nports = 53\nquota_action = block\nquota = %s\n' "$1"
		shift
		[ $# = 0 ] || printf '%s\n' "$@"
	} | ini
}
# Both directions, 80 MB a second together, of a slow machine 20, until flood_end or until nothing passes: fast enough to tell megabytes,
# and so slow that it goes on while a run with a slow disk does, on any machine.
flood() {
	"$TOOLS/datagram" -n "$PEERNS" -d "$HERE4" -p 53 -c 100000000 -l 1000 -r $((40000 / PART)) >/dev/null &
	flooding=$!
	"$TOOLS/datagram" -d "$THERE4" -s 53 -p 9 -c 100000000 -l 1000 -r $((40000 / PART)) -e >/dev/null &
	flooding="$flooding $!"
}
flood_end() {
	# shellcheck disable=SC2086 # two words
	kill $flooding 2>/dev/null
	# shellcheck disable=SC2086
	wait $flooding 2>/dev/null
}
at_least() { wait_for "[ \"\$(passed)\" -ge $1 ]" 60; } # BYTES have passed
at_rest() { # nothing passes any more
	local before
	before=$(passed)
	sleep 0.2
	[ "$(passed)" = "$before" ]
}
exactly() { # DESCRIPTION BYTES [MOMENT [MORE]]: all of it passes, and no more, or MORE
	wait_for at_rest 60
	if [ $# -gt 2 ]; then at_ok "$3" sample; else pf_ok sample; fi # what a run set too low, since the counters take their time, the next one sets right
	wait_for at_rest 60
	flood_end
	is_le "$1: no more" "$(passed)" $(($2 + ${4:-0}))
	is_ge "$1: no less, but for the slack" "$(passed)" $(($2 - 65536))
	note "$1: $(($2 - $(passed))) bytes less"
}
slow() { # COMMAND...: with a disk that takes its time
	strace -f -o "$WORK/trace" -e trace=fsync,fdatasync -e "inject=fsync,fdatasync:delay_enter=300000" "$@" >"$WORK/slow.out" 2>&1 ||
		fail "slow $*" "$(cat "$WORK/slow.out")"
}
slowly() { slow "$PORTFLOW" -c "$INI" "$@"; } # ARGS...

# -- raised under way -------------------------------------------------------------------------------------------------------------
config $((400 * MB / 1000))KB
fresh
pf_ok apply
truth
flood
at_least $((20 * MB))
config $((200 * MB / 1000))KB
slowly apply
at_least $((100 * MB))
slowly sample # while it goes on
at_least $((150 * MB))
config $((300 * MB / 1000))KB
slowly apply
exactly "lowered and raised during a flood" $((300 * MB))

# -- emptied by somebody under way -------------------------------------------------------------------------------------------------
config $((300 * MB / 1000))KB
fresh
pf_ok apply
truth
flood
at_least $((50 * MB))
nft reset quotas >/dev/null
slowly sample
exactly "emptied by somebody during a flood" $((300 * MB))

# -- edited by a run that dies -----------------------------------------------------------------------------------------------------
config $((100 * MB / 1000))KB
fresh
pf_ok apply
truth
flood
at_least $((60 * MB))
config $((110 * MB / 1000))KB
# a third wait for the disk is that for the result
strace -f -o "$WORK/trace" -e trace=fsync,fdatasync -e inject=fsync,fdatasync:signal=KILL:when=3 "$PORTFLOW" -c "$INI" apply >/dev/null 2>&1
wait_for at_rest 60
is_le "a run that dies leaves no room for more" "$(passed)" $((110 * MB))
pf_ok sample
exactly "... and the next one sees to the rest" $((110 * MB))

# -- the cycle turns under way ------------------------------------------------------------------------------------------------------
config $((300 * MB / 1000))KB 'quota_cycle = day'
touch -d 2000-01-01 "$INI"
fresh
at_ok '2026-11-25 23:59:40' apply
truth
flood
wait_for '[ "$(passed)" -ge $((299 * MB)) ] && at_rest' 15
at_ok '2026-11-25 23:59:57' sample
at_least $((310 * MB)) # the next one has begun
# hours later for the program, so that hardly anything of this span is the first day's: 3 s of 22 h
FAKETIME_FMT=%s FAKETIME_DONT_FAKE_MONOTONIC=1 slow faketime -f "@$(moment '2026-11-26 22:00:00')" "$PORTFLOW" -c "$INI" sample
is_le "the run was over while it went on" "$(passed)" $((590 * MB))
# the book gives 3 s of 22 h to the first day, and the kernel may be off by a thousandth while it takes over
exactly "two cycles, the second taken over during a flood" $((600 * MB)) '2026-11-26 22:01:00' 1000000

# -- nothing is blocked while a run takes over ----------------------------------------------------------------------------------------
config 200KB 'quota_cycle = day'
touch -d 2000-01-01 "$INI"
fresh
at_ok '2026-11-25 23:59:56' apply
truth
udp_in 4 53 300 1000
at_ok '2026-11-25 23:59:57' sample
ok "used up, and open at the turn" wait_for 'udp_in 4 53 1 100; [ "$(passed)" -gt 200000 ]' 10
before=$(passed)
FAKETIME_FMT=%s FAKETIME_DONT_FAKE_MONOTONIC=1 slow faketime -f "@$(moment '2026-11-26 00:00:30')" "$PORTFLOW" -c "$INI" sample &
udp_in 4 53 300 100 -r 200 # while it runs
wait $!
is "no packet of the new cycle meets the quota of the one before" $(($(passed) - before)) $((300 * 128))
done_testing
