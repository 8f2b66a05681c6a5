#!/bin/bash
# What a limit lets pass at once: after a pause, what arrives in the first 200 ms is no more than the manual says, by the receiver's own time
# stamps of each packet. At 1, 10, 100 mbit and 1 gbit, in each direction, TCP and UDP, IPv4 and IPv6, with packets that are joined and without;
# policed and shaped. Each value meets each other value once at least; BUCKETS=all tries every combination. RATES_MOST as in rates.sh.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
heavy
net_up || exit 1
for into in '' in_peer; do
	$into nft delete table inet sink
	$into sh -c 'echo 0 >/proc/sys/net/ipv4/tcp_slow_start_after_idle' # the second half comes as fast as the first ended
done
[ -x "$TOOLS/arrivals" ] || { echo "Bail out! $TOOLS/arrivals is missing: run make"; exit 1; }

ini <"$SYSTEM/lib/rates.ini"
pf_ok apply
METHOD=police
WINDOW=200 PAUSE=1200 # ms

offloads() { # on|off: of both ends
	ethtool -K "$DEV" tso "$1" gso "$1" gro "$1" >/dev/null 2>&1
	in_peer ethtool -K "$FAR" tso "$1" gso "$1" gro off >/dev/null 2>&1
}
# Sends much more at once than may pass, after what was sent before has come to rest. -> $WORK/arrivals, once the last of it has arrived
burst() { # PROTOCOL PORT MBIT DIRECTION FAMILY JOINED
	local looker way size=1400 mtu=1500 half pps=$(($3 * (360 + HOLDS))) # four times the limit, and what a bucket has
	local -a to
	if [ "$4" = in ]; then way='' to=(-n "$PEERNS" -d "$(here "$5")" -p "$2"); else way="-n $PEERNS" to=(-d "$(there "$5")" -s "$2" -p 9 -e); fi
	[ "$1$6" != udpon ] || { size=42000 pps=$((pps / 30 + 16)) mtu=$(($5 == 4 ? 1428 : 1448)) && to+=(-g 1400); }
	[ $pps -le 200000 ] || pps=200000
	# shellcheck disable=SC2086 # words
	"$TOOLS/arrivals" $way -P "$1" -f "$5" -p "$2" -w $WINDOW -m $mtu -q $((PAUSE + 500)) >"$WORK/arrivals" &
	looker=$!
	wait_for "grep -q ready '$WORK/arrivals'" || return
	if [ "$1" = udp ]; then
		"$TOOLS/datagram" "${to[@]}" -l $size -r $pps -c $((pps * 3 / 10 + 100)) >/dev/null
	else
		half=$(($3 * 12500 * (HOLDS / 100 + 3) + 250000))
		if [ "$4" = in ]; then way="-u $((2 * half)) -d 0"; else way="-u 0 -d $((2 * half))"; fi
		# shellcheck disable=SC2086 # words
		"$TOOLS/transfer" -C "$PEERNS" -a "$(here "$5")" -p "$2" $way -r 0 -g $PAUSE >/dev/null
	fi
	wait $looker
}
seen() { tr ' ' '\n' <"$WORK/arrivals" | sed -n "s/^$1=//p"; } # WORD
case_of() { # PORT MBIT DIRECTION FAMILY PROTOCOL JOINED
	local most least first of _
	local what="$METHOD: $2 mbit $3, IPv$4, $5, offloads $6"
	# of the rate, and 64 KiB, and a joined packet; two of the MTU more where it is shaped
	least=$(($2 * 125 * WINDOW * 6 / 10)) most=$(($2 * 125 * (WINDOW + HOLDS) + 131072))
	# a queue counts what is on the wire, a policer joined packets as they are
	if [[ $METHOD = police* ]]; then of=first_joined; else of=first most=$((most + 3000)); fi
	# before it, a pause: TCP has its own in the middle; the bucket of a policer that is new is as full as it will be
	[[ ! $METHOD$5 = shape*udp ]] || burst "$5" "$1" "$2" "$3" "$4" "$6"
	for _ in 1 2 3 4; do # other work on this machine must not decide
		burst "$5" "$1" "$2" "$3" "$4" "$6"
		first=$(seen $of)
		note "$what: $(tail -1 "$WORK/arrivals")"
		[ "${first:-0}" -gt $most ] || [ "${first:-0}" -lt $least ] || { [ "$5" = tcp ] && [ "$(seen pauses)" = 1 ]; } || break
	done
	is_le "$what: in the first $WINDOW ms no more than is said" "${first:-none}" $most
	if [ "$2" = 1000 ] && [ "${first:-0}" -lt $least ]; then
		skip "... and that there was more to send" "this machine sends less now"
	else
		is_ge "... and that there was more to send" "${first:-0}" $least
	fi
}
# Lines of numbers of values, as in rates.sh: eight of the 64 in which each two values of two columns meet.
combinations() {
	local a b c d e f bit='0 1'
	for a in $bit; do for b in $bit; do for c in $bit; do
		if [ -z "${BUCKETS:-}" ]; then
			echo "$((2 * a + b)) $c $((a ^ c)) $((b ^ c)) $((a ^ b ^ c))"
		else
			for d in $bit; do for e in $bit; do for f in $bit; do echo "$((2 * a + b)) $c $d $e $f"; done; done; done
		fi
	done; done; done | sort -u
}
every_case() { # DIRECTIONS
	local rate dir family protocol on rates=(1 10 100 1000) directions=(out in) protocols=(udp tcp) words=(off on)
	while read -r rate dir family protocol on <&3; do
		dir=${directions[dir]}
		[[ " $1 " = *" $dir "* ]] && [ "${rates[rate]}" -le "${RATES_MOST:-1000}" ] || continue
		offloads "${words[on]}"
		case_of $((5201 + rate)) "${rates[rate]}" "$dir" $((4 + 2 * family)) "${protocols[protocol]}" "${words[on]}"
	done 3< <(combinations)
	offloads on
}
HOLDS=1000 # ms of the rate, that a policer's bucket has
every_case 'in out'
METHOD=shape HOLDS=0
shape_all
every_case "$shaped"

# -- the limit of a whole interface, below which ports have theirs: shaped out, policed in --------------------------------------
printf '[interface nic]\nlimit = 10mbit\n' | cat "$INI" - >"$INI.new" && put_ini "$INI.new"
pf_ok apply
if [ -n "$shaped" ]; then
	METHOD='shape, whole interface'
	case_of 5204 10 out 4 udp on
	case_of 5209 10 out 6 tcp on
fi
METHOD='police, whole interface' HOLDS=1000
case_of 5203 10 in 6 udp off
case_of 5209 10 in 4 tcp on
done_testing
