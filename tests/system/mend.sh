#!/bin/bash
# Whatever is altered by hand in portflow's table is mended by the next sample, and no byte is lost or doubled on the way.
# Each rule, chain, map, element and counter in turn: taken away, altered, added to.
# shellcheck disable=SC2086 # a rule is three words
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1
ini <<END
[portflow]
interface = $DEV
own = 203.0.113.7, 2001:db8:7::/48
[port web]
ports = 443, 8000-8010
[port long]
ports = 20000-21000
[address also]
addresses = $ALSO4, $ALSO6
[address service]
addresses = 10.66.0.3, fd66::3
ports = 80
[interface all]
interface = $DEV
END
oracle_port web '443, 8000-8010'
oracle_port long 20000-21000
oracle_address also $ALSO4 $ALSO6
oracle_total
oracle_load peer
pf_ok apply
traffic() {
	udp_in 4 443,8005,20500 2
	udp_in 6 443,21000 2
	udp_out 4 443,8000,20000 2
	udp_out 6 443 2
	udp_in 4 7 1 10 -d $ALSO4
	udp_in 6 7 1 10 -d $ALSO6
}
listing() { nft list table inet portflow | sed -e 's/packets [0-9]* bytes [0-9]*/counted/' -e '/comment/s/".*"/mark/' | sort; }
traffic
pf_ok sample
agree "to begin with, all agrees" peer wire
listing >"$WORK/right"
things() { # KIND -> lines of arguments for nft
	nft -a -j list table inet portflow | "$PYTHON" -c '
import json, sys
kind = sys.argv[1]
def text(x):
    if isinstance(x, dict):
        if "range" in x: return text(x["range"][0]) + "-" + text(x["range"][1])
        if "prefix" in x: return text(x["prefix"]["addr"]) + "/" + str(x["prefix"]["len"])
        if "concat" in x: return " . ".join(text(p) for p in x["concat"])
        if "elem" in x: return text(x["elem"]["val"])
    return str(x) if not isinstance(x, str) or x.replace(".", "").replace(":", "").isalnum() else "\"%s\"" % x
for item in json.load(sys.stdin)["nftables"]:
    (what, o), = item.items()
    if kind == "rule" and what == "rule":
        print(o["chain"], "handle", o["handle"])
    elif kind == "chain" and what == "chain":
        print(o["name"])
    elif kind == "set" and what in ("set", "map"):
        print(what, o["name"])
    elif kind == "counter" and what == "counter":
        print(o["name"])
    elif kind == "element" and what in ("set", "map"):
        for e in o.get("elem", []):
            print(o["name"], "{", text(e[0] if what == "map" else e), "}")
' "$1"
}
STEP=${STEP:-$((SLOW > 1 ? 20 : 5))} # of the many alike, every fifth; the seed says which. All of them with `make torture`
[ -z "${TORTURE:-}" ] || STEP=1
note "SEED=$SEED STEP=$STEP"
counted=0
chosen() { [ $(((counted++ + SEED) % STEP)) = 0 ]; }
damaged=0 mended=0 log=
damage() { # LABEL NFT_ARGUMENTS...: then a sample, after which the table must be what it was
	local label=$1
	shift
	if ! nft "$@" 2>"$WORK/nft.err"; then
		log+="$label: nft refused: $(head -n 1 "$WORK/nft.err")"$'\n'
		return
	fi
	damaged=$((damaged + 1))
	pf_run sample
	listing >"$WORK/now"
	if [ "$rc" != 0 ]; then
		log+="$label: sample: exit $rc $err"$'\n'
	elif ! cmp -s "$WORK/right" "$WORK/now"; then
		log+="$label: not mended: $(diff "$WORK/right" "$WORK/now" | head -n 5)"$'\n'
	else
		mended=$((mended + 1))
		# some traffic on the way: a counter that was lost or read twice would show at the end of the group
		[ $((damaged % 8)) != 0 ] || { udp_in 4 443,20500 2 && pf_run sample; }
	fi
}
group() { # DESCRIPTION: all of it mended, and conserved
	if [ $damaged -gt 0 ] && [ $damaged = $mended ] && [ -z "$log" ]; then pass "$1: mended ($damaged)"; else
		fail "$1: mended ($mended of $damaged)" "$log"; fi
	traffic
	conserve "$1: nothing lost, nothing doubled" ||
		{ fresh; pf_run apply; oracle_load peer; } # for what follows
	damaged=0 mended=0 log=
}

rules() { nft -a list table inet portflow | awk '/^\tchain/ { c = $2 } / # handle/ && !/^\tchain/ && !/^table/ && c { print c, "handle", $NF }'; }
mapfile -t list < <(rules)
for n in "${!list[@]}"; do
	chosen || continue
	# a chain may have been written anew by mending: then the Nth rule has another handle
	nft -c delete rule inet portflow ${list[n]} 2>/dev/null || mapfile -t list < <(rules)
	damage "rule $n (${list[n]})" delete rule inet portflow ${list[n]}
done
group "each rule deleted"

for chain in $(things chain); do
	! chosen || damage "chain $chain emptied" flush chain inet portflow "$chain"
	! chosen || damage "a rule added to $chain" add rule inet portflow "$chain" tcp dport 1 drop
	! chosen || damage "a rule put before those of $chain" insert rule inet portflow "$chain" tcp dport 1 drop
done
group "each chain emptied and added to"

things element >"$WORK/list"
while read -r set element <&3; do ! chosen || damage "element $set $element" delete element inet portflow "$set" "$element"; done 3<"$WORK/list"
group "each element deleted"

while read -r kind set <&3; do ! chosen || damage "$kind $set emptied" flush "$kind" inet portflow "$set"; done 3< <(things set)
group "each set and map emptied"

# a table that sleeps, alone and together with what no kernel mends in the same batch
hooked=$(nft list table inet portflow | awk '/^\tchain/ { c = $2 } /type filter hook/ { print c; exit }')
damage "dormant" add table inet portflow '{ flags dormant; }'
damage "dormant, and a policy" "add table inet portflow { flags dormant; }; add chain inet portflow $hooked { policy drop; }"
damage "dormant, and a chain" "add table inet portflow { flags dormant; }; flush chain inet portflow $hooked; delete chain inet portflow $hooked"
group "a dormant table"

# elements that point elsewhere, and strangers
element() { things element | awk -v s="$1" '$1 == s && !n++ { $1 = ""; print }' | tr -d '{}'; }
first() { things "$1" | sed -n 1p; }
for map in $(things set | awk '$1 == "map" { print $2 }'); do
	chosen || continue
	case $(nft list map inet portflow "$map") in
	*': verdict'*) damage "$map: passed by" "delete element inet portflow $map { local }; add element inet portflow $map { local : accept }" ;;
	*)
		key=$(element "$map")
		[ -z "$key" ] || damage "$map: $key counted elsewhere" \
			"delete element inet portflow $map { $key }; add element inet portflow $map { $key : \"forwarded.in\" }"
		;;
	esac
done
group "an element of each map pointed at another counter"
for map in $(things set | awk '$1 == "map" { print $2 }'); do
	chosen || continue
	case $(nft list map inet portflow "$map") in
	*'type inet_service :'*) damage "$map: a foreign port" add element inet portflow "$map" "{ 60001 : \"p_web.in\" }" ;;
	*'type ipv4_addr :'*) damage "$map: a foreign address" add element inet portflow "$map" "{ 10.66.0.200 : \"a_also.in\" }" ;;
	esac
done
damage "a foreign counter" add counter inet portflow stranger
damage "a foreign set" add set inet portflow stranger '{ type ipv4_addr; }'
damage "a foreign map" add map inet portflow stranger '{ type ipv4_addr : verdict; }'
damage "a foreign chain" add chain inet portflow stranger
damage "a foreign base chain" add chain inet portflow stranger '{ type filter hook prerouting priority -300; policy accept; }'
damage "a foreign base chain that counts again" "add chain inet portflow twice { type filter hook prerouting priority -299; policy accept; }; add rule inet portflow twice udp dport 9 counter name \"p_web.in\""
damage "a quota object" add quota inet portflow stranger '{ over 100 mbytes }'
damage "a foreign rule and its set" "add set inet portflow strange { type inet_service; elements = { 9 }; }; add rule inet portflow $(first chain) tcp dport @strange drop"
group "strangers removed"

# chains and counters with all that hangs on them
for chain in $(things chain); do
	chosen || continue
	nft -a -j list table inet portflow >"$WORK/table.json"
	# its rules, then the jumps to it, then itself
	jumps=$("$PYTHON" -c '
import json, sys
def leads(x):
    return isinstance(x, dict) and (x.get("goto") or x.get("jump") or {}).get("target") == sys.argv[2]
for item in json.load(open(sys.argv[1]))["nftables"]:
    r, m = item.get("rule"), item.get("map")
    if r and any(leads(e) for e in r["expr"]):
        print("delete rule inet portflow %s handle %d;" % (r["chain"], r["handle"]))
    for e in (m or {}).get("elem", []):
        if leads(e[1]):
            print("delete element inet portflow %s { %s };" % (m["name"], e[0]))' "$WORK/table.json" "$chain")
	damage "chain $chain deleted" "flush chain inet portflow $chain; $jumps delete chain inet portflow $chain"
done
group "each chain deleted with the jumps to it"

# a counter deleted and made again under its name: another object, though it looks the same
remake() { # COUNTER zero|copy|gone: in one batch: what refers to it goes, it is made anew, with its old value or without
	"$PYTHON" -c '
import json, sys
name, how = sys.argv[2], sys.argv[3]
gone, value = [], (0, 0)
for item in json.load(open(sys.argv[1]))["nftables"]:
    m = item.get("map")
    if m:
        for e in m.get("elem", []):
            if e[1] == name:
                gone.append({"delete": {"element": {"family": "inet", "table": "portflow", "name": m["name"], "elem": [e[0]]}}})
    if item.get("counter", {}).get("name") == name and how == "copy":
        value = item["counter"]["packets"], item["counter"]["bytes"]
    r = item.get("rule")
    if r and name in json.dumps(r["expr"]):
        gone.append({"delete": {"rule": {"family": "inet", "table": "portflow", "chain": r["chain"], "handle": r["handle"]}}})
c = {"family": "inet", "table": "portflow", "name": name}
gone.append({"delete": {"counter": c}})
if how != "gone":
    gone.append({"add": {"counter": dict(c, packets=value[0], bytes=value[1])}})
print(json.dumps({"nftables": gone}))' "$WORK/table.json" "$1" "$2" >"$WORK/remake.json"
}
for how in zero copy gone; do
	for counter in $(things counter | grep -E '^(p_web.in|p_long.out|a_also.in|i_all.in|total.in|forwarded.out|.*b1500|ts4.in)$'); do
		chosen || continue
		nft -a -j list table inet portflow >"$WORK/table.json"
		remake "$counter" $how
		damage "counter $counter made anew ($how)" -j -f "$WORK/remake.json"
	done
done
group "counters deleted, or made again with and without their value, and what referred to them gone"

# what was counted before the damage and not yet read is kept when its counter is
traffic
nft flush chain inet portflow "$(first chain)"
for map in $(things set | awk '$1 == "map" { print $2 }'); do nft flush map inet portflow "$map"; done
pf_ok sample
agree "what the counters held before rules and maps were emptied is not lost" peer wire
traffic
nft add rule inet portflow "$(first chain)" counter
agree "status reads on while the table is damaged" peer wire
pf_ok sample
traffic
agree "and after it is mended" peer wire
pf_run events
like "the mending is told" "$out" '[a-z]'
exits "plan is empty" 0 plan

# a table of somebody else's that bears the name
pf_ok down
nft add table inet portflow
nft add chain inet portflow theirs
exits "a table named portflow without our mark is refused" 1 apply
is "and left alone" "$(nft list table inet portflow | tr -d '\n\t')" "table inet portflow {chain theirs {}}"
nft delete table inet portflow
done_testing
