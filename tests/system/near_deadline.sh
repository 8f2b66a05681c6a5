#!/bin/bash
# Seconds before and after a deadline a run that looks at everything sends nothing: what ends by itself is left to end. One run a second, its
# clock in step with the kernel's; what is written is told by `nft monitor`.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
net_up && exact_segments || exit 1

# The second of the program's clock: that at which the test began, and what has really passed since.
BASE=0 began=0
begin_at() { BASE=$1 began=$(date +%s%N); }
on_the_second() { # at the beginning of the next one
	local into=$(((($(date +%s%N) - began) / 1000000) % 1000))
	sleep "$(printf '0.%03d' $((1000 - into - (into == 0))))"
}
now() { echo $((BASE + ($(date +%s%N) - began) / 1000000000)); }
writes() { # of ours in what the monitor has seen since the last call
	nft add table ip marker && nft delete table ip marker # once it has seen this it has seen all before
	wait_for "grep -q 'delete table ip marker' $WORK/monitor" >&2
	grep -c 'portflow' "$WORK/monitor"
	: >"$WORK/monitor"
}
# A run each second until then, after somebody else changed rules; $each: "SECOND:WRITES ..." of those runs, from that moment.
each=''
watch() { # MOMENT SECONDS_AFTER
	local second
	each=''
	while [ "$(now)" -lt $(($1 + $2)) ]; do
		on_the_second
		nft add table ip somebody && nft delete table ip somebody
		second=$(($(now) - $1))
		at_ok "$(now)" apply
		each+="$second:$(writes) "
	done
	note "$each"
}
wrote() { tr ' ' '\n' <<<"$each" | grep -v ':0$' | grep . | cut -d: -f1 | xargs; } # seconds

nft monitor >>"$WORK/monitor" 2>&1 &
monitor=$!
wait_for "[ -e '$WORK/monitor' ]"

# -- an entry expires ---------------------------------------------------------------------------------------------------------
{
	printf '[portflow]\ntimezone = UTC\n'
	printf '[port p%s]\nports = %s, %s-%s\nexpires = 2026-11-25 12:00\n' 1 80 1000 2000 2 81 3000 3010
	printf '[address a]\naddresses = %s, fd99::/64\nexpires = 2026-11-25 12:00\n' "$ALSO4"
} | ini
touch -d 2000-01-01 "$INI"
end=$(moment '2026-11-25 12:00:00')
begin_at $((end - 7))
at_ok "$(now)" apply
writes >/dev/null
watch "$end" 4
is "an expiry: no run before or after it writes" "$(wrote)" ""
is "... and it is told once" "$(told expired)" 3

# -- a burst's hold ends ----------------------------------------------------------------------------------------------------------
ini <<END
[portflow]
timezone = UTC
[port game]
ports = 53, 1000-2000
burst_rate = 1mbit
burst_window = 1min
burst_limit = 800kbit
burst_hold = 1min
END
touch -d 2000-01-01 "$INI"
fresh
at_ok $((end - 120)) apply
udp_in 4 53 7600 1000
at_ok $((end - 60)) sample
is "a hold" "$(told burst_began)" 1
begin_at $((end - 7))
at_ok "$(now)" apply # the clock was set: the kernel hears of it
writes >/dev/null
watch "$end" 4
is "the end of a hold: no run before or after it writes" "$(wrote)" ""
is "... and it is told once" "$(told burst_ended)" 1

# -- a cycle ends, its quota used up or not --------------------------------------------------------------------------------------
{
	printf '[portflow]\ntimezone = UTC\nquota_cycle = day\n'
	printf '[port full]\nports = 53\nquota = 20KB\nquota_action = block\n'
	printf '[port slow]\nports = 54, 4000-5000\nquota = 20KB\nquota_action = throttle 1mbit\n'
	printf '[port some]\nports = 55\nquota = 1MB\nquota_action = block\n'
	printf '[quota all]\nentries = full, slow, some\nquota = 100MB\nquota_action = block\n'
} | ini
touch -d 2000-01-01 "$INI"
fresh
end=$(moment '2026-11-26 00:00:00')
at_ok $((end - 3600)) apply
udp_in 4 53,54,55 40 1000
at_ok $((end - 1800)) sample
is "used up, throttled" "$(told quota_blocked) $(told quota_throttled)" "1 1"
begin_at $((end - 7))
at_ok "$(now)" apply
writes >/dev/null
watch "$end" 5
like "the end of a cycle: the first run of the next writes, and no other" "$(wrote)" "^[0-3]$"
is "... which is told once" "$(told cycle_closed) $(told quota_opened)" "4 2"
kill $monitor
wait $monitor 2>/dev/null
done_testing
