#!/bin/bash
# What limits give: iperf3 through a veth pair against limits of 1, 10 and 100 mbit and 1 gbit, in each direction, over IPv4 and IPv6, with
# one stream and eight, while a neighbour is not limited; what was counted against the bytes that arrived at the peer. Policed, then shaped.
# A policer is given the first two seconds, since its bucket holds one second of the rate; what is shaped is within 5 %.
# RATES=all tries every combination, with offloads on and off (make torture); else each rate, direction and family meets once.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
heavy
command -v iperf3 >/dev/null || skip_all "iperf3 is not installed"
net_up || exit 1
for into in '' in_peer; do $into nft delete table inet sink; done
in_peer ethtool -K "$FAR" gro off >/dev/null 2>&1 # what the peer counts are packets as they were on the wire
SECONDS_EACH=4

ini <<END
[portflow]
timezone = UTC
limit_method = police
[port one]
ports = 5201
limit = 1mbit
[port ten]
ports = 5202
limit = 10mbit
[port hundred]
ports = 5203
limit = 100mbit
[port gig]
ports = 5204
limit = 1gbit
[port free]
ports = 5205
[port flood]
ports = 5206
protocols = udp
limit = 10mbit
END
pf_ok apply
for port in 5201 5202 5203 5204 5205; do
	iperf3 -s -p $port -B :: >/dev/null 2>&1 &
done
for port in 5201 5202 5203 5204 5205; do wait_for "ss -Hltn 'sport = :$port' | grep -q ." || exit 1; done
in_peer nft -f - <<END
table inet arrived {
	chain in {
		type filter hook prerouting priority -400
		tcp sport 5201 counter
		tcp sport 5202 counter
		tcp sport 5203 counter
		tcp sport 5204 counter
	}
}
END
arrived() { # PORT: IP bytes of TCP from it, at the peer
	in_peer nft list table inet arrived | sed -n "s/.*sport $1 counter packets [0-9]* bytes \([0-9]*\)/\1/p"
}
counted() { # NAME DIRECTION
	pf status --json | "$PYTHON" -c 'import json, sys
for e in json.load(sys.stdin)["entries"]:
    if e["name"] == sys.argv[1]: print(e[sys.argv[2]]["bytes"])' "$1" "$2"
}
measure() { # PORT DIRECTION FAMILY STREAMS: payload in bit/s that arrived
	local reverse='' block=128K
	[ "$2" = in ] || reverse=-R
	[ "$1" != 5201 ] || block=8K # whole blocks are counted, and at 1 mbit one of the usual ones takes a second
	in_peer iperf3 -c "$(here "$3")" -p "$1" -l $block $reverse -P "$4" -O 2 -t $SECONDS_EACH -J 2>"$WORK/iperf.err" | "$PYTHON" -c 'import json, sys
print(int(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"]))' 2>/dev/null || echo 0
}
near() { # GOT WANTED PER_CENT
	awk -v g="$1" -v w="$2" -v p="$3" 'BEGIN { exit !(g >= w * (100 - p) / 100 && g <= w * (100 + p) / 100) }'
}
METHOD=police
case_of() { # NAME PORT MBIT DIRECTION FAMILY STREAMS
	local got want=$(($3 * 1000000)) try what="$METHOD: $3 mbit $4, IPv$5, $6 stream(s)" packet=1500 most=10
	[ $METHOD = police ] || packet=1514 most=5
	for try in 1 2 3 4 5 6; do # other work on this machine must not decide
		got=$(measure "$2" "$4" "$5" "$6")
		# a policer's rate is of IP packets, a queue's of frames: the payload's share is 1448 / 1500 or 1514, or 1428
		got=$(awk -v g="$got" -v f="$5" -v p=$packet 'BEGIN { printf "%d", g * p / (f == 4 ? 1448 : 1428) }')
		if near "$got" "$want" $most; then
			pass "$what: within $most % ($((got / 1000)) kbit/s)"
			return
		fi
		note "try $try of $what: $got bit/s"
	done
	fail "$what: within $most %" "$got bit/s, asked for $want"
}
all_cases() { # DIRECTIONS
	local name port mbit dir family streams=1
	for family in 4 6; do
		for dir in "$@"; do
			while read -r name port mbit; do
				if [ "${RATES:-}" = all ]; then
					case_of "$name" "$port" "$mbit" "$dir" $family 1 </dev/null
					case_of "$name" "$port" "$mbit" "$dir" $family 8 </dev/null
				elif [ $(((port + family / 2 + (${#dir})) % 2)) = 0 ]; then
					case_of "$name" "$port" "$mbit" "$dir" $family $streams </dev/null
					streams=$((9 - streams))
				fi
			done <<-END
				one 5201 1
				ten 5202 10
				hundred 5203 100
				gig 5204 1000
			END
		done
	done
}

in_peer iperf3 -c $HERE4 -p 5205 -t 600 -b 200M >/dev/null 2>&1 &
neighbour=$!
before=$(counted free in)
every_way() { # DIRECTIONS: with offloads, and without
	all_cases "$@"
	[ "${RATES:-}" = all ] || return 0
	ethtool -K "$DEV" tso off gso off gro off >/dev/null 2>&1
	in_peer ethtool -K "$FAR" tso off gso off >/dev/null 2>&1
	all_cases "$@"
	ethtool -K "$DEV" tso on gso on gro on >/dev/null 2>&1
	in_peer ethtool -K "$FAR" tso on gso on >/dev/null 2>&1
}
every_way in out
ini_sed 's/^limit_method = .*/limit_method = shape/'
pf_run apply
shaped='in out'
[ "$rc" = 0 ] || { # a kernel without IFB: what comes in cannot be
	shaped=out
	ini_sed 's/^limit_method = .*/limit_method = auto/'
	pf_ok apply
}
if tc qdisc show dev "$DEV" root | grep -q htb; then
	METHOD=shape
	# shellcheck disable=SC2086 # a list
	every_way $shaped
else
	skip "shaped rates" "nothing can be shaped here"
fi
ok "the neighbour still runs" kill -0 $neighbour
kill $neighbour
is_ge "a neighbour without a limit has its 200 mbit all the time" $(($(counted free in) - before)) $((100000000))

# -- counted = passed -----------------------------------------------------------------------------------------------------
rest() { # PORT: until nothing of it arrives at the peer any more
	local last=-1 now tries=25
	while now=$(arrived "$1"); [ "$now" != "$last" ] && [ $tries -gt 0 ]; do
		last=$now tries=$((tries - 1))
		sleep 0.3
	done
}
# the stack builds aggregates as ever, and cuts them before the cable: the peer counts what was on the wire
ethtool -K "$DEV" tso off gso off >/dev/null 2>&1
for pair in 'ten 5202 auto' 'hundred 5203 auto' 'ten 5202 police' 'hundred 5203 police'; do
	# shellcheck disable=SC2086 # two words
	set -- $pair
	ini_sed "s/^limit_method = .*/limit_method = $3/"
	pf_ok apply
	rest "$2"
	there=$(arrived "$2") ours=$(counted "$1" out)
	measure "$2" out 4 1 >/dev/null
	rest "$2"
	is_near "$1, $3: counted as much as arrived at the peer" $(($(counted "$1" out) - ours)) $(($(arrived "$2") - there)) 3
done
begin=$(counted flood in)
start=$(date +%s%N)
udp_in 4 5206 20000 1000 -r 5000
took=$((($(date +%s%N) - start) / 1000000))
gone=$(($(counted flood in) - begin))
# the rate for as long as it took, one second's worth in the bucket, and 64 KiB
is_le "a flood of UDP: no more than the rate and the bucket" $gone $((1250 * took * 106 / 100 + 1250000 + 65536))
is_ge "... and no less than the rate" $gone $((1250 * took * 94 / 100))
done_testing
