#!/bin/bash
# What each kind of entry is held at, by traffic: limits of ports, ranges, addresses, addresses with ports and devices, each direction at its own
# rate, all that covers a packet at once; throttles, which entries share or the lowest of which holds, with no run in between; all of it gone
# with its line in the file, for senders that go on. Policed, then shaped. What passed is told by tables behind ours: here, and in the peer.
# rates.sh has the rates from 1 mbit to 1 gbit, in TCP and UDP.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
heavy
net_up && second_device && exact_segments || exit 1
ip addr add 10.66.0.3/24 dev "$DEV"
know "$DEV" 66 "$FAR" "$PEER" "1 2 3" 9
# Port, family, our address, the peer's: what is sent both ways. Ports tell what an entry covers.
FLOWS="one 5001 4 $HERE4 $THERE4
one 5001 6 $HERE6 $THERE6
range 6789 4 $HERE4 $THERE4
four 7000 4 $ALSO4 $THERE4
six 7001 6 $ALSO6 $THERE6
some 7100 4 10.66.0.3 $THERE4
beside 7101 4 10.66.0.3 $THERE4
second 7200 4 10.67.0.1 10.67.0.9
both 7300 4 $ALSO4 $THERE4
t1 7401 4 $HERE4 $THERE4
t2 7402 6 $HERE6 $THERE6
t3 7403 4 $HERE4 $THERE4
t4 7404 4 $HERE4 $THERE4
held 7405 4 $HERE4 $THERE4
twin 7500 4 $HERE4 $THERE4
twin 7500 4 10.67.0.1 10.67.0.9"
look() { # HOOK PRIORITY WORD: a table of what arrives, by port
	echo "table inet arrived {"
	awk '{ print "counter " $1 " { }" }' <<<"$FLOWS" | sort -u
	echo "chain those { type filter hook $1 priority $2"
	awk -v w="$3" '{ print "udp " w " " $2 " counter name " $1 }' <<<"$FLOWS" | sort -u
	printf '}\n}\n'
}
look prerouting -250 dport | nft -f -
look prerouting -400 sport | in_peer nft -f -
look_at() { # -> "NAME.in BYTES" ...
	nft list counters table inet arrived | awk '/counter/ { n = $2 } /bytes/ { print n ".in", $4 }'
	in_peer nft list counters table inet arrived | awk '/counter/ { n = $2 } /bytes/ { print n ".out", $4 }'
}
PPS=1500 # of 1028 bytes: 12.3 mbit/s, three times what most limits here allow
floods=()
flood() { # NAMES_REGEX SECONDS: both ways at once; ends with `dry`
	local name port family here there
	while read -r name port family here there; do
		[[ $name =~ ^($1)$ ]] || continue
		"$TOOLS/datagram" -n "$PEERNS" -d "$here" -p "$port" -c $((PPS * $2)) -l $((family == 4 ? 1000 : 980)) -r $PPS >/dev/null &
		floods+=($!)
		"$TOOLS/datagram" -d "$there" -b "$here" -s "$port" -p 9 -c $((PPS * $2)) -l $((family == 4 ? 1000 : 980)) -r $PPS -e >/dev/null &
		floods+=($!)
	done <<<"$FLOWS"
}
dry() {
	kill "${floods[@]}" 2>/dev/null
	wait "${floods[@]}" 2>/dev/null
	floods=()
}
passed_each() { # BYTES NAME.DIRECTION...: since $WORK/start
	local most=$1
	shift
	look_at | awk -v most="$most" -v names="$*" 'NR == FNR { was[$1] = $2; next } { is[$1] = $2 }
		END { n = split(names, name); for (i = 1; i <= n; i++) if (is[name[i]] - was[name[i]] < most) exit 1 }' "$WORK/start" -
}
soak() { # BYTES NAME.DIRECTION...: until so much of each has passed: then the bucket of a policer is empty
	look_at >"$WORK/start"
	wait_for "passed_each $*" 20
}
window() { # SECONDS: what arrives in that time -> $rates, "NAME.in BIT_A_SECOND" ...
	local start end
	look_at >"$WORK/before"
	start=$(date +%s%N)
	sleep "$1"
	look_at >"$WORK/after"
	end=$(date +%s%N)
	rates=$(awk -v ms=$(((end - start) / 1000000)) 'NR == FNR { was[$1] = $2; next } { print $1, int(($2 - was[$1]) * 8000 / ms) }' "$WORK/before" "$WORK/after")
}
rate() { awk -v n="$1" '$1 == n { print $2 }' <<<"$rates"; } # NAME.DIRECTION
sum() { echo $(($(rate "$1") + $(rate "$2"))); }
free() { is_ge "$1 is not held (kbit/s)" $(($(rate "$1") / 1000)) 8000; } # NAME.DIRECTION

configure() { # METHOD [no]: no limits
	sed "${2:+/^limit\(_in\|_out\|\) /d}" <<-END | ini
		[portflow]
		timezone = UTC
		limit_method = $1
		[port one]
		ports = 5001
		limit_in = 2mbit
		limit_out = 4mbit
		[port range]
		ports = 6000-6999
		limit = 4mbit
		[port both]
		ports = 7300
		limit = 8mbit
		[address four]
		addresses = $ALSO4
		limit = 4mbit
		[address six]
		addresses = $ALSO6
		limit = 4mbit
		[address some]
		addresses = 10.66.0.3
		ports = 7100
		limit_in = 4mbit
		[interface second]
		interface = $DEV2
		limit = 4mbit
	END
}
for method in police shape; do
	if [ $method = shape ] && ! { has_htb && has_ifb; }; then
		skip "$method" "this kernel has no HTB or no IFB"
		continue
	fi
	most=100 share=1000
	[ $method = police ] || { most=60 share=$((1028 * 1000 / 1042)); } # a queue's rate is of frames
	configure $method
	fresh
	pf_ok apply
	like "$method: the method is that" "$(pf status one)" "out: $method"
	flood 'one|range|six|some|beside|second' 60
	soak 1000000 one.in one.out range.in range.out six.in six.out some.in second.in second.out
	window 2
	is_near "$method: a port, in, both families together" "$(rate one.in)" $((2000 * share)) $most
	is_near "$method: ... out at its own rate" "$(rate one.out)" $((4000 * share)) $most
	for name in range.in range.out six.in six.out some.in second.in second.out; do
		of=$share
		[ $name != second.in ] || of=1000 # a device's is policed coming in
		is_near "$method: $name" "$(rate $name)" $((4000 * of)) $most
	done
	free some.out
	free beside.in
	free beside.out
	# changed, then removed: senders that go on feel it at once
	ini_sed '/^ports = 6000-6999/{n;s/4mbit/3mbit/;}'
	ini_sed "/^addresses = $ALSO6/{n;s/4mbit/6mbit/;}"
	pf_ok apply
	soak 1800000 six.in six.out
	window 1.5
	for name in range.in range.out; do is_near "$method: lowered, $name" "$(rate $name)" $((3000 * share)) $((most + 20)); done
	for name in six.in six.out; do is_near "$method: raised, $name" "$(rate $name)" $((6000 * share)) $((most + 20)); done
	configure $method no
	pf_ok apply
	window 1
	for name in one.in one.out range.in range.out six.in six.out some.in second.in second.out; do free $name; done
	exits "$method: limits gone, nothing is pending" 0 plan
	dry
	configure $method
	pf_ok apply
	# every limit that covers a packet holds: the port's, which is the larger, and the address's
	flood both 20
	soak 1500000 both.in both.out
	window 1.5
	is_near "$method: a port of an address: the lower limit holds, in" "$(rate both.in)" $((4000 * share)) $((most + 20))
	is_near "$method: ... and out" "$(rate both.out)" $((4000 * share)) $((most + 20))
	dry
done

# -- several devices ------------------------------------------------------------------------------------------------------------------
for method in police shape; do
	[ $method = police ] || { has_htb && has_ifb; } || continue
	ini <<-END
		[portflow]
		timezone = UTC
		limit_method = $method
		interface = $DEV, $DEV2
		[port twin]
		ports = 7500
		limit = 4mbit
	END
	pf_ok apply
	flood twin 20
	soak 1000000 twin.in twin.out
	window 1.5
	is_near "$method: two devices, a limit holds for both together, in" "$(rate twin.in)" 4000000 100
	is_near "$method: ... and for datagrams out" "$(rate twin.out)" 4000000 120 # shaped, the rest of each packet's size is the link's
	dry
done

# -- throttles --------------------------------------------------------------------------------------------------------------------
ini <<END
[portflow]
timezone = UTC
[port t1]
ports = 7401
[port t2]
ports = 7402
[quota shared]
entries = t1, t2
quota = 100KB
quota_action = throttle 4mbit
[port t3]
ports = 7403
quota = 100KB
quota_action = throttle 8mbit
[quota lower]
entries = t3
quota = 100KB
quota_cycle = day
quota_action = throttle 2mbit
[port t4]
ports = 7404
quota = 5MB
quota_action = block
[quota slower]
entries = t4
quota = 1MB
quota_cycle = day
quota_action = throttle 2mbit
[port held]
ports = 7405
limit = 2mbit
quota = 100KB
quota_action = throttle 4mbit
END
fresh
pf_ok apply
look_at >"$WORK/begin"
flood 't[1-4]|held' 60
soak 1000000 t3.in t3.out held.in held.out
for seen in no yes; do
	window 2
	is_near "a throttle that two entries share, in (seen by a run: $seen)" "$(sum t1.in t2.in)" 4000000 100
	is_near "... and out, which has as much" "$(sum t1.out t2.out)" 4000000 100
	is_near "of two throttles the lower holds, in" "$(rate t3.in)" 2000000 100
	is_near "... and out" "$(rate t3.out)" 2000000 100
	is_le "a limit below the throttle holds, in (kbit/s)" $(($(rate held.in) / 1000)) 2200
	is_le "... and out" $(($(rate held.out) / 1000)) 2200
	[ $seen = yes ] || pf_ok sample
done
is "each is told" "$(pf events | grep -c 'throttled to')" 5
is "status has the lowest" "$(pf status --json | "$PYTHON" -c 'import json, sys
print([[e["limit"][k] for k in ("in", "out", "reason")] for e in json.load(sys.stdin)["entries"] if e["name"] in ("t3", "held")])')" \
	"[[2000000, 2000000, 'quota'], [2000000, 2000000, 'configured']]"
# full speed to 1 MB, then 2 mbit, then nothing
total_of() { awk -v n="$1" 'NR == FNR { was[$1] = $2; next } index($1, n ".") == 1 { s += $2 - was[$1] } END { print s + 0 }' "$WORK/begin" <(look_at); } # NAME
ok "at full speed, then slower, in the end blocked" wait_for '[ "$(total_of t4)" -ge $((5000000 - 2 * 1028)) ]' 20
window 1
is "... at the quota, no run in between" "$(rate t4.in) $(rate t4.out)" "0 0"
is_le "... to the packet" "$(total_of t4)" 5000000
ini_sed 's/quota_action = throttle.*/quota_action = alert/'
pf_ok apply
window 1
free t1.in
free t2.out
free t3.in
dry
done_testing
