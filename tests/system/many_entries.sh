#!/bin/bash
# Statements about thousands of entries to many recipients: what they are about is found at once and kept in part, so that each gets his
# in the run that is due, once; and all entries go at once, which is told in the next ones.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
net_up && exact_segments || exit 1
NET=$WORK/net
mkdir -p "$NET"
chmod 755 "$WORK" "$NET"
service_user
N=${N:-4000} # entries
T=${T:-60}   # recipients
printf '#!/bin/sh\nbody=$(cat) && printf "%%s\\n" "$body" >>%s/$1\n' "$NET/told" >"$NET/tell"
mkdir -m 777 "$NET/told"
chmod 755 "$NET/tell"
{
	printf '[portflow]\nnode = hk1\ntimezone = UTC\n'
	seq "$T" | sed 's/^/notify = t/'
	seq "$T" | awk -v tell="$NET/tell" '{ printf "[notify t%d]\ntype = exec\ncommand = %s t%d\nevents = expiry\nstatement = monthly\n", $1, tell, $1 }'
	seq "$N" | awk '{ printf "[port p%d]\nports = %d\n", $1, 10000 + $1 }'
} | ini
touch -d 2000-01-01 "$INI"
step() { # WHAT MOMENT COMMAND
	local started
	started=$(date +%s%N)
	at_ok "$2" "$3"
	note "$1: $((($(date +%s%N) - started) / 1000000)) ms"
}
SLOW=$((SLOW * 3))
told() { find "$NET/told" -type f | wc -l; }
lines() { cat "$NET"/told/* | wc -l; }
step "all are new" '2027-01-10 12:00' apply
udp_in 4 10001-$((10000 + N)) 1 700
step "all moved something" '2027-01-11 12:00' sample
step "statements" '2027-02-01 00:00' sample
is "each recipient has one, in one run" "$(told) $(lines) $(of_db 'SELECT count(*) FROM outbox')" "$T $T 0"
like "... of the entries" "$(head -c 2000 "$NET/told/t$T")" 'p1 \(10001\).*in 728 B'
step "once more" '2027-02-01 00:10' sample
is "... and it is the only one" "$(lines)" "$T"

ini_sed '/^.port p/,/^ports/d'
touch -d 2000-01-01 "$INI"
step "all leave" '2027-02-10 12:00' apply
unlike "all of them are remembered" "$err" 'will be missing'
is "... for each recipient" "$(of_db "SELECT length(value) - length(replace(value, char(10), '')) FROM meta WHERE key = 'statement.shares'")" $((N * T))
step "statements of what was removed" '2027-03-01 00:00' sample
is "each recipient has a last one" "$(told) $(lines) $(of_db 'SELECT count(*) FROM outbox')" "$T $((2 * T)) 0"
like "... of the entries" "$(tail -n 1 "$NET/told/t$T" | head -c 2000)" 'p1 \(removed\)'
step "once more" '2027-04-01 00:00' sample
is "... and it was the last" "$(lines)" $((2 * T))
done_testing
