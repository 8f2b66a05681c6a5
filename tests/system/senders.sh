#!/bin/bash
# Whose packets pass every block and limit, by single users and ports: those of the service user, the questions of who resolves names for it,
# and the answers to both. What packets leave in our sets moves nothing that is known of the table; what somebody alters there is mended.
# messages.sh has the messages themselves.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1
# shellcheck source=lib/users.sh
. "$SYSTEM/lib/users.sh"
echo 46 >"$NET/families"
start names in_peer "$PYTHON" "$SYSTEM/lib/outside.py" names "$NET" "$THERE4" "$THERE6"
start take in_peer "$PYTHON" "$SYSTEM/lib/outside.py" take 443

# shellcheck disable=SC2120 # lib/users.sh passes one
config() { # [LIMIT_METHOD], stdin: sections; what is told is nothing that happens here, so that no message mixes in
	{
		printf '[portflow]\ninterface = %s\ntimezone = UTC\nnotify = web\nlimit_method = %s\n' "$DEV" "${1:-auto}"
		cat
		printf '[notify web]\ntype = webhook\nurl = https://good.test/ok\nevents = cycle\n'
	} | ini
}
rules() { nft -s list table inet portflow 2>/dev/null | grep -Ec 'skuid|answer'; }

# -- only where it is of use ------------------------------------------------------------------------------------------------------
config <<-END
	[interface machine]
	quota = 200KB
END
pf_ok apply
is "nothing is limited: no rule for messages" "$(rules)" 0
config <<-END
	[interface machine]
	limit_out = 100mbit
END
ini_sed '/^notify = /d; /^\[notify/,$d'
pf_ok apply
is "no target: no rule for messages" "$(rules)" 0
printf '[notify program]\ntype = exec\ncommand = /bin/true\n' >>"$INI"
pf_ok apply
is "a program alone: no rule for messages" "$(rules)" 0
fresh

# -- blocked ----------------------------------------------------------------------------------------------------------------------
config <<-END
	[interface machine]
	quota = 200KB
	quota_action = block
END
pf_ok apply
is "before the block everybody passes" "$(reach $OTHER $THERE4 443) $(reach $SENDER $THERE6 443)" "yes yes"
udp_in 4 9 220 972
pf_ok sample
for family in 4 6; do
	there=$(there $family)
	is "IPv$family, blocked: the service user exchanges what it wants" "$(post $SENDER "$there" 443) $(ask $SENDER "$there")" "yes yes"
	is "... nobody else does, root neither" "$(reach $OTHER "$there" 443) $(reach 0 "$there" 443)" "no no"
	is "... nor is anybody else told a name" "$(ask $OTHER "$there") $(ask 0 "$there")" "no no"
done

oracle_in udp "meta l4proto udp"
oracle_load behind
ok "the service user sends from port 40000 to port 5000" as $SENDER "$TOOLS/datagram" -d $THERE4 -s 40000 -p 5000 -c 1 -l 100 -e
passed() { nft list counter inet oracle o_udp.in | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }
stray() { # FROM_PORT TO_PORT [ADDRESS]: how many of ten packets of the server come in
	local before
	before=$(passed)
	in_peer "$TOOLS/datagram" -d "${3:-$HERE4}" -s "$1" -p "$2" -c 10 -l 100 -e >/dev/null 2>&1
	settle
	echo $(($(passed) - before))
}
is "what the server sends to the very port comes in" "$(stray 5000 40000)" 10
is "... not to another port" "$(stray 5000 40001)" 0
is "... nor from another port" "$(stray 5001 40000)" 0
is "... nor over the other family" "$(stray 5000 40000 $HERE6)" 0

# -- nothing of it moves what is known of the table ----------------------------------------------------------------------------------
pf_ok sample
nft -e monitor >"$NET/monitor" 2>&1 &
monitor=$!
wait_for "awk '\$2 == 12 && \$4 ~ /40\$/ { found = 1 } END { exit !found }' /proc/net/netlink"
was=$(generation) were=$(elements answer6)
for family in 4 6; do
	is "the service user asks over IPv$family" "$(ask $SENDER "$(there $family)")" yes
done
is "elements come without a new generation" "$(generation) $(elements answer6)" "$was $((were + 1))"
pf_run sample
is "a sample finds nothing to do" "$rc $out $err" "0  "
pf_run apply --json
like "an apply neither" "$out" '"changes":0'
is "... nothing was sent" "$(generation)" "$was"
kill $monitor
wait $monitor 2>/dev/null
is "... and nobody heard of anything" "$(cat "$NET/monitor")" ""
{ echo "flush ruleset"; nft list ruleset; } >"$NET/saved"
is_ge "a saved table holds elements" "$(grep -c 'expires' "$NET/saved")" 1
ok "... and can be loaded" nft -f "$NET/saved"
pf_ok sample
pf_run apply --json
like "... as what it was" "$out" '"changes":0'
is "still blocked, still open for messages" "$(reach $OTHER $THERE4 443) $(reach $SENDER $THERE4 443)" "no yes"

# -- mended ---------------------------------------------------------------------------------------------------------------------
listing() { # without what comes and goes
	nft 'flush set inet portflow answer4; flush set inet portflow answer6'
	nft -s list table inet portflow | sed '/counter canary {/,/^$/d' | sort # a set made anew comes last
}
whole=$(listing)
handle() { nft -a list chain inet portflow "$1" | sed -n "s/.*$2.*# handle //p" | head -n 1; }
damage() { # DESCRIPTION COMMAND...
	ok "damage: $1" sh -c "${*:2}"
	pf_ok sample
	is "... is mended" "$(listing)" "$whole"
	pf_run apply --json
	like "... wholly" "$out" '"changes":0'
	is "... and messages pass" "$(reach $SENDER $THERE4 443) $(reach $OTHER $THERE4 443)" "yes no"
}
damage "the rule of the user goes" "nft delete rule inet portflow enforce_out handle $(handle enforce_out skuid)"
damage "another user instead" "nft replace rule inet portflow enforce_out handle $(handle enforce_out skuid) meta skuid $OTHER goto message_out"
damage "the rule that lets answers in goes" "nft delete rule inet portflow enforce_in handle $(handle enforce_in answer4)"
damage "nothing is noted" "nft flush chain inet portflow message_out"
damage "noted for ever" "nft 'flush chain inet portflow message_out; delete rule inet portflow enforce_in handle $(handle enforce_in answer4); delete set inet portflow answer4; add set inet portflow answer4 { type ipv4_addr . inet_service . inet_service; size 8192; flags dynamic,timeout; timeout 1h; }; add rule inet portflow enforce_in ip saddr . th sport . th dport @answer4 accept'"
damage "a time of its own" "nft replace rule inet portflow message_out handle $(handle message_out answer4) update @answer4 '{ ip daddr . th dport . th sport timeout 1h }'"


# -- who resolves names --------------------------------------------------------------------------------------------------------------
resolv 127.0.0.53
start relay "$PYTHON" "$SYSTEM/lib/outside.py" relay 127.0.0.53 $THERE4 $RESOLVER late
pf_ok apply
for family in 4 6; do
	there=$(there $family)
	is "IPv$family: the resolver's user asks, and does nothing else" "$(ask $RESOLVER "$there") $(reach $RESOLVER "$there" 443)" "yes no"
	is "... others do not" "$(ask $OTHER "$there") $(ask $SENDER "$there")" "no yes"
done
is "so names are resolved" "$(ask $OTHER 127.0.0.53)" yes
pf_run sample
is "a sample finds nothing to do" "$rc $out $err" "0  "

# -- limits -----------------------------------------------------------------------------------------------------------------------------
limited() { # DESCRIPTION
	flood
	is "$1: the service user is not held up" "$(post $SENDER $THERE4 443)" yes
	is "... anybody else is" "$(post $OTHER $THERE4 443)" no
}
fresh
policed
fresh
config <<-END
	[interface machine]
	limit_out = 8kbit
END
pf_ok apply
limited "what goes out waits at 8 kbit"
fresh
tc qdisc del dev "$DEV" root 2>/dev/null
throttled
fresh
config <<-END
	[port own]
	ports = 1024-65535
	expires = 2020-01-01
END
pf_ok apply
is "expired" "$(reach $SENDER $THERE4 443) $(reach $OTHER $THERE4 443)" "yes no"
done_testing
