#!/bin/bash
# `sample` as a whole process, beside `nft -j list counters` of the same table (which stores nothing), and beside the floor: a raw dump
# and one committed transaction of the same rows. All ports move before each run, so that there is something to store.
# bench.sh sources it.
# shellcheck disable=SC2154
move() { # FIRST LAST: a command that sends a packet to each of the ports, and one back
	echo "$BUILD/tests/datagram -n $PEERNS -d $HERE4 -p $1-$2 -l 64 -r 1000000 && $BUILD/tests/datagram -d $THERE4 -p 9 -s $1-$2 -l 64 -r 1000000"
}
beside_nft() { # ENTRIES ROUNDS TARGET_RATIO TARGET_RSS_MB
	local n=$1 first=1000
	entries "$n" $first >"$DISK/$n.ini"
	chmod 640 "$DISK/$n.ini"
	take_up "$DISK/$n.ini"
	measure -n "$2" -p "$(move $first $((first + n - 1)))" -- "$PORTFLOW" -c "$DISK/$n.ini" sample \
		-- "$TOOLS/floor" sample "$DISK/floor.$n.db" -- nft -j list counters table inet portflow
	info "sample, $n entries ($("$TOOLS/floor" counters))" "$(both 1)"
	info "nft -j list counters, the same table" "$(both 3)"
	row "sample over nft -j list counters, $n entries" "$(field 1 ratio)" "" "$3"
	row "sample, peak RSS, $n entries" "$(awk -v kb="$(field 1 rss_kb)" 'BEGIN { printf "%.1f", kb / 1024 }')" " MB" "$4"
	row "sample over a raw dump and one committed transaction, $n entries" \
		"$(awk -v a="$(field 1 ratio)" -v b="$(field 2 ratio)" 'BEGIN { printf "%.2f", a / b }')" "" 1.3
}
entries 10 1000 >"$DISK/ten.ini"
chmod 640 "$DISK/ten.ini"
take_up "$DISK/ten.ini"
measure -n 41 -- "$PORTFLOW" -c "$DISK/ten.ini" sample -- true
row "sample with nothing changed, 10 entries, whole process" "$(ms 1)" " ms" 12
info "an empty process, at the same time" "$(both 2)"
beside_nft 1000 "$ROUNDS" 0.4 8
beside_nft 30000 2 0.3 48 # each of them takes seconds
