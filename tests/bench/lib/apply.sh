#!/bin/bash
# `apply` with nothing to do, beside the dumps that a look at the whole table needs, and from nothing, beside `nft -f` of the same
# table.
# bench.sh sources it.
# shellcheck disable=SC2154
entries 1000 1000 >"$DISK/again.ini"
chmod 640 "$DISK/again.ini"
take_up "$DISK/again.ini"
measure -n "$ROUNDS" -- "$PORTFLOW" -q -c "$DISK/again.ini" apply -- "$TOOLS/floor" dumps
info "apply with nothing to do, 1,000 entries" "$(both 1)"
row "apply with nothing to do, over the dumps of the table" "$(field 1 ratio)" "" 1.3
row "apply with nothing to do, writes" \
	"$("$PORTFLOW" -q -c "$DISK/again.ini" apply --json | grep -o '"changes":[0-9]*' | cut -d: -f2)" "" 0

{
	printf '[portflow]\ndatabase = %s\n' "$DISK/many.db"
	seq 0 999 | awk '{ printf "[port n%d]\nports = %d-%d\n", $1, 1000 + $1 * 60, 1000 + $1 * 60 + 59 }'
} >"$DISK/many.ini"
chmod 640 "$DISK/many.ini"
take_up "$DISK/many.ini"
nft list table inet portflow >"$DISK/many.nft"
nft delete table inet portflow
measure -n 5 -p "rm -f $DISK/many.db*; nft delete table inet portflow 2>/dev/null; true" \
	-- "$PORTFLOW" -q -c "$DISK/many.ini" apply -- nft -f "$DISK/many.nft"
row "apply from nothing, 60,000 ports of 1,000 entries" "$(awk -v ms="$(ms 1)" 'BEGIN { printf "%.2f", ms / 1000 }')" " s" 3
info "nft -f of the same table" "$(awk -v ms="$(ms 2)" 'BEGIN { printf "%.2f", ms / 1000 }') s"
nft delete table inet portflow
