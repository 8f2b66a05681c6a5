#!/bin/bash
# A quota lets nothing over it pass between runs: senders at full speed on two processors, into this machine and out of it, against the quota of a
# port and that of the whole machine; again after a flush of all rules, in the middle of the flood too, after a boot whose network comes up
# behind the run, and with more used than the quota has. What passed is told by the receiver: a table behind ours, and one in the peer.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
heavy
net_up || exit 1

QUOTA=20000000 PACKET=1048
PART=$((SLOW > 1 ? 4 : 1)) # a slow machine does with a quarter of the datagrams
SMALL=16384 # what else the machine says on its new cables is its own, and of its quota
machine=() # what leads into the network of the machine, once it was booted anew
m() { "${machine[@]}" "$@"; }
run() { # ARGS...: must work
	m timeout -k 5 $((60 * SLOW)) "$PORTFLOW" -c "$INI" "$@" >"$WORK/run.log" 2>&1 || fail "portflow $* ends with 0" "$(cat "$WORK/run.log")"
}
pinned() { # NUMBER: leads a command to one of two processors, where there are two
	! taskset -c "$1" true 2>/dev/null || echo taskset -c "$1"
}
look() { # HOOK PRIORITY DEVICES_AND_PORT
	echo "table inet truth { }"
	echo "delete table inet truth"
	echo "table inet truth { counter moved { }; chain of { type filter hook $1 priority $2; $3 counter name moved; }; }"
}
anew() { # the truth begins from 0
	look prerouting -250 "iifname $DEV udp dport 53" | m nft -f -
	look prerouting -400 "iifname $FAR udp sport 53" | in_peer nft -f -
}
passed() { { m nft list counter inet truth moved; in_peer nft list counter inet truth moved; } | awk '/bytes/ { n += $4 } END { printf "%d", n }'; }
flood() { # DIRECTIONS: each from two processors at once, four times the quota
	local d cpu f=4
	flooding=''
	for d in $1; do
		for cpu in 0 1; do
			# shellcheck disable=SC2046 # words
			if [ "$d" = in ]; then
				$(pinned $cpu) "$TOOLS/datagram" -n "$PEERNS" -d "$(here $f)" -p 53 -c $((40000 / PART)) -l 1000 -r 10000000 >/dev/null &
			else
				m $(pinned $cpu) "$TOOLS/datagram" -d "$(there $f)" -s 53 -p 9 -c $((40000 / PART)) -l 1000 -r 10000000 -e >/dev/null &
			fi
			flooding+="$! "
			f=$((10 - f))
		done
	done
}
ended() {
	# shellcheck disable=SC2086 # several
	wait $flooding
}
flooded() { flood "$1" && ended; }
boots=0
boot() { # another network, in which a run takes place before its device is there
	boots=$((boots + 1))
	m ip link del "$DEV"
	new_namespace "box$ID.$boots" || fail "a new namespace"
	machine=(nsenter "--net=/run/netns/box$ID.$boots")
	run sample
	m bash -c "$(declare -p DEV FAR PEER THERE4 THERE6); $(declare -f cable know default_routes)
		cable $DEV 66 $FAR $PEER && default_routes" || fail "a cable for the new network"
	anew
}
config() { # KIND QUOTA
	local section='port web' ports='ports = 53'
	[ "$1" = port ] || section='interface all' ports=''
	ini <<-END
		[portflow]
		timezone = UTC
		[$section]
		$ports
		quota = $2
		quota_action = block
	END
}
up_to() { # DESCRIPTION BYTES
	is_le "$1: no byte more than the quota" "$(passed)" "$2"
	is_ge "... and all of it" "$(passed)" $(($2 - 2 * PACKET - SMALL)) # the last packet of each family does not fit
}
nothing() { # DESCRIPTION
	anew
	flooded 'in out'
	is "$1: nothing passes" "$(passed)" 0
}

# -- joined packets, of which the kernel counts less than the wire has; a run in between ------------------------------------------------
for f in 4 6; do
	ini <<-END
		[portflow]
		timezone = UTC
		[port web]
		ports = 80
		billing = out
		quota = 20MB
		quota_action = block
	END
	fresh
	run apply
	"$TOOLS/arrivals" -n "$PEERNS" -P tcp -f $f -p 80 -w 1000 -q 5000 >"$WORK/arrivals" &
	looker=$!
	wait_for "grep -q ready '$WORK/arrivals'"
	tcp_here $f 80 0 3000000
	run sample
	timeout $((4 * SLOW)) "$TOOLS/transfer" -C "$PEERNS" -a "$(here $f)" -p 80 -u 0 -d 40000000 >/dev/null 2>&1
	wait $looker
	moved=$(sed -n 's/.* bytes=\([0-9]*\) .*/\1/p' "$WORK/arrivals")
	note "IPv$f: $(tail -1 "$WORK/arrivals")"
	is_le "TCP with joined packets, IPv$f: on the wire no more than the quota, but for half a per cent" "$moved" $((QUOTA * 1005 / 1000))
	is_ge "... and all of it, but for one such packet and as much" "$moved" $((QUOTA * 995 / 1000 - 65536))
done

# -- datagrams, which are counted as they are ---------------------------------------------------------------------------------------
for kind in port interface; do
	for directions in in out 'in out'; do
		what="$kind, $directions"
		config $kind $((20 / PART))MB
		fresh
		m nft delete table inet portflow 2>/dev/null
		run apply
		anew
		flooded "$directions"
		up_to "$what" $((QUOTA / PART))
		run sample
	done
	nothing "$kind: used up"

	m nft flush ruleset
	run sample
	nothing "$kind: after a flush"
	anew
	flood 'in out'
	m nft flush ruleset
	run sample
	anew # what passed while there was no rule at all nobody could hold
	ended
	is "$kind: flushed during a flood, nothing passes once a run is over" "$(passed)" 0
	config $kind $((4 / PART))MB
	run sample
	m nft flush ruleset
	run sample
	nothing "$kind: used above the limit, after a flush"
	boot
	flooded 'in out'
	is "$kind: used above the limit, after a boot, nothing passes" "$(passed)" 0

	config $kind $((20 / PART))MB
	run sample
	boot
	flooded 'in out'
	is "$kind: used up, after a boot, nothing passes" "$(passed)" 0

	config $kind $((20 / PART))MB
	rm -rf "$WORK/db"
	mkdir "$WORK/db"
	m nft delete table inet portflow
	run apply
	anew
	"$TOOLS/datagram" -n "$PEERNS" -d "$HERE4" -p 53 -c $((12000 / PART)) -l 1000 -r 50000 >/dev/null
	used=$(passed)
	run sample
	boot
	flooded 'in out'
	up_to "$kind: partly used, after a boot" $((QUOTA / PART - used))
	used=$((used + $(passed)))
	is_le "... in all" "$used" $((QUOTA / PART))
done
done_testing
