#!/bin/bash
# Burst protection from end to end: what is too much for too long is held, in both directions, by the kernel; the hold ends by itself, and
# lives through whatever happens to the table. Each run is a minute after the one before, by libfaketime; what the kernel does is real time.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
net_up && exact_segments || exit 1
export PORTFLOW INI WORK

BASE=$(($(date +%s) + 60))
after() { at $((BASE + $1)) "${@:2}"; } # SECONDS COMMAND...: so long after BASE
after_ok() { at_ok $((BASE + $1)) "${@:2}"; }
until_in() { sqlite3 "file:$DB?mode=ro" "SELECT coalesce(max(nullif(burst_until, 0)) - $BASE, 0) FROM policy"; }
held() { nft list map inet portflow "burst_udp_$1" | grep -c expires; } # DIRECTION: elements in force
# Bytes of the packets that pass, by a table of the test's own behind ours.
truth() {
	nft -f - <<-END
	table inet truth {
		counter in { }
		counter out { }
		chain in { type filter hook prerouting priority -250; iifname "$DEV" udp dport 53 counter name in; }
		chain out { type filter hook postrouting priority 210; oifname "$DEV" udp sport 53 counter name out; }
	}
	END
}
passed() { nft list counter inet truth "$1" | sed -n 's/.*bytes \([0-9]*\).*/\1/p'; }
is_policed() { # DESCRIPTION: 800 kbit/s in both directions, all families together, once what passes at once has passed
	local in out began
	"$TOOLS/datagram" -n "$PEERNS" -d "$HERE4" -p 53 -c 100000 -l 1000 -r 400 >/dev/null &
	in=$!
	"$TOOLS/datagram" -d "$THERE6" -s 53 -p 9 -c 100000 -l 1000 -r 400 -e >/dev/null &
	out=$!
	set -- "$1" $in $out
	sleep 1.2
	in=$(passed in) out=$(passed out) began=$(date +%s%N)
	sleep 2
	in=$(($(passed in) - in)) out=$(($(passed out) - out)) began=$((($(date +%s%N) - began) / 1000000)) # ms
	kill "$2" "$3"
	wait "$2" "$3" 2>/dev/null
	is_near "$1: what comes in" $((in * 10 / began)) 1000 100
	is_near "$1: what goes out" $((out * 10 / began)) 1000 100
}
is_open() { # DESCRIPTION
	local in out
	in=$(passed in) out=$(passed out)
	udp_in 4 53 300 1000
	udp_out 4 53 300 1000 -e
	is "$1" "$(($(passed in) - in)) $(($(passed out) - out))" "308400 308400"
}
# 1 mbit over a minute is 7.5 MB.
too_much() { udp_in 4 53 7600 1000; }
not_enough() { udp_in 4 53 7000 1000; udp_out 4 53 7000 1000; }
truth
config() { # stdin: more of the section
	{ printf '[portflow]\ntimezone = UTC\n[port game]\nports = 53\n'; cat; } | ini
}
protected() {
	config <<-END
		burst_rate = 1mbit
		burst_window = 1min
		burst_limit = 800kbit
		burst_hold = ${1:-1min}
	END
}

# -- it begins when it should, and once -----------------------------------------------------------------------------------
protected 2min
fresh
after_ok 0 apply
unlike "a new database: nothing is known of how often it samples" "$err" 'minute.timer'
not_enough
after_ok 60 sample
is "the busier direction counts, not both" "$rc $err $(told burst_began)" "0  0"
too_much
after 120 sample
like "more than the rate: it is told" "$err" 'game: 1.0[0-9]* Mbit/s on average over 1 min, more than 1.00 Mbit/s: limited to 800 kbit/s in each direction until'
is "as one event" "$(told burst_began)" 1
is "the hold ends when it should" "$(until_in)" 240
is "in force at once, in both directions" "$(held in)$(held out)" 11
is_policed "held"
after_ok 180 sample
is "the next run has nothing to tell" "$err $(told burst_began) $(told burst_ended) $(until_in)" " 1 0 240"

# -- it lives through what happens to the table -----------------------------------------------------------------------------
nft flush ruleset
after_ok 190 sample
is "held after flush ruleset" "$(held in)$(held out)" 11
nft list map inet portflow burst_udp_in >"$WORK/map"
is_le "to the same moment" "$(sed -n 's/.*expires \([0-9]*\)s.*/\1/p' "$WORK/map")" 50
is_ge "and no less" "$(sed -n 's/.*expires \([0-9]*\)s.*/\1/p' "$WORK/map")" 48
nft list ruleset >"$WORK/ruleset"
nft flush ruleset && nft -f "$WORK/ruleset"
after_ok 200 sample
is "held after the rules were saved and loaded again" "$(held in)$(held out)" 11
nft flush map inet portflow burst_udp_in
after_ok 210 sample
is "held after somebody emptied the map" "$(held in)$(held out)" 11
after_boot $((BASE + 215)) 'nft list table inet portflow'
is "held in the namespace of a fresh boot, in both directions of both protocols" "$(grep -c '53 .*expires.*: "b_game' "$WORK/boot")" 4
after_ok 220 sample
is "told once in all" "$(told burst_began) $(told burst_ended)" "1 0"

# -- it ends by itself ------------------------------------------------------------------------------------------------------
truth
after_ok 236 sample
is_ge "seconds before the end it holds" "$(held in)" 1
ok "it ends with no run in between" wait_for '[ "$(held in)$(held out)" = 00 ]' 6
is_open "and everything passes again"
after 241 sample
like "the end is told" "$err" 'game: the limit of 800 kbit/s after a burst is over'
is "once" "$(told burst_ended)" 1
after_ok 301 sample
is "and not again" "$err $(told burst_began) $(told burst_ended)" " 1 1"

# -- what the window still holds fires again, and no longer ---------------------------------------------------------------------
config <<END
burst_rate = 1mbit
burst_window = 3min
burst_limit = 800kbit
burst_hold = 1min
END
fresh
after_ok 0 apply
after_ok 60 sample
after_ok 120 sample
udp_in 4 53 23000 1000 # 1 mbit over three minutes is 22.5 MB
after_ok 180 sample
is "a window of three minutes fires" "$(told burst_began)" 1
after_ok 241 sample
is "the run that ends a hold begins none" "$(told burst_began) $(told burst_ended) $(until_in)" "1 1 0"
after_ok 270 sample
is "the next one judges its window, which still holds the burst" "$(told burst_began) $(until_in)" "2 330"
after_ok 331 sample
after_ok 391 sample
is "once it is out of the window there is peace" "$(told burst_began) $(told burst_ended)" "2 2"

# -- without minutes it does not fire ---------------------------------------------------------------------------------------
protected
fresh
after_ok 0 apply
too_much
after_ok 70 sample
is "a span longer than the window says nothing about it" "$(told burst_began)" 0
too_much
after_ok 90 sample
is "a third of the window is too little" "$(told burst_began)" 0
too_much
after_ok 118 sample
is "as much as 80 % of it is enough" "$(told burst_began)" 1
fresh
after_ok 0 apply
for hour in 1 2 3; do
	too_much
	too_much
	after_ok $((hour * 3600)) sample
done
is "with hourly samples it does not fire" "$(told burst_began)" 0
config <<END
burst_rate = 1mbit
burst_window = 90min
burst_limit = 800kbit
END
after_ok 10801 apply
like "apply says so, and what helps" "$err" \
	'ini:4: game: burst_window = 90 min is less than two runs, which lately were 1 h apart, .*: systemctl enable --now portflow-minute.timer'
config <<END
burst_rate = 1mbit
burst_window = 2h
burst_limit = 800kbit
END
after_ok 10802 apply
like "of a long window that it is told late" "$err" '^portflow: .*ini:4: runs lately were 1 h apart: .*: systemctl enable --now portflow-minute.timer$'
config <<<'quota = 1TB'
after 10803 plan
like "as the alerts of a quota are" "$err" 'runs lately were 1 h apart'
config <<<'expires = 2099-01-01'
after_ok 10804 apply
is "which is nothing to an expiry" "$err" ""

# -- the protection goes while it holds -------------------------------------------------------------------------------------
protected
fresh
after_ok 0 apply
too_much
after_ok 60 sample
is "held again" "$(held in)$(held out)" 11
config </dev/null
after_ok 65 apply
like "without burst protection nothing is held" "$err" 'game: there is no burst protection any more: no longer limited'
is_open "and everything passes"
is "the end is told once" "$(told burst_ended)" 1
protected
after_ok 100 apply
is "and what comes back begins with nothing held" "$(held in)$(held out)" 00
done_testing
