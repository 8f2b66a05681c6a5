#!/bin/bash
# Limits of what comes in as classes of HTB on ifb-portflow: the right packets wait there, at their rate, and are counted once they have passed;
# whatever happens to that device, its tree or the table that sends packets there, traffic goes on at the next run at the latest; what is
# somebody else's is left; a refusal leaves what was there. What tc, ip and nft show is the truth.
# shellcheck disable=SC2086,SC2317 # names without blanks; functions that conditions call
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
heavy
command -v tc >/dev/null || skip_all "tc is not installed"
net_up && second_device && routed_guest || exit 1
for into in '' in_peer; do $into nft delete table inet sink; done
trap 'kill $(jobs -p) 2>/dev/null; exit 143' TERM INT HUP
IFB=ifb-portflow
in_peer ethtool -K "$FAR" tso off gso off >/dev/null 2>&1 # what passes a hook is what was on the wire

if tc qdisc add dev "$DEV2" root fq_codel 2>/dev/null; then LEAF=fq_codel; else LEAF=bfifo; fi
tc qdisc del dev "$DEV2" root 2>/dev/null
has_htb || skip_all "this kernel has no HTB"
has_ifb || skip_all "this kernel has no IFB"

# -- what is there ------------------------------------------------------------------------------------------------------
classes() { # "1<fffe 20Mbit bfifo": minor, parent, ceil, queue
	{
		tc qdisc show dev $IFB | sed -n 's/^qdisc \([a-z_]*\) .* parent 7067:\([0-9a-f]*\) .*/leaf \2 \1/p'
		tc class show dev $IFB
	} 2>/dev/null | awk '$1 == "leaf" { leaf[$2] = $3; next } $2 != "htb" { next } # fq_codel shows flows as classes
		{ sub("7067:", "", $3); parent = $4 == "root" ? "root" : $5; sub("7067:", "", parent)
		  for (i = 1; i < NF; i++) if ($i == "ceil") ceil = $(i + 1)
		  print $3 "<" parent, ceil, leaf[$3] }' | sort
}
sent() { tc -s class show dev $IFB | sed -n "/^class htb 7067:$1 /{n;s/.*Sent \([0-9]*\) bytes.*/\1/p;}"; } # MINOR: bytes that passed
waiting() { # MINOR: bytes in its queue
	tc -s class show dev $IFB | sed -n "/^class htb 7067:$1 /{n;n;s/.*backlog \([0-9]*\)\([KM]\{0,1\}\)b .*/\1\2/p;}" | numfmt --from=si
}
passed() { # MINOR: sent, once nothing waits any more
	wait_for "[ \"\$(waiting $1)\" = 0 ]" 20
	sent "$1"
}
table() { nft -s list table netdev portflow 2>/dev/null; }
state() { # all of it, without the mark of the run
	classes
	tc filter show dev $IFB 2>/dev/null
	ip link show $IFB 2>/dev/null | sed -n 's/.*<\(.*\)>.*/\1/p; s/.*alias/alias/p'
	table
	nft -s list table inet portflow | grep -v -e counter -e comment -e '^$' | sort
}
nothing_to_do() { # DESCRIPTION
	local writes
	writes=$(strace -f -qq -s 64 -e trace=sendmsg,sendto,sendmmsg "$PORTFLOW" -c "$INI" apply --json 2>&1 >"$WORK/json" |
		grep -c -E 'BATCH_BEGIN|RTM_(NEW|DEL)|0x(24|25|28|29)')
	is "$1: nothing is sent" "$writes $(sed 's/.*"changes":\([0-9]*\).*/\1/' "$WORK/json")" "0 0"
}
counted() { # NAME DIRECTION
	pf status --json | "$PYTHON" -c 'import json, sys
for e in json.load(sys.stdin)["entries"]:
    if e["name"] == sys.argv[1]: print(e[sys.argv[2]]["bytes"])' "$1" "$2"
}
nft -f - <<END
table inet arrived { # what reached the machine, behind everything of ours
	chain in {
		type filter hook input priority 200
		udp dport 1-65535 counter
		udp dport 5206 counter
		tcp dport 5201 counter
	}
}
END
arrived() { nft list table inet arrived | sed -n "s/.*dport $1 counter packets \([0-9]*\) bytes.*/\1/p"; } # PORTS: packets
arrived_bytes() { nft list table inet arrived | sed -n "s/.*dport $1 counter packets [0-9]* bytes \([0-9]*\).*/\1/p"; }
devices_before=$(ip -o link | wc -l)

# -- made ---------------------------------------------------------------------------------------------------------------
ini <<END
[portflow]
timezone = UTC
limit_method = shape
interface = $DEV
[port web]
ports = 5201, 8000-8999
limit_in = 20mbit
[port udp]
ports = 5206
protocols = udp
limit_in = 10mbit
limit_out = 10mbit
[port free]
ports = 5205
[address also]
addresses = $ALSO4, $ALSO6
limit_in = 50mbit
[interface nic]
limit_in = 900mbit
END
exits "plan: changes are pending" 2 plan
like "plan tells of the device" "$out" "\+ device $IFB +what comes in waits in queues there"
is "... and makes none" "$(ip -o link | wc -l)" "$devices_before"
pf_ok -v apply
sed -n 's/.*\[#\] //p' <<<"$err" | grep -E "$IFB|netdev" >"$WORK/commands"
wanted=$(printf '%s\n' "1<fffe 20Mbit $LEAF" "2<fffe 10Mbit $LEAF" "3<fffe 50Mbit $LEAF" "fffe<root 1Tbit ")
is "a class an entry below the one of all" "$(classes)" "$wanted"
like "the device is ours and up" "$(ip link show $IFB | tr '\n' ' ')" '<.*UP.*qlen 1000.*alias portflow'
is "... and has no address of its own" "$(ip -6 -o addr show dev $IFB)" ""
like "the table hooks the device" "$(table)" "hook ingress device \"$DEV\""
is "a number is an entry's in both directions" "$(nft list map inet portflow class_udp_out | grep -c '5206 : 7066:2')" 1
is "a whole interface is policed, an address that shares packets too, and what comes past a queue" \
	"$(nft list limits table inet portflow | sed -n 's/.*limit \(.*\) {/\1/p' | sort | tr '\n' ' ')" "g_udp.in g_udp.out g_web.in l_also.in l_nic.in "
is "no filter" "$(tc filter show dev $IFB; tc filter show dev "$DEV" ingress 2>/dev/null)" ""
nothing_to_do "apply again"
kept() { # what status says that the kernel has of web's limit
	pf status --json | "$PYTHON" -c 'import json, sys
d = json.load(sys.stdin); print(*[(e["limit"]["in"], e["limit"]["method_in"]) for e in d["entries"] if e["name"] == "web"], d["kernel"]["differs"])'
}
altered() { # DESCRIPTION WANT COMMAND...: status has what is there, the next run mends it
	local what=$1 want=$2
	shift 2
	ok "$what" "$@"
	is "... status has it as it is" "$(kept)" "$want True"
	pf_run sample
	is "... and mended" "$(kept)" "(20000000, 'shape') False"
}
is "status: it waits there" "$(kept)" "(20000000, 'shape') False"
altered "the device taken down" "(None, None)" ip link set $IFB down
altered "its root deleted" "(None, None)" tc qdisc del dev $IFB root
altered "a class changed" "(1000000, 'shape')" tc class change dev $IFB parent 7067:fffe classid 7067:1 htb rate 8kbit ceil 1mbit quantum 1500
altered "its table deleted" "(None, None)" nft delete table netdev portflow
altered "an element taken out of it" "(None, None)" nft delete element netdev portflow class_tcp '{ 5201 }'
altered "the chain emptied that sends packets there" "(None, None)" nft flush chain netdev portflow mine
altered "the hook taken away" "(None, None)" nft "flush chain netdev portflow in_1; delete chain netdev portflow in_1"
altered "another chain put into it" "(20000000, 'shape')" nft add chain netdev portflow other
before=$(table; classes)
nft delete table netdev portflow
ip link del $IFB
ok "a shell takes the commands of -v" sh -e "$WORK/commands"
is "... and makes the same" "$(table; classes)" "$before"
pf_ok apply

# -- which packets ------------------------------------------------------------------------------------------------------
udp_in 4 5206 20 1000
is "a packet for the port waits in its class" "$(passed 2)" $((20 * 1042))
udp_in 6 8500 10 1000
is "a packet for the range in that of its entry, IPv6" "$(passed 1)" $((10 * 1062))
udp_in 4 7777 10 1000 -d $ALSO4
is "a packet for the address in that of the address" "$(passed 3)" $((10 * 1042))
udp_in 4 5206 10 1000 -d $ALSO4
is "what both cover in the port's" "$(passed 2) $(passed 3)" "$((30 * 1042)) $((10 * 1042))"
is "all of them arrive, once" "$(arrived 1-65535)" 50
is "... and are counted" "$(counted udp in) $(counted web in) $(counted also in)" "$((30 * 1028)) $((10 * 1048)) $((20 * 1028))"
sum=$(sent fffe)
udp_in 4 5205 10 1000
"$TOOLS/transfer" -C "$PEERNS" -a $ALSO4 -p 22 -u 10000 -d 1000 >/dev/null
in_peer ping -q -c 3 -i 0.2 $ALSO4 >/dev/null
in_peer ping -q -c 3 -i 0.2 $ALSO6 >/dev/null
udp_in 4 68 3 300 -d $ALSO4 -s 67
udp_in 4 5206 10 1000 -d 10.68.0.2
is "a free port, SSH, ICMP, DHCP and a guest's port do not" "$(sent fffe)" "$sum"
nft -f - <<END
table netdev mine {
	chain in {
		type filter hook ingress device "$DEV" priority 500
		udp dport 8600 drop
	}
}
END
was=$(arrived 1-65535)
udp_in 4 8600 10 100
udp_in 4 8601 10 100
is "a filter that somebody has at the same hook is not evaded" "$(passed 1 >/dev/null; arrived 1-65535)" $((was + 10))
nft delete table netdev mine
if ip link add link "$DEV" name vl$ID type vlan id 7 2>/dev/null; then
	ip -n "$PEER" link add link "$FAR" name vf$ID type vlan id 7
	ip addr add 10.69.0.1/24 dev vl$ID && ip link set vl$ID up
	ip -n "$PEER" addr add 10.69.0.9/24 dev vf$ID && ip -n "$PEER" link set vf$ID up
	ini_sed "s/^interface = $DEV\$/&, vl$ID/"
	pf_ok apply
	sum=$(sent 2)
	udp_in 4 5206 10 1000 -d 10.69.0.1
	is "a VLAN's packets wait once" "$(($(passed 2) - sum))" $((10 * 1042))
	ini_sed "s/^interface = .*/interface = $DEV/"
	ip link del vl$ID
	pf_ok apply
else
	skip "a VLAN's packets wait once" "this kernel has no VLANs"
fi

# -- rates --------------------------------------------------------------------------------------------------------------
rate_of() { # MINOR MS: bit/s that leave the class over that time
	local from to start end
	from=$(sent "$1") start=$(date +%s%N)
	sleep "$(awk -v m="$2" 'BEGIN { print m / 1000 }')"
	to=$(sent "$1") end=$(date +%s%N)
	if [ -z "$from" ] || [ -z "$to" ]; then echo 0; return; fi
	echo $(((to - from) * 8000000000 / (end - start)))
}
settled() { # MINOR MBIT: the class gives its rate within 5 %, measured over half a second
	local r
	r=$(rate_of "$1" 500)
	[ "$r" -ge $(($2 * 950000)) ] && [ "$r" -le $(($2 * 1050000)) ]
}
stream() { # PORT SECONDS: TCP to a port as fast as it goes; pid in $streamer
	iperf3 -s -1 -p "$1" >/dev/null 2>&1 &
	wait_for "ss -Hltn 'sport = :$1' | grep -q ." || return 1
	nsenter --net="$PEERNS" iperf3 -c "${3:-$HERE4}" -p "$1" -t "$2" >/dev/null 2>&1 &
	streamer=$!
}
rests() { # until nothing of port 5201 arrives any more
	local last=-1 now
	while now=$(arrived_bytes 5201); [ "$now" != "$last" ]; do last=$now; sleep 0.3; done
}
start=$(date +%s%N) was=$(arrived_bytes 5206) ours=$(counted udp in)
pids=
for _ in 1 2 3 4 5 6 7 8; do # four times the limit, from more sockets than the queue has room for what they may have in flight
	"$TOOLS/datagram" -n "$PEERNS" -d $HERE4 -p 5206 -c 4000 -l 1000 -r 625 >/dev/null &
	pids="$pids $!"
done
# shellcheck disable=SC2086 # several
wait $pids
passed 2 >/dev/null
took=$((($(date +%s%N) - start) / 1000000)) there=$(($(arrived_bytes 5206) - was)) ours=$(($(counted udp in) - ours))
is "UDP far over its limit: what arrived is what was counted" "$ours" "$there"
is_le "... no more than the limit allows" "$there" $((1250 * took + 131072))
is_ge "... and no less" "$there" $((1250 * (took - 500) * 94 / 100))
if command -v iperf3 >/dev/null; then
	was=$(arrived_bytes 5201) ours=$(counted web in)
	stream 5201 600
	ok "20 mbit are 20 mbit" wait_for 'settled 1 20' 10
	ini_sed 's/^limit_in = 20mbit/limit_in = 60mbit/'
	before=$(nft -a list table netdev portflow | sed -n '1s/.*handle//p')
	pf_ok apply
	like "a rate is changed in place: told" "$out" "~ device $IFB +1 queue changed"
	ok "... and the connection goes on at 60" wait_for 'settled 1 60' 10
	is "... with the same table" "$(nft -a list table netdev portflow | sed -n '1s/.*handle//p')" "$before"
	ini_sed 's/^limit_in = 60mbit/limit_in = 20mbit/'
	pf_ok apply

	# -- what happens to it ---------------------------------------------------------------------------------------------
	healed() { # DESCRIPTION COMMAND...: during a transfer; the next run mends it, tells it, and the transfer goes on
		local what=$1 before now
		before=$(state)
		shift
		"$@" >"$WORK/damage" 2>&1 || { fail "$what" "$*: $(cat "$WORK/damage")"; return; }
		pf_run sample
		like "$what: is told" "$err" 'had altered|is made anew|was gone'
		is "$what: is mended" "$(state)" "$before"
		now=$(arrived_bytes 5201)
		ok "... and the transfer goes on" wait_for "[ \"\$(arrived_bytes 5201)\" -gt $((now + 200000)) ]" 20
		pf_run sample
		is "... once" "$rc$err" "0"
	}
	healed "the device taken down" ip link set $IFB down
	healed "the device deleted" ip link del $IFB
	remade() { ip link del $IFB && ip link add $IFB type ifb && ip link set $IFB up; }
	healed "the device made anew by somebody" remade
	copied() { # in every detail: only its number is another, which the table sends to no more
		ip link del $IFB && sed -n '/netdev/!p' "$WORK/commands" >"$WORK/copy" && sh -e "$WORK/copy"
	}
	healed "the device made anew as it was" copied
	healed "its mark taken away" ip link set $IFB alias ''
	healed "its root deleted" tc qdisc del dev $IFB root
	foreign() { tc qdisc replace dev $IFB root handle 8: pfifo limit 9; }
	healed "another root put on it" foreign
	healed "a class deleted" tc class del dev $IFB classid 7067:2
	healed "a class changed" tc class change dev $IFB parent 7067:fffe classid 7067:1 htb rate 1mbit ceil 1mbit quantum 1500
	if tc filter add dev $IFB parent 7067: protocol ip prio 5 u32 match u32 0 0 flowid 7067:0 2>/dev/null; then
		tc filter del dev $IFB parent 7067:
		healed "a filter of tc put on its root" tc filter add dev $IFB parent 7067: protocol ip prio 5 u32 match u32 0 0 flowid 7067:0
	else
		skip "a filter of tc put on its root" "this kernel has no u32"
	fi
	healed "its table deleted" nft delete table netdev portflow
	healed "a rule that drops all put into it" nft insert rule netdev portflow sort drop
	healed "an element taken out of it" nft delete element netdev portflow class_tcp '{ 5201 }'
	ok "the rate is what it was" wait_for 'settled 1 20' 10
	nft -s list table inet arrived >"$WORK/arrived"
	wrote=$(nft -a list table netdev portflow | sed -n '1s/.*handle//p')
	for _ in $(seq 20); do
		ip link add flap$ID type veth peer name palf$ID
		ip addr add 10.70.0.1/24 dev flap$ID
		pf_run sample
		ip link del flap$ID
	done
	is "devices that come and go elsewhere: nothing is written" "$(nft -a list table netdev portflow | sed -n '1s/.*handle//p')" "$wrote"

	# -- another method, under traffic ----------------------------------------------------------------------------------
	ini_sed 's/^limit_method = shape/limit_method = auto/'
	exits "auto: plan" 2 plan
	like "... tells that the device goes" "$out" "- device $IFB +goes"
	pf_ok apply
	is "auto polices what comes in: nothing is left" "$(ip link show $IFB 2>&1 | grep -c 'does not exist') $(table | wc -l)" "1 0"
	like "... and polices it" "$(nft list map inet portflow police_tcp_in)" '5201 : "l_web.in"'
	now=$(arrived_bytes 5201)
	ok "the transfer goes on" wait_for "[ \"\$(arrived_bytes 5201)\" -gt $((now + 200000)) ]" 20
	ini_sed 's/^limit_method = auto/limit_method = shape/'
	pf_ok apply
	is "shape again" "$(classes)" "$wanted"
	ok "... at the rate" wait_for 'settled 1 20' 10
	kill $streamer
	wait $streamer 2>/dev/null
	rests
	is_near "all the time what was counted arrived" $(($(counted web in) - ours)) $(($(arrived_bytes 5201) - was)) 3
	stream 5201 2 $HERE6
	ok "the same over IPv6" wait_for 'settled 1 20' 10
	wait $streamer
else
	skip "rates under traffic" "iperf3 is not installed"
fi
nothing_to_do "after all that"

# -- devices ------------------------------------------------------------------------------------------------------------
ini_sed "s/^interface = $DEV\$/interface = $DEV, $DEV2, late$ID/"
pf_ok apply
is "each device has a hook" "$(table | grep -c "hook ingress device \"\($DEV\|$DEV2\)\"")" 2
ip link add late$ID type veth peer name etal$ID
ip link set late$ID up
pf_run sample
is "a device that appears has it at the next run" "$rc$err $(table | grep -c "hook ingress device \"late$ID\"")" "0 1"
nothing_to_do "with three devices"
ip link del late$ID
pf_run sample
is "a device that goes is no trouble" "$rc $(table | grep -c 'hook ingress device')" "0 2"
udp_in 4 5206 5 1000
is "... to the others" "$(passed 2 >/dev/null; pf sample; classes)" "$wanted"
for name in moved$ID "$DEV2"; do
	dev=$(ip -o addr show to 10.67.0.1 | awk '{ print $2 }')
	ip link set $dev name $name 2>/dev/null || { ip link set $dev down && ip link set $dev name $name && ip link set $name up; } # before 6.2
	pf_run sample
	is "a device that is named $name: hooks are by name" "$rc $(table | grep -c "hook ingress device \"$DEV2\"")" "0 $([ $name = "$DEV2" ] && echo 1 || echo 0)"
done
was=$(sent 2)
in_peer "$TOOLS/datagram" -d 10.67.0.1 -p 5206 -c 5 -l 1000 >/dev/null
is "... and it shapes again" "$(($(passed 2) - was))" $((5 * 1042))
ini_sed "s/^interface = .*/interface = $DEV/"
pf_ok apply

# -- somebody else's ----------------------------------------------------------------------------------------------------
events=$(pf events | wc -l)
pf_ok down
is "down tells of no damage" "$(pf events | wc -l)" "$events"
is "down: nothing is left" "$(ip -o link | wc -l) $(nft list tables | grep -c portflow)" "$devices_before 0"
ip link add $IFB type veth peer name other$ID
exits "another device of that name is an error" 78 apply
like "... that names it and the ways out" "$err" "$IFB is somebody else's \(veth\).*rename or delete it.*limit_method = police"
is "... and stays" "$(ip -o link show type veth dev $IFB | wc -l) $(nft list tables | grep -c portflow)" "1 0"
ini_sed 's/^limit_method = shape/limit_method = auto/'
pf_ok apply
ini_sed 's/^limit_method = auto/limit_method = shape/'
pf_run sample
is "a timer goes on without" "$rc $(table | wc -l)" "0 0"
like "... and says so" "$err" "$IFB is somebody else's"
ip link del $IFB
pf_ok sample
is "once it is gone, what comes in is shaped" "$(classes)" "$wanted"
pf_ok down
nft add table netdev portflow
exits "another table of that name is an error" 78 apply
like "... that says so" "$err" 'table netdev portflow that portflow did not make'
is "... and stays" "$(nft list tables | grep -c 'netdev portflow')" 1
pf_ok down
is "... down leaves it too" "$(nft list tables | grep -c 'netdev portflow')" 1
nft delete table netdev portflow
pf_ok apply

crowd() { # as many hooks as a device can have
	{
		echo 'add table netdev crowd'
		seq -f "add chain netdev crowd c%g { type filter hook ingress device $DEV priority 0; }" 1 1024
	} >"$WORK/crowd"
	nft -f "$WORK/crowd"
}
pf_ok down
crowd || fail "a crowd of hooks"
pf_run apply
is_not() { if [ "$2" != "$3" ]; then pass "$1"; else fail "$1" "got $2"; fi; }
is_not "the kernel takes no more hooks: an error" "$rc" 0
like "... that tells of what" "$err" 'rules that shape what comes in'
is "... and nothing is left" "$(ip -o link | wc -l) $(nft list tables | grep -c portflow)" "$devices_before 0"
ini_sed 's/^limit_method = shape/limit_method = auto/'
pf_ok apply
ini_sed 's/^limit_method = auto/limit_method = shape/'
pf_run sample
is "a timer polices what comes in" "$rc $(table | wc -l) $(nft list map inet portflow police_tcp_in | grep -c 5201)" "0 0 1"
like "... and says so" "$err" 'what comes in is policed until the next run'
nft delete table netdev crowd
pf_ok sample
is "... until there is room" "$(classes)" "$wanted"

# -- refusals half-way --------------------------------------------------------------------------------------------------
reachable() { # a packet for a port with a limit arrives
	local was
	was=$(arrived 5206)
	udp_in 4 5206 1 100
	wait_for "[ \"\$(arrived 5206)\" -gt $was ]" 2
}
put() { cp "$1" "$INI.again" && put_ini "$INI.again"; } # FILE: is the INI, and stays
try_all() { # WHAT OLD_INI NEW_INI: whatever is refused on the way from one to the other, it works, and is what it was, or lacks only the last steps
	local n call rc broken=0 refused=0 old new step=$((SLOW > 1 ? 12 : 4))
	put "$3"
	pf_ok apply
	new=$(state)
	put "$2"
	pf_ok apply
	old=$(state)
	for n in $(seq 1 $step 61) $(seq -f s%g 1 $step 61); do # an answer that is lost, a message that is not sent
		put "$3"
		case $n in s*) call=sendmsg ;; *) call=recvmsg ;; esac
		strace -f -qq -o /dev/null -e trace=$call -e inject=$call:error=ENOBUFS:when="${n#s}" "$PORTFLOW" -c "$INI" apply >/dev/null 2>"$WORK/refused"
		rc=$?
		refused=$((refused + (rc != 0)))
		reachable || rc=works
		[ $rc = 0 ] || [ "$(state)" = "$old" ] || { pf sample >/dev/null 2>&1; [ "$(state)" = "$new" ] || rc=left; }
		case $rc in works | left)
			broken=$((broken + 1))
			note "$1, $call $n: $rc: $(cat "$WORK/refused")"
			;;
		esac
		put "$2"
		pf_ok apply
	done
	is_ge "$1: some were refused" $refused 1
	is "$1: whatever is refused, packets arrive, and what was there is there, or what comes at the next run" $broken 0
}
cp "$INI" "$WORK/shaped"
sed 's/limit_in = 10mbit/limit_in = 12mbit/; s/^limit_in = 50mbit/limit_in = 15mbit/; s/^ports = 5205.*/&\nlimit_in = 1mbit/' "$INI" >"$WORK/other"
sed '/^limit_in/d; /^\[interface nic/d' "$INI" >"$WORK/none"
try_all "an edit" "$WORK/shaped" "$WORK/other"
try_all "the first limit" "$WORK/none" "$WORK/shaped"
try_all "the last limit" "$WORK/shaped" "$WORK/none"

# -- gone ---------------------------------------------------------------------------------------------------------------
put "$WORK/none"
pf_ok apply
is "the last limit gone, the device is gone" "$(ip -o link | wc -l) $(table | wc -l)" "$devices_before 0"
put "$WORK/shaped"
pf_ok apply
nft flush ruleset
ip link set $IFB down
pf_ok down
is "down after a flush, with the device down: nothing is left" "$(ip -o link | wc -l) $(nft list tables | grep -c portflow)" "$devices_before 0"
done_testing
