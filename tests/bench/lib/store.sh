#!/bin/bash
# What a database of years costs: how it grows, and a report over it. The figures come from tools/fill.c, through the program's own
# store, an hour or a day a result; they are written in memory, since it is not the disk that is measured.
# bench.sh sources it.
# shellcheck disable=SC2154
now=$(date +%s)
year=$((365 * 24))
"$TOOLS/fill" "$WORK/year.db" 100 $((now - year * 3600)) 3600 $year || exit 1
sqlite3 "$WORK/year.db" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
row "database after a year of 100 entries, hours kept" \
	"$(stat -c %s "$WORK/year.db" | awk '{ printf "%.1f", $1 / 1e6 }')" " MB" 10
days=$((4 * 365))
"$TOOLS/fill" "$WORK/five.db" 100 $((now - (days * 24 + year) * 3600)) 86400 $days &&
	"$TOOLS/fill" "$WORK/five.db" 100 $((now - year * 3600)) 3600 $year || exit 1
printf '[portflow]\ndatabase = %s\ntimezone = UTC\n' "$WORK/five.db" >"$DISK/five.ini"
chmod 640 "$DISK/five.ini"
if "$PORTFLOW" help | grep -qw report; then
	measure -n "$ROUNDS" -- "$PORTFLOW" -c "$DISK/five.ini" report --by month --since 2000-01-01
	row "report --by month over 5 years of 100 entries" "$(ms 1)" " ms" 50
else
	left_out "report --by month over 5 years of 100 entries" "this program has no report yet"
fi
