#!/bin/bash
# Events of the machine and of verdicts: each is told once, in its words, by the run that saw it, and is stored in one transaction with what it is
# about: a run that is killed at any call that has an effect has told it, or leaves it to the next.
# fault_enforce.sh has those of limits, fault.sh the bytes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
net_up && exact_segments || exit 1
CALLS='send|pwrite|f(data)?sync|open|rename|ftruncate|unlink'
[ -n "${TORTURE:-}" ] || FAULT_STEP=${STEP:-19}
note "SEED=$SEED, every ${FAULT_STEP}th point"
conserved() { :; } # the bytes are looked at elsewhere
begin() { :; }     # everything is made anew before each point
DAY=86400

plain() { printf '[port web]\nports = 443\n[port long]\nports = 20000-20999\n'; }
machine() { # what it was before something happened to it
	fresh
	plain | ini
	pf_ok apply
	udp_in 4 443,20500 5
	pf_ok sample
	udp_in 6 443,20500 5
}
kinds() { of_db "SELECT group_concat(kind || ' ' || n, ', ') FROM (SELECT kind, count(*) n FROM event GROUP BY kind ORDER BY kind)"; }
told_once() { # the events are $expected, and no run has more to tell
	local code=$rc
	pf_run sample
	[ "$rc" = "$code_of_all" ] || { echo "the next run: exit $rc after $code: $err" >"$WORK/agree.log"; return 1; }
	pf_run sample
	[ "$(kinds)" = "$expected" ] || { printf 'told: %s\nwanted: %s\n' "$(kinds)" "$expected" >"$WORK/agree.log"; return 1; }
}
once() { # WHAT PREPARE EVENTS WORDS [EXIT]: of a run, of the run after it, and of one that is killed
	local prepare=$2 FAULT_EXIT=${5:-0}
	expected=$3 code_of_all=${5:-0}
	$prepare
	pf_run sample
	is "$1: exit" "$rc" "$code_of_all"
	like "$1: the run that saw it says so" "$err" "$4"
	ok "$1: it is told once" told_once
	like "... in the same words" "$(pf events 2>/dev/null)" "$4"
	[ "$prepare" != altered ] || return 0 # of what is put right no trace is left to a run after it
	if strace_works; then fault_loop "$1, killed" "$prepare" told_once signal=KILL "$CALLS" -- sample; else skip "$1, killed" "strace cannot inject faults here"; fi
}

gone() { machine && nft delete table inet portflow; }
once "a table that is gone" gone "table_rebuilt 1" 'the table was gone, rebuilt 20.*, up to [0-9]+ min uncounted'

restored() {
	machine
	nft list table inet portflow >"$WORK/saved" && nft delete table inet portflow && nft -f "$WORK/saved"
}
once "a table that was saved and loaded" restored "table_restored 1" 'the table was saved and loaded again by somebody: up to [0-9]+ min uncounted'

reset() { machine && nft reset counters >/dev/null; }
once "all counters reset" reset "counters_reset 1" 'somebody reset all counters: up to [0-9]+ min uncounted'

reset_one() { machine && nft reset counter inet portflow p_web.in >/dev/null; }
once "one counter reset" reset_one "counter_reset 1" 'somebody reset 1 counter: its bytes since the last sample are lost'

altered() { machine && nft flush chain inet portflow "$(nft list chains inet | sed -n '/table inet portflow/,/^}/s/.*chain \(count[^ ]*\) .*/\1/p' | head -1)"; }
once "a table that somebody altered" altered "table_mended 1" 'somebody had altered our table: [0-9]+ changes? puts? it right'

ahead() { machine && sqlite3 "$DB" "UPDATE state SET sampled = sampled + $DAY"; }
once "a clock that went back" ahead "clock_jumped 1" 'the clock went back: the last sample is of 20'

refused() { machine && { plain && echo 'bogus = 1'; } | ini; }
once "a file with an error" refused "configuration_refused 1" 'counting goes on with the configuration applied last' 78
plain | ini
pf_ok sample
is "the file is right again: nothing to tell" "$(kinds)" "configuration_refused 1"
{ plain && echo 'bogus = 1'; } | ini
pf_run sample
is "the same error again is told again" "$(kinds)" "configuration_refused 2"
plain | ini
pf_ok apply
{ plain && echo 'bogus = 1'; } | ini
touch "$INI"
pf_run sample
is "a file with an error that is younger than 2 s may be half written: no error" "$rc $(kinds)" "0 configuration_refused 2"
like "... which is said" "$err" 'was written just now: the next run looks at it'
unlike "... and nothing else" "$err" 'bogus'
plain | sed 's/443/443, 80/' | ini
touch "$INI"
pf_run sample
like "one without an error, too" "$rc $err" '^0 .*was written just now: the next run looks at it'
exits "apply takes a young file at its word" 0 apply

# -- what is decided ----------------------------------------------------------------------------------------------------------
zone=$(printf 'Etc/GMT%+d' $(($(date -u +%-H) - 12))) # it is about noon there: no cycle of a day ends meanwhile
yesterday() { # a hold, half of a quota, a cycle, and a date that is near; all of it to be told of a day later
	local now
	now=$(date +%s)
	fresh
	ini <<-END
		[portflow]
		timezone = $zone
		[port day]
		ports = 443
		quota = 100GB
		quota_cycle = day
		[port half]
		ports = 444
		quota = 100KB
		quota_cycle = never
		quota_alerts = 50%
		[port soon]
		ports = 445
		quota_cycle = never
		expires = $(TZ=$zone date -d "@$((now + 2 * DAY + 43200))" '+%F %H:%M')
		[port fast]
		ports = 446
		quota_cycle = never
		burst_rate = 50kbit
		burst_window = 2min
		burst_limit = 40kbit
		burst_hold = 1h
	END
	touch -d '2020-01-01' "$INI"
	at_ok $((now - DAY - 60)) apply
	udp_in 4 446 900 1000
	udp_in 4 443 10 1000
	at_ok $((now - DAY)) sample
	[ "$(kinds)" = "burst_began 1" ] || fail "a day before" "$(kinds)"
	udp_in 4 444 60 1000
	udp_in 4 443 5 1000
}
once "what is over, near and passed" yesterday "burst_began 1, burst_ended 1, cycle_closed 1, expiring 1, quota_threshold 1" \
	'day:? +the cycle from .* closed with 1[0-9.]+ kB'
like "... the threshold" "$(pf events half)" '50 % of the quota of 100 kB is used: 61\.7 kB'
like "... the date" "$(pf events soon)" 'expires on .*, within 3 days: then it is blocked'
like "... the burst's end" "$(pf events fast)" 'the limit of 40\.0 kbit/s after a burst is over'
done_testing
