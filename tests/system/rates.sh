#!/bin/bash
# What limits give: iperf3 through a veth pair against limits of 1, 10 and 100 mbit and 1 gbit, in each direction, over IPv4 and IPv6, with
# one stream and eight, with offloads and without, while neighbours in both directions are not limited; UDP far over a limit; what was
# counted against the bytes that arrived at the peer. Policed, then shaped.
# A policer is given the first two seconds, since its bucket holds one second of the rate; what is shaped is within 5 %.
# RATES=all tries every combination (make torture); else each value meets each other value once at least. RATES='REGEX' tries those
# combinations whose description matches. RATES_MOST=100 leaves out what is faster, and is kinder to an emulated processor.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
heavy
command -v iperf3 >/dev/null || skip_all "iperf3 is not installed"
net_up || exit 1
for into in '' in_peer; do $into nft delete table inet sink; done
in_peer ethtool -K "$FAR" gro off >/dev/null 2>&1 # what the peer counts are packets as they were on the wire
SECONDS_EACH=4
MOST=${RATES_MOST:-1000} NEIGHBOURS=$((${RATES_MOST:-1000} / 10)) # mbit

cat "$SYSTEM/lib/rates.ini" - <<END | ini
[port free]
ports = 5205, 5207
[port flood]
ports = 5206
protocols = udp
limit = 10mbit
END
pf_ok apply
iperf3 -s -p 5205 -B :: >/dev/null 2>&1 & # the neighbours'
wait_for "ss -Hltn 'sport = :5205' | grep -q ." || exit 1
look() { # HOOK PRIORITY MATCH: a table of what has arrived, behind all that drops
	echo "table inet arrived {"
	for port in 5201 5202 5203 5204 5207; do
		printf 'counter tcp%s { }\ncounter udp%s { }\n' $port $port
	done
	echo "chain in { type filter hook $1 priority $2"
	for port in 5201 5202 5203 5204 5207; do
		printf 'tcp %s %s counter name tcp%s\nudp %s %s counter name udp%s\n' "$3" $port $port "$3" $port $port
	done
	printf '}\n}\n'
}
look input 200 dport | nft -f -
look prerouting -400 sport | in_peer nft -f -
arrived() { # COUNTER [DIRECTION]: IP bytes and packets that came to the receiver
	$([ "${2:-out}" = in ] || echo in_peer) nft list counter inet arrived "$1" | sed -n 's/.*packets \([0-9]*\) bytes \([0-9]*\).*/\2 \1/p'
}
bytes() { local n; n=$(arrived "$@"); echo "${n% *}"; }
counted() { # NAME DIRECTION
	pf status --json | "$PYTHON" -c 'import json, sys
for e in json.load(sys.stdin)["entries"]:
    if e["name"] == sys.argv[1]: print(e[sys.argv[2]]["bytes"])' "$1" "$2"
}
payload() { # PORT DIRECTION FAMILY: bytes of TCP that came to the receiver, however it joined them; ACKs have none
	local n
	n=$(arrived "tcp$1" "$2")
	echo $((${n% *} - ${n#* } * (32 + ($3 == 4 ? 20 : 40))))
}
measure() { # PORT DIRECTION FAMILY STREAMS MBIT: payload in bit/s that arrives, once a policer's bucket is empty
	local reverse='' server client from start took=0
	[ "$2" = in ] || reverse=-R
	iperf3 -s -p "$1" >/dev/null 2>&1 &
	server=$!
	wait_for "ss -Hltn 'sport = :$1' | grep -q ." || return
	from=$(payload "$@")
	nsenter --net="$PEERNS" iperf3 -c "$(here "$3")" -p "$1" $reverse -P "$4" -t 120 >/dev/null 2>&1 &
	client=$!
	wait_for "[ \$((\$(payload $1 $2 $3) - $from)) -ge $(($5 * 125000 + 150000)) ]" 15 >/dev/null
	sleep 1
	from=$(payload "$@") start=$(date +%s%N)
	sleep $SECONDS_EACH
	from=$(($(payload "$@") - from)) took=$(($(date +%s%N) - start))
	kill $client $server
	wait $client $server 2>/dev/null
	echo $((from * 8000000 / (took / 1000)))
}
near() { # GOT WANTED PER_CENT
	awk -v g="$1" -v w="$2" -v p="$3" 'BEGIN { exit !(g >= w * (100 - p) / 100 && g <= w * (100 + p) / 100) }'
}
METHOD=police
worst_of() { # GROUP PER_CENT CASE TRIES: a line a group in $WORK/worst, that of the largest deviation
	[ -e "$WORK/worst" ] || : >"$WORK/worst"
	awk -v g="$METHOD, $1" -v p="$2" -v text="$3" -v tries="$4" -F '\t' '
		function size(x) { return x < 0 ? -x : x }
		$1 == g { found = 1; if (size(p) > size($2)) { printf "%s\t%+.2f\t%s (%d)\n", g, p, text, tries; next } } { print }
		END { if (!found) printf "%s\t%+.2f\t%s (%d)\n", g, p, text, tries }' "$WORK/worst" >"$WORK/worst.new"
	mv "$WORK/worst.new" "$WORK/worst"
}
FILTER=''
case ${RATES:-} in '' | all) ;; *) FILTER=$RATES ;; esac
case_of() { # NAME PORT MBIT DIRECTION FAMILY STREAMS OFFLOADS
	local got free want=$(($3 * 1000000)) try what="$METHOD: $3 mbit $4, IPv$5, $6 stream(s), offloads $7" packet=1500 most=10
	[[ "$what" =~ $FILTER ]] || return 0
	[ $METHOD = police ] || packet=1514 most=5
	for try in 1 2 3 4 5 6; do # other work on this machine must not decide
		got=$(measure "$2" "$4" "$5" "$6" "$3")
		# a policer's rate is of IP packets, a queue's of frames: the payload's share is 1448 / 1500 or 1514, or 1428
		got=$(awk -v g="$got" -v f="$5" -v p=$packet 'BEGIN { printf "%d", g * p / (f == 4 ? 1448 : 1428) }')
		if near "$got" "$want" $most; then
			worst_of "$3 mbit" "$(awk -v g="$got" -v w=$want 'BEGIN { print (g / w - 1) * 100 }')" "$what" $try
			pass "$what: within $most % ($((got / 1000)) kbit/s)"
			return
		fi
		note "try $try of $what: $got bit/s"
	done
	free=$(measure 5207 "$4" "$5" "$6" 10) # without any limit, which costs less, too
	if [ "$got" -lt "$want" ] && [ "$free" -lt $((want * 3)) ]; then
		skip "$what: within $most %" "this machine moves $((free / 1000)) kbit/s now without a limit"
		return
	fi
	worst_of "$3 mbit" "$(awk -v g="$got" -v w=$want 'BEGIN { print (g / w - 1) * 100 }')" "$what" $try
	fail "$what: within $most %" "asked for $want, see the tries above; $free without a limit"
}
NAMES=(one ten hundred gig) RATE_OF=(1 10 100 1000) # mbit, of the ports from 5201 on
# Lines "RATE DIRECTION FAMILY STREAMS OFFLOADS", as numbers of values. Eight of the 64 hold each pair of values of two factors: the
# columns are sums of three bits in which no two are the same. FLIP takes the other offloads, so that both methods try more together.
combinations() { # FLIP
	local a b c bit='0 1'
	for a in $bit; do for b in $bit; do for c in $bit; do
		if [ -z "${RATES:-}" ]; then
			echo "$((2 * a + b)) $c $((a ^ c)) $((b ^ c)) $((a ^ b ^ c ^ $1))"
		else
			for d in $bit; do for e in $bit; do for f in $bit; do echo "$((2 * a + b)) $c $d $e $f"; done; done; done
		fi
	done; done; done | sort -u -k5,5n -k1,4
}
offloads() { # on|off: of both ends
	ethtool -K "$DEV" tso "$1" gso "$1" gro "$1" >/dev/null 2>&1
	in_peer ethtool -K "$FAR" tso "$1" gso "$1" >/dev/null 2>&1
}
pairs() { awk '{ for (i = 1; i < NF; i++) for (k = i + 1; k <= NF; k++) seen[i, $i, k, $k] = 1 } END { for (p in seen) n++; print n }'; }
for flip in 0 1; do is "each two values meet in what is tried ($flip)" "$(combinations $flip | pairs)" $((4 * 4 * 2 + 6 * 2 * 2)); done
every_case() { # FLIP DIRECTIONS: with offloads, and without
	local rate dir family streams on directions=(out in) words=(off on)
	while read -r rate dir family streams on <&3; do
		dir=${directions[dir]}
		[[ " $2 " = *" $dir "* ]] && [ "${RATE_OF[rate]}" -le "$MOST" ] || continue
		offloads "${words[on]}"
		case_of "${NAMES[rate]}" $((5201 + rate)) "${RATE_OF[rate]}" "$dir" $((4 + 2 * family)) $((1 + 7 * streams)) "${words[on]}"
	done 3< <(combinations "$1")
	offloads on
}

# -- UDP far over its limit: what is counted is what arrives ----------------------------------------------------------------
both() { # NAME PORT MBIT DIRECTION: -> by_us, at_receiver, of the same moment
	local before
	before=$(bytes "udp$2" "$4") by_us=$(counted "$1" "$4")
	at_receiver=$(((before + $(bytes "udp$2" "$4")) / 2))
}
udp_case() { # NAME PORT MBIT DIRECTION FAMILY: from several sockets, four times the limit, or as fast as they can
	local ours there try pids what="$METHOD: UDP far over $3 mbit $4, IPv$5" pps=$(($3 * 60)) way
	[ $pps -le $((MOST < 1000 ? 3000 : 16000)) ] || pps=$((MOST < 1000 ? 3000 : 16000))
	[[ "$what" =~ ${FILTER:-} ]] || return 0
	if [ "$4" = in ]; then way="-n $PEERNS -d $(here "$5") -p $2"; else way="-d $(there "$5") -s $2 -p 9 -e"; fi
	for try in 1 2 3 4; do # other work on this machine must not decide
		pids=''
		for _ in 0 1 2 3 4 5 6 7; do
			# shellcheck disable=SC2086 # words
			"$TOOLS/datagram" $way -c $((pps * 10)) -l 1400 -r $pps >/dev/null &
			pids="$pids $!"
		done
		sleep 2.5 # a bucket of a second of the rate, and the queue behind it; they go on until both looks are over
		both "$@"
		there=$at_receiver ours=$by_us
		sleep 2
		both "$@"
		there=$((at_receiver - there)) ours=$((by_us - ours))
		# shellcheck disable=SC2086 # several
		kill $pids 2>/dev/null
		# shellcheck disable=SC2086
		wait $pids 2>/dev/null
		awk -v o=$ours -v t=$there 'BEGIN { exit !(o < t * 0.94 || o > t * 1.06) }' || break
		note "try $try of $what: counted $ours, arrived $there"
	done
	worst_of "UDP $3" "$(awk -v o=$ours -v t=$there 'BEGIN { printf "%.2f", t ? (o / t - 1) * 100 : 999 }')" "$what" "$try"
	is_near "$what: counted as much as arrived" $ours $there 60
}
every_udp_case() { # FLIP DIRECTIONS: each value with each, of method, direction and family
	local rate dir family directions=(out in)
	for rate in 0 1 2 3; do for dir in 0 1; do for family in 0 1; do
		[ -n "${RATES:-}" ] || { [ $((dir ^ family ^ $1)) = 0 ] && [ $rate = $((2 * $1 + dir)) ]; } || continue
		[[ " $2 " = *" ${directions[dir]} "* ]] && [ "${RATE_OF[rate]}" -le "$MOST" ] || continue
		udp_case "${NAMES[rate]}" $((5201 + rate)) "${RATE_OF[rate]}" "${directions[dir]}" $((4 + 2 * family))
	done; done; done
}

# -- all of them ------------------------------------------------------------------------------------------------------------
in_peer iperf3 -c $HERE4 -p 5205 --bidir -t 86400 -b ${NEIGHBOURS}M >/dev/null 2>&1 &
neighbour=$!
in_before=$(counted free in) out_before=$(counted free out) began=$SECONDS
every_case 1 'in out'
every_udp_case 0 'in out'
METHOD=shape
shape_all
every_case 0 "$shaped"
every_udp_case 1 "$shaped"
ok "the neighbours still run" kill -0 $neighbour
least=$(((SECONDS - began) * NEIGHBOURS * 125000 * 8 / 10)) # they are held up by what else runs here, too
is_ge "a neighbour without a limit has its $NEIGHBOURS mbit all the time, in" $(($(counted free in) - in_before)) $least
is_ge "... and out" $(($(counted free out) - out_before)) $least
kill $neighbour
note "the worst of each, in per cent (after how many tries):"
sort "$WORK/worst" 2>/dev/null | diag

# -- counted = passed -----------------------------------------------------------------------------------------------------
rest() { # PORT: until nothing of it arrives at the peer any more
	local last=-1 now tries=25
	while now=$(bytes "tcp$1"); [ "$now" != "$last" ] && [ $tries -gt 0 ]; do
		last=$now tries=$((tries - 1))
		sleep 0.3
	done
}
# the stack builds aggregates as ever, and cuts them before the cable: the peer counts what was on the wire
ethtool -K "$DEV" tso off gso off >/dev/null 2>&1
while read -r pair; do
	# shellcheck disable=SC2086 # four words
	set -- $pair
	ini_sed "s/^limit_method = .*/limit_method = $3/"
	pf_ok apply
	rest "$2"
	there=$(bytes "tcp$2") ours=$(counted "$1" out)
	measure "$2" out 4 "$4" 10 >/dev/null </dev/null
	rest "$2"
	is_near "$1, $3, $4 stream(s): counted as much as arrived at the peer" $(($(counted "$1" out) - ours)) $(($(bytes "tcp$2") - there)) 3
done <<-END
	ten 5202 auto 1
	ten 5202 auto 8
	hundred 5203 auto 1
	hundred 5203 auto 8
	ten 5202 police 1
	hundred 5203 police 1
END
begin=$(counted flood in)
start=$(date +%s%N)
udp_in 4 5206 20000 1000 -r 5000
took=$((($(date +%s%N) - start) / 1000000))
gone=$(($(counted flood in) - begin))
# the rate for as long as it took, one second's worth in the bucket, and 64 KiB
is_le "a flood of UDP: no more than the rate and the bucket" $gone $((1250 * took * 106 / 100 + 1250000 + 65536))
is_ge "... and no less than the rate" $gone $((1250 * took * 94 / 100))
done_testing
