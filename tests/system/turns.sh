#!/bin/bash
# Each way of billing with each cycle: what a quota of it lets pass, to the packet, in the cycle that runs and in the one that begins, at the second
# of its reset and with no run in between. On 2029-01-01 00:00 a month, week, day, year and 30 days end at once. What passed is told by a
# table of the test's own, behind ours.
# cycles.sh has when cycles end, quota.sh what a block does.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/behind.sh
. "$SYSTEM/lib/behind.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
net_up && exact_segments || exit 1
CYCLES=("month" "week" "day" "year" "30d from 2028-12-02" "never")
BILLINGS="out in both max relay"
port=5000 ENTRIES=''
for cycle in "${CYCLES[@]}"; do
	for billing in $BILLINGS; do
		port=$((port + 1))
		ENTRIES+="$port $billing ${cycle%% *} ${cycle#* }"$'\n'
	done
done
ENTRIES=${ENTRIES%$'\n'}
PORTS=5001-$port
# shellcheck disable=SC2046 # words
behind $(seq 5001 $port) || exit 1
moved() { # -> "PORT IN OUT" in bytes
	nft list counters table inet truth | awk '/counter/ { n = $2 } /bytes/ { p = n; sub(/^[a-z]*/, "", p); v[n] = $4; ports[p] }
		END { for (p in ports) print p, v["in" p], v["out" p] }' | sort
}
QUOTA=20000 PACKET=528
{
	printf '[portflow]\ntimezone = UTC\n'
	while read -r p billing cycle rest; do
		[ "$cycle" != 30d ] || cycle+=" $rest"
		printf '[port p%s]\nports = %s\nquota = %sB\nquota_action = block\nbilling = %s\nquota_cycle = %s\n' "$p" "$p" $QUOTA "$billing" "$cycle"
	done <<<"$ENTRIES"
} | ini
touch -d 2020-01-01 "$INI"
both_ways() { # packets enough for any of these quotas: three in for two out
	udp_in 4 "$PORTS" 30 500 -r 60000
	udp_out 4 "$PORTS" 30 500 -r 60000 -e
	udp_in 6 "$PORTS" 30 480 -r 60000
	udp_out 6 "$PORTS" 30 480 -r 60000 -e
}
judge() { # WHAT NEVER: of what moved between $WORK/from and now each quota has let pass all, to the packet; NEVER: what a quota without an end lets pass
	local bad
	bad=$(moved | awk -v quota=$QUOTA -v packet=$PACKET -v never="$2" '
		FILENAME == "-" { i = $2 - from_in[$1]; o = $3 - from_out[$1]; b = billing[$1]
			used = b == "out" ? o : b == "in" ? i : b == "both" ? i + o : b == "max" ? (i > o ? i : o) : 2 * (i + o)
			most = cycle[$1] == "never" ? never : quota
			least = most ? most - 2 * packet * (b == "relay" ? 2 : 1) : 0
			if (used > most || used < least) print $1, b, cycle[$1] ": " used " of " most; next }
		FILENAME ~ /entries/ { billing[$1] = $2; cycle[$1] = $3; next }
		{ from_in[$1] = $2; from_out[$1] = $3 }' "$WORK/entries" "$WORK/from" -)
	is "$1" "$bad" ""
}
printf '%s\n' "$ENTRIES" >"$WORK/entries"
ends=$(moment '2029-01-01 00:00') ahead=$(lead 8)
at_ok $((ends - ahead)) apply
begin=$(date +%s%N)
gone() { echo $((($(date +%s%N) - begin) / 1000000)); } # ms
moved >"$WORK/from"
both_ways
judge "each of $(wc -l <"$WORK/entries") quotas in the cycle that runs" $QUOTA
at_ok $((ends - ahead + $(gone) / 1000)) sample
is "all are blocked by a run" "$(nft list set inet portflow block_udp | grep -o 'timeout\|50[0-9][0-9]' | grep -c '^50')" "$(wc -l <"$WORK/entries")"
moved >"$WORK/from"
udp_in 4 "$PORTS" 1 500
udp_out 4 "$PORTS" 1 500 -e
is "... in both directions" "$(moved | diff - "$WORK/from")" ""
is_le "... before the reset (ms)" "$(gone)" $((ahead * 1000 - 1000))
wait_for 'udp_out 4 5001 1 500 -e; ! moved | cmp -s - "$WORK/from"' $((ahead * 2))
is_ge "the reset opens, and not before (ms)" "$(gone)" $((ahead * 1000 - 1500))
both_ways
judge "each quota in the cycle that began, with no run in between" 0
at_ok $((ends + 3600)) sample
is "the closed cycles are told with their totals" \
	"$(of_db "SELECT count(*) FROM event WHERE kind = 'cycle_closed' AND text GLOB '* to 2029-01-01 00:00 closed with *kB'")" 25
moved >"$WORK/from"
udp_in 4 "$PORTS" 2 500
udp_out 4 "$PORTS" 2 500 -e
is "used up again" "$(moved | diff - "$WORK/from")" ""
is "the cable lost nothing" "$(dropped)" 0
done_testing
