#!/bin/bash
# Cycles from end to end: where they begin and end, in the database and in the kernel's deadlines, in all zones; what is told of them and
# how often; machines that were off over a reset, reset days that change, clocks that are set. The oracle of moments is date(1).
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
net_up && exact_segments || exit 1
export PORTFLOW INI WORK

config() { # stdin: more of the section
	{ printf '[portflow]\ntimezone = UTC\n[port web]\nports = 53\n'; cat; } | ini
	touch -d 2000-01-01 "$INI" # whatever the time is said to be
}
move() { udp_in 4 53 "$1" 972; } # KILOBYTES that come in
minute() { TZ=${2:-UTC} date -d "@$1" '+%F %R'; } # UNIX_SECONDS [ZONE]
running() { # [ZONE]: the running cycle
	echo "$(minute "$(of_db "SELECT cycle_start FROM entry WHERE name = 'web'")" "${1:-}")" - \
		"$(minute "$(of_db "SELECT cycle_end FROM entry WHERE name = 'web'")" "${1:-}")"
}
left() { # seconds for which the kernel lets this cycle's quota hold
	nft -j list set inet portflow bcur1_udp | grep -o '"expires": [0-9]*' | sed 's/.* //'
}
reported() { # NAME: kilobytes of its cycles, those without any left out; the running one with a + behind
	pf report "$1" --by cycle --json --since 2000-01-01 | "$PYTHON" -c 'import json, sys
for r in json.load(sys.stdin)["rows"]:
    if r["in_bytes"] + r["out_bytes"]: print("%s:%g%s" % (r["start"][:10], (r["in_bytes"] + r["out_bytes"]) / 1000, "+" if r["open"] else ""))' | xargs
}
passed() { # of 3 packets
	local before
	before=$(nft list counter inet truth in | sed -n 's/.*packets \([0-9]*\).*/\1/p')
	udp_in 4 53 3
	echo $(($(nft list counter inet truth in | sed -n 's/.*packets \([0-9]*\).*/\1/p') - before))
}
nft -f - <<END
table inet truth {
	counter in { }
	chain in { type filter hook prerouting priority -250; iifname "$DEV" udp dport 53 counter name in; }
}
END

# -- months of 28 to 31 days, told once, closed with their own total ----------------------------------------------------------
config <<END
quota = 10KB
quota_alerts = 50%, 100%
quota_reset_day = 31
END
fresh
at_ok '2027-12-31 00:00' apply
kilobytes=1 alerts='' cycles=''
for next in 2028-01-31 2028-02-29 2028-03-31 2028-04-30 2028-05-31 2029-02-28 2029-03-31; do
	move $kilobytes
	before=$(date -u -d "$next -1 day" +%F)
	at_ok "$before 12:00" sample
	at_ok "$before 23:59" sample
	alerts+="$(told quota_threshold) "
	at_ok "$next 00:00" sample
	cycles+="$(running | cut -c 1-10) "
	kilobytes=$((kilobytes + 1))
done
is "reset day 31: a short month's last day" "$cycles" "2028-01-31 2028-02-29 2028-03-31 2028-04-30 2028-05-31 2029-02-28 2029-03-31 "
is "alerts once a cycle, in each that has its share" "$alerts" "0 0 0 0 1 2 3 "
like "each closes with its own total" "$(reported web)" '^2027-12-31:1 2028-01-31:2 2028-02-29:3 2028-03-31:4 2028-04-30:5 '
like "and is told so" "$(of_db "SELECT group_concat(text, '; ') FROM (SELECT text FROM event WHERE kind = 'cycle_closed' ORDER BY id LIMIT 3)")" \
	'^the cycle from 2027-12-31 00:00 to 2028-01-31 00:00 closed with 1.00 kB; .* 2.00 kB; the cycle from 2028-02-29 00:00 to 2028-03-31 00:00 closed with 3.00 kB$'
at_ok '2029-03-31 00:01' sample
is "once" "$(of_db "SELECT count(*) - count(DISTINCT text) FROM event WHERE kind = 'cycle_closed'")" 0

# -- zones, units of cycles: the database and the kernel's deadline agree with date(1) ----------------------------------------
while read -r zone now begin end keys; do
	{ tr ';' '\n' <<<"$keys"; printf 'timezone = %s\nquota = 1MB\nquota_action = block\n' "$zone"; } | config
	now=$(TZ=$zone date -d "${now/T/ }" +%s) end=$(TZ=$zone date -d "${end/T/ }" +%s)
	fresh
	at_ok "$now" apply
	is "$zone, ${keys//;/, }" "$(running "$zone")" "${begin/T/ } - $(minute "$end" "$zone")"
	is_le "... and in the kernel (off by)" "$(($(left) - (end - now)))" 0
	is_ge "... no less, but for the time this took" "$(($(left) - (end - now)))" -20
done <<END
America/New_York 2027-03-14T05:00 2027-03-01T00:00 2027-04-01T00:00 quota_cycle=month
America/New_York 2027-11-07T12:00 2027-11-07T00:00 2027-11-08T00:00 quota_cycle=day
America/New_York 2027-03-13T12:00 2027-03-13T02:00 2027-03-14T03:00 quota_cycle=day;quota_reset_time=02:00
Australia/Sydney 2027-10-02T12:00 2027-09-27T00:00 2027-10-04T00:00 quota_cycle=week
Australia/Sydney 2027-04-03T12:00 2027-03-31T08:00 2027-04-30T08:00 quota_cycle=month;quota_reset_day=31;quota_reset_time=08:00
Asia/Shanghai 2027-06-17T00:00 2027-06-17T00:00 2027-07-17T00:00 quota_reset_day=17
Asia/Shanghai 2027-06-16T23:59 2027-05-17T00:00 2027-06-17T00:00 quota_reset_day=17
UTC 2027-02-28T12:00 2026-03-01T00:00 2027-03-01T00:00 quota_cycle=year;quota_reset_day=03-01
UTC 2027-03-01T12:00 2027-02-14T00:00 2027-03-16T00:00 quota_cycle=30d from 2026-01-20
UTC 2027-03-03T12:00 2027-03-03T00:00 2027-03-10T00:00 quota_cycle=week;quota_reset_day=wed
END

# -- never ------------------------------------------------------------------------------------------------------------------------
config <<END
quota = 10KB
quota_action = block
quota_cycle = never
END
fresh
at_ok '2027-01-01 00:00' apply
move 30
at_ok '2027-01-01 00:01' sample
like "never: used up, with no end named" "$err" 'the quota of 10.0 kB is used up[^:]*: *blocked$|the quota of 10.0 kB is used up between .*: blocked$'
at_ok '2037-01-01 00:00' sample
is "... ten years later too, with nothing to tell" "$err $(told cycle_closed) $(passed)" " 0 0"
is "... held for ever" "$(nft list set inet portflow block_udp | grep -c expires)" 0

# -- off over the reset -------------------------------------------------------------------------------------------------------------
config <<END
quota = 10KB
quota_action = block
quota_cycle = day
END
fresh
at_ok '2027-01-01 12:00' apply
move 20
at_ok '2027-01-01 18:00' sample
is "used up on the first day" "$(passed)" 0
nft delete table inet portflow # the machine goes down, and comes back two days later
at_ok '2027-01-03 06:00' sample
like "off over two resets: the cycle that ran is closed" "$err" 'web: the cycle from 2027-01-01 00:00 to 2027-01-02 00:00 closed with (10.0|9.00) kB$'
like "... it is open" "$err" 'web: a new cycle runs until 2027-01-04 00:00: no longer blocked'
is "... and passes" "$(passed)" 3
move 3
at_ok '2027-01-05 06:00' sample
is "no run for two days, but traffic: each day has a share" "$(of_db "SELECT count(*) FROM event WHERE kind = 'cycle_closed' AND text LIKE '%from 2027-01-0%'")" 3
is "... which is not lost" "$(reported web | tr ' :+' '\n  ' | awk '{ n += $2 } END { print n }')" "$(reported total | tr ' :+' '\n  ' | awk '{ n += $2 } END { print n }')"

# -- another reset day ----------------------------------------------------------------------------------------------------------
monthly() { # RESET_DAY
	config <<-END
		quota = 10KB
		quota_action = block
		quota_reset_day = $1
	END
}
figure() { # MOMENT: what status says is used of the quota, what it does, and when that ends
	at_ok "$1" status web --json
	"$PYTHON" -c 'import json, sys
q = json.load(sys.stdin)["entries"][0]["quotas"][0]
print(q["used"], q["state"], q["resets"][:10])' <<<"$out"
}
monthly 1
fresh
at_ok '2027-01-05 10:00' apply
move 6
at_ok '2027-01-05 11:30' sample
at_ok '2027-01-20 10:00' sample
move 5 # 4 of them pass
at_ok '2027-01-20 11:30' sample
is "used up in the month" "$(passed)" 0
is "... to the byte, and shown" "$(figure '2027-01-20 11:30:30')" "10000 blocked 2027-02-01"
monthly 15
at '2027-01-20 11:31' plan
like "another reset day: plan says that it opens" "$out" 'web.*would be open again'
at_ok '2027-01-20 11:31' apply
is "... acts at once, from the stored hours" "$(running) $(figure '2027-01-20 11:31:10')" "2027-01-15 00:00 - 2027-02-15 00:00 4000 ok 2027-02-15"
move 1
at_ok '2027-01-20 11:31:20' sample # 5 kB
monthly 1
at '2027-01-20 11:32' plan
like "back again: plan says that it blocks" "$out" 'web.*would be blocked now: 11\.0 kB of 10\.0 kB'
at_ok '2027-01-20 11:32' apply
is "... the old figure is back, with what moved meanwhile, and the block" "$(running) $(figure '2027-01-20 11:32:10') $(passed)" \
	"2027-01-01 00:00 - 2027-02-01 00:00 11000 blocked 2027-02-01 0"
monthly 15
at_ok '2027-01-20 11:33' apply
is "... and forth: the kernel lets the rest of that quota pass" "$(figure '2027-01-20 11:33:10')" "5000 ok 2027-02-15"
before=$(nft list counter inet truth in | sed -n 's/.*bytes \([0-9]*\).*/\1/p')
move 9
is "... to the byte, with no run in between" $(($(nft list counter inet truth in | sed -n 's/.*bytes \([0-9]*\).*/\1/p') - before)) 5000
at_ok '2027-01-20 11:34' sample
is "... then blocks" "$(figure '2027-01-20 11:34:10') $(passed)" "10000 blocked 2027-02-15 0"
monthly 1
at_ok '2027-01-20 11:35' sample # a timer takes it up as well
is "... and back by a timer: what the month has" "$(figure '2027-01-20 11:35:10') $(passed)" "16000 blocked 2027-02-01 0"
is "... no cycle was closed by it" "$(told cycle_closed)" 0

# -- the clock is set -----------------------------------------------------------------------------------------------------------
config <<END
quota = 10KB
quota_action = block
quota_cycle = day
END
fresh
at_ok '2027-01-01 12:00' apply
move 20
at_ok '2027-01-01 12:00' sample
is "until midnight" "$(($(left) / 60))" 719
at_ok '2027-01-01 18:00' sample
is "set forward: the kernel's deadlines follow" "$(($(left) / 60)) $(passed)" "359 0"
at_ok '2027-01-01 06:00' sample
is "set back: so they do" "$(($(left) / 60)) $(passed)" "1079 0"
at_ok '2027-01-02 06:00' sample
is "into the next day: open" "$(passed)" 3
at_ok '2027-01-01 13:00' sample
is "and back: what was used up still is" "$(passed)" 0

# -- what is told, in the family in which the quota is written, and by how it is billed ---------------------------------------
while read -r billing written said; do
	config <<-END
		quota = $written
		quota_alerts = 50%
		billing = $billing
	END
	fresh
	at_ok '2027-01-01 12:00' apply
	move 50
	udp_out 4 53 60 972
	at_ok '2027-01-01 13:00' sample
	is "billing $billing of $written" "$(says quota_threshold)" "50 % of the quota of $said until 2027-02-01 00:00"
	at_ok '2027-02-01 00:00' sample
	like "... and the closed cycle" "$(says cycle_closed)" "closed with ${said#*: }$"
done <<END
out 100KB 100 kB is used: 60.0 kB
in 100kB 100 kB is used: 50.0 kB
both 100KiB 100 KiB is used: 107 KiB
max 100KiB 100 KiB is used: 58.6 KiB
relay 400KB 400 kB is used: 220 kB
END

# -- a cycle that is used up, one that nobody uses, and the one behind it --------------------------------------------------------------
config <<END
quota = 10KB
quota_cycle = day
quota_action = block
END
fresh
at_ok '2026-11-25 12:00' apply
move 12
at_ok '2026-11-25 12:01' sample
is "used up: blocked" "$(passed)" 0
at_ok '2026-11-26 00:00:10' sample
is "the next one: open" "$(passed)" 3
is "... and told so" "$(says quota_opened | grep -c 'a new cycle runs')" 1
at_ok '2026-11-27 00:00:10' sample
at_ok '2026-11-28 00:00:10' sample
is_le "after one without traffic the kernel still knows when this one ends" "$(left)" 86390
is_ge "... to its second" "$(left)" 86370
done_testing
