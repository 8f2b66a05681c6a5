#!/bin/bash
# What a rule set adds to an arriving UDP packet of 64 bytes: ours with 10 and with 1,000 entries, rules one by one, and a bare tc-bpf
# array as the limit of what is possible. Ten hot ports, spread over the 1,000; sender and receiver work on one CPU.
# bench.sh sources it.
# shellcheck disable=SC2154
first=2000 step=100
packets=${PACKETS:-100000}

entries 10 $first $step >"$DISK/10.ini"
entries 1000 $first >"$DISK/1000.ini"
chmod 640 "$DISK"/*.ini
linear() {
	echo "table inet linear {"
	seq -f 'counter c%.0f { }' $first $((first + 999))
	echo "chain arriving {"
	echo "type filter hook prerouting priority raw"
	echo "iifname != $DEV accept"
	seq $first $((first + 999)) | sed 's/.*/tcp dport & counter name c&\nudp dport & counter name c&/'
	echo "}"
	echo "}"
}
linear >"$DISK/linear.nft"
bpf=$DISK/portcount.o
mount -t bpf portflow-bench /sys/fs/bpf 2>"$DISK/bpf.log"
clang -O2 -g -target bpf -I"/usr/include/$(gcc -print-multiarch)" -c "$BENCH/portcount.bpf.c" -o "$bpf" 2>>"$DISK/bpf.log" &&
	tc qdisc add dev "$DEV" clsact 2>>"$DISK/bpf.log" && tc filter add dev "$DEV" ingress bpf da obj "$bpf" sec tc 2>>"$DISK/bpf.log" ||
	bpf=
tc qdisc del dev "$DEV" clsact 2>/dev/null

put() {
	case $1 in
	ours10) take_up "$DISK/10.ini" ;;
	ours1000) take_up "$DISK/1000.ini" ;;
	linear) nft -f "$DISK/linear.nft" ;;
	bpf) tc qdisc add dev "$DEV" clsact && tc filter add dev "$DEV" ingress bpf da obj "$bpf" sec tc ;;
	esac
}
away() {
	case $1 in
	ours*) nft delete table inet portflow ;;
	linear) nft delete table inet linear ;;
	bpf) tc qdisc del dev "$DEV" clsact ;;
	esac
}
cost() { # COUNT: ns a packet
	$alone taskset -c 0 "$TOOLS/blast" -n "$PEERNS" -d $HERE4 -p $first -s $step -k 10 -c "$1"
}
# Each variant right behind the bare packet, and often: how fast a virtual machine is changes within seconds.
for ((round = 0; round < 2 * ROUNDS; round++)); do
	for variant in ours10 ours1000 linear ${bpf:+bpf}; do
		count=$packets
		[ $variant != linear ] || count=$((packets / 20))
		cost 20000 >/dev/null
		bare=$(cost $packets)
		put $variant
		cost 20000 >/dev/null
		echo "$variant $bare $(cost $count)" >>"$DISK/costs"
		away $variant
	done
done
eval "$("$PYTHON" - "$DISK/costs" <<'PY'
import statistics, sys
runs = {}
bare = []
for line in open(sys.argv[1]):
    name, without, ns = line.split()
    bare.append(float(without))
    runs.setdefault(name, []).append(float(ns) - float(without))
def added(name):
    return statistics.median(runs[name]) if name in runs else 0
for name in ("ours10", "ours1000", "linear", "bpf"):
    print(f"added_{name}={added(name):.0f}")
print(f"bare={statistics.median(bare):.0f}")
PY
)"
ratio() { awk -v a="$1" -v b="$2" -v f="${3:-%.2f}" 'BEGIN { printf f, (b > 0) ? a / b : 0 }'; }
info "a packet without any of it" "$bare ns"
info "added by 10 entries" "$added_ours10 ns"
info "added by 1,000 entries" "$added_ours1000 ns"
row "added by 1,000 entries, over 10, the same ten hot ports" "$(ratio $added_ours1000 $added_ours10)" "" 1.15
info "added by 2,000 nft rules, one a port and protocol" "$added_linear ns"
row "added by 1,000 entries, over rules one by one" "$(ratio $added_ours1000 $added_linear %.4f)" "" 0.01
if [ -n "$bpf" ]; then
	info "added by a bare tc-bpf array" "$added_bpf ns"
	row "added by 1,000 entries, over a bare tc-bpf array" "$(ratio $added_ours1000 $added_bpf)" "" 2.5
else
	left_out "added by 1,000 entries, over a bare tc-bpf array" "$(head -n 1 "$DISK/bpf.log")"
fi
