#!/bin/bash
# Quotas of a few packets: what is used up is told once and stays used up, whatever happens to the table; what is not is open to its last
# packet; the kernel's quota is never off by more than a thousandth. What passed is told by a table of the test's own, behind ours.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1

passed() { nft list counter inet truth out | sed -n 's/.*bytes \([0-9]*\).*/\1/p'; }
truth() {
	nft -f - <<-END
		table inet truth { }
		delete table inet truth
		table inet truth {
			counter out { }
			chain out { type filter hook postrouting priority 210; oifname "$DEV" udp sport 53 counter name out; }
		}
	END
}
# What leaves is one packet to our hooks, however large; it is cut behind them.
send() { udp_out 4 53 "$1" "$2" -e; } # PACKETS BYTES
config() { # QUOTA
	ini <<-END
		[portflow]
		timezone = UTC
		[port web]
		ports = 53
		quota = $1
		quota_action = block
	END
}
events() { sqlite3 "file:$DB?mode=ro" "SELECT group_concat(kind) FROM (SELECT kind FROM event WHERE kind LIKE 'quota_%' ORDER BY id)"; }
idle() { # DESCRIPTION: runs to which nothing happened, also such that look at everything
	pf_run apply --json
	is "$1: the next run does nothing" "$rc $err $(grep -o '"changes":[0-9]*' <<<"$out")" "0  \"changes\":0"
	nft add table ip somebody && nft delete table ip somebody
	pf_run apply --json
	is "... nor one that looks" "$rc $err $(grep -o '"changes":[0-9]*' <<<"$out")" "0  \"changes\":0"
}
rest() { # DESCRIPTION BYTES: so much passes in all
	send $((n / 3)) 1000
	is_le "$1: no more" "$(passed)" "$2"
	is_ge "$1: no less" "$(passed)" $(($2 - 1028))
}

for n in 100 1000; do # kilobytes
	quota=$((n * 1000))

	# -- the last packet does not fit -----------------------------------------------------------------------------------------
	config ${n}kB
	fresh
	pf_ok apply
	truth
	send $((n * 95 / 100)) 1000
	send 1 60000
	stands=$(passed)
	is "$n kB: a packet that does not fit is dropped" "$stands" $((n * 95 / 100 * 1028))
	pf_ok sample
	is "... then little is left, and it is used up" "$(events)" "quota_blocked"
	idle "used up"
	nft delete table inet portflow
	pf_ok sample
	is "used up after the table was gone: told nothing" "$(events)" "quota_blocked"
	idle "used up after the table was gone"
	nft reset quotas >/dev/null
	pf_ok sample
	nft flush set inet portflow block_udp
	pf_ok sample
	send 5 100
	is "... nothing passes" "$(passed) $(events)" "$stands quota_blocked"
	config $((n + 1))kB
	pf_run plan
	like "raised by a little: plan says that it opens" "$out" 'web.*would be open again'
	pf_ok apply
	is "... it does" "$(events)" "quota_blocked,quota_opened"
	idle "raised by a little"
	send 1 500
	is "... and is" "$(passed)" $((stands + 528))
	config $((n + n / 10))kB
	pf_ok apply
	is "raised by a tenth: open" "$(events)" "quota_blocked,quota_opened"
	rest "raised" $((quota + quota / 10))

	# -- more is left than a little ---------------------------------------------------------------------------------------------
	config ${n}kB
	fresh
	pf_ok apply
	truth
	send $((n * 9 / 10)) 1000
	for _ in 1 2 3; do send 1 60000; done # 7 % are left
	pf_ok sample
	case $n in
	100)
		is "7 kB of 100 kB are left, and a large packet was dropped: not used up" "$(events)" "quota_threshold"
		idle "not used up"
		rest "and its rest passes" $quota
		;;
	1000) is_le "75 kB of 1 MB take a large packet more" "$(passed)" $quota ;;
	esac

	# -- the kernel's is off ------------------------------------------------------------------------------------------------------
	fresh
	pf_ok apply
	truth
	send $((n / 20)) 1000
	nft reset quotas >/dev/null
	pf_ok sample
	idle "a quota that somebody emptied"
	send $((n / 2)) 1000
	pf_ok sample
	nft delete table inet portflow
	pf_ok sample
	rest "then half of it" $((n / 20 * 1028 + n / 2 * 1028 + n / 3 * 1028))
	rest "a quota that somebody emptied" $quota
	pf_ok sample
	is "... is used up" "$(events)" "quota_blocked"
done
done_testing
