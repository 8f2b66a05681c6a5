#!/bin/bash
# The truth outside the program: a second nft table that counts the same packets by plain rules, written by hand.
# It stands either on this machine at other priorities, or in the peer, where nothing that is done here can touch it.
# One counter a name and direction; comparing is to the byte. Names are those of entries; .total .forwarded .rest are the sums.
# Sourced by lib.sh.
ORACLE_IN='' ORACLE_OUT='' ORACLE_COUNTERS=''
OURS4="$HERE4, $ALSO4, 10.67.0.1" OURS6="$HERE6, $ALSO6, fd67::1"

oracle_new() { ORACLE_IN='' ORACLE_OUT='' ORACLE_COUNTERS=''; }

oracle_in() { # NAME MATCH: packets that arrive
	ORACLE_COUNTERS+=" counter o_$1.in { }"$'\n'
	ORACLE_IN+="  @IN@ $2 counter name \"o_$1.in\""$'\n'
}
oracle_out() { # NAME MATCH: packets that leave
	ORACLE_COUNTERS+=" counter o_$1.out { }"$'\n'
	ORACLE_OUT+="  @OUT@ $2 counter name \"o_$1.out\""$'\n'
}
oracle_also_in() { ORACLE_IN+="  @IN@ $2 counter name \"o_$1.in\""$'\n'; }   # NAME MATCH: one more rule for a counter
oracle_also_out() { ORACLE_OUT+="  @OUT@ $2 counter name \"o_$1.out\""$'\n'; }

oracle_port() { # NAME PORTS [PROTOCOLS [OUR_IPV4 [OUR_IPV6]]]: a port entry, or an address entry with ports
	local protocols=${3:-tcp, udp} four=${4-$OURS4} six=${5-$OURS6}
	ORACLE_COUNTERS+=" counter o_$1.in { }"$'\n'" counter o_$1.out { }"$'\n'
	if [ -n "$four" ]; then
		oracle_also_in "$1" "meta l4proto { $protocols } th dport { $2 } ip daddr { $four }"
		oracle_also_out "$1" "meta l4proto { $protocols } th sport { $2 } ip saddr { $four }"
	fi
	if [ -n "$six" ]; then
		oracle_also_in "$1" "meta l4proto { $protocols } th dport { $2 } ip6 daddr { $six }"
		oracle_also_out "$1" "meta l4proto { $protocols } th sport { $2 } ip6 saddr { $six }"
	fi
}
oracle_address() { # NAME IPV4S IPV6S: an address entry without ports; either list may be empty
	ORACLE_COUNTERS+=" counter o_$1.in { }"$'\n'" counter o_$1.out { }"$'\n'
	[ -z "$2" ] || { oracle_also_in "$1" "ip daddr { $2 }"; oracle_also_out "$1" "ip saddr { $2 }"; }
	[ -z "$3" ] || { oracle_also_in "$1" "ip6 daddr { $3 }"; oracle_also_out "$1" "ip6 saddr { $3 }"; }
}
oracle_total() { # [NAME]: every IP packet
	oracle_in "${1:-.total}" 'meta protocol { ip, ip6 }'
	oracle_out "${1:-.total}" 'meta protocol { ip, ip6 }'
}

oracle_load() { # here|peer|behind [DEVICES]: starts counting from 0; devices as "a, b". `behind`: here, and only what our chains let pass
	local into='' device arrives leaves first=-310 last=250
	if [ "$1" = peer ]; then
		into=in_peer device=${2:-$FAR}
		# what leaves the peer arrives here
		arrives="oifname { $device }" leaves="iifname { $device }"
	else
		device=${2:-$DEV} arrives="iifname { $device }" leaves="oifname { $device }"
	fi
	local pre=$ORACLE_IN post=$ORACLE_OUT
	[ "$1" != peer ] || { pre=$ORACLE_OUT post=$ORACLE_IN; }
	[ "$1" != behind ] || { first=-250 last=210; }
	{
		echo "table inet oracle { }"
		echo "delete table inet oracle"
		echo "table inet oracle {"
		printf '%s' "$ORACLE_COUNTERS"
		echo " chain pre {"
		echo "  type filter hook prerouting priority $first"
		printf '%s' "$pre"
		echo " }"
		echo " chain post {"
		echo "  type filter hook postrouting priority $last"
		printf '%s' "$post"
		echo " }"
		echo "}"
	} | sed -e "s/@IN@/$arrives/" -e "s/@OUT@/$leaves/" >"$WORK/oracle.nft"
	$into nft -f "$WORK/oracle.nft" || { fail "the oracle loads"; return 1; }
}

oracle_read() { # here|peer|behind -> lines "NAME DIRECTION bytes packets"
	local into=''
	[ "$1" != peer ] || into=in_peer
	$into nft list counters table inet oracle | awk '
		/counter o_/ { name = $2; sub(/^o_/, "", name); dir = name; sub(/.*\./, "", dir); sub(/\.[a-z]*$/, "", name) }
		/packets/ { print name, dir, $4, $2 }'
}
status_read() { # -> lines "NAME DIRECTION bytes packets raw_bytes raw_packets"
	pf status --json >"$WORK/status.json" 2>"$WORK/status.err" || { cat "$WORK/status.err"; return 1; }
	"$PYTHON" -SE "$SYSTEM/lib/figures.py" figures "$WORK/status.json"
}
figure() { # NAME in|out [bytes|packets|raw_bytes|raw_packets] -> one number of status
	local column=3
	case ${3:-bytes} in packets) column=4 ;; raw_bytes) column=5 ;; raw_packets) column=6 ;; esac
	status_read | awk -v n="$1" -v d="$2" -v c=$column '$1 == n && $2 == d { print $c; found = 1 } END { if (!found) print -1 }'
}
truth() { # here|peer|behind NAME in|out -> bytes of the oracle
	oracle_read "$1" | awk -v n="$2" -v d="$3" '$1 == n && $2 == d { print $3 }'
}

matches() { # here|peer|behind raw|wire: status says what the oracle says, to the byte, for every name of the oracle; else $WORK/agree.log
	local place=$1 mode=$2 before after tries=8
	while :; do
		before=$(oracle_read "$place")
		status_read >"$WORK/status.lines" || { cp "$WORK/status.err" "$WORK/agree.log"; return 1; }
		after=$(oracle_read "$place")
		[ "$before" != "$after" ] || break
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { echo "the traffic does not come to rest" >"$WORK/agree.log"; return 1; }
		sleep 0.1
	done
	printf '%s\n' "$before" | awk -v mode="$mode" '
		FILENAME != "-" { seen[$1 " " $2] = $5 " " $6; wire[$1 " " $2] = $3 " " $4; next }
		{ k = $1 " " $2; n++ }
		!(k in seen) { print k ": the oracle has " $3 " bytes, status has no such line"; bad = 1; next }
		seen[k] != $3 " " $4 { print k ": bytes packets " seen[k] ", the oracle " $3 " " $4; bad = 1; next }
		mode == "wire" && wire[k] != $3 " " $4 { print k ": wire bytes packets " wire[k] ", the oracle " $3 " " $4; bad = 1 }
		END { if (!n) { print "the oracle is empty"; bad = 1 } exit bad }' "$WORK/status.lines" - >"$WORK/agree.log"
}
agree() { # DESCRIPTION here|peer|behind [wire]: matches, after the traffic has come to rest.
	# With `wire` the wire-true figures are compared too (with exact segments they are the raw ones).
	settle
	if matches "$2" "${3:-raw}"; then
		pass "$1"
	else
		fail "$1" "$(cat "$WORK/agree.log")"
		return 1
	fi
}
sum_holds() { # DESCRIPTION: entries + forwarded + rest = total
	settle
	pf status --json >"$WORK/status.json" 2>"$WORK/status.err"
	ok "$1" "$PYTHON" -SE "$SYSTEM/lib/figures.py" sum "$WORK/status.json"
}
