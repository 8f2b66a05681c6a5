#!/bin/bash
# What portflow costs, beside the tools that do the same, each pair measured in alternation in this run: one table of what was asked
# (design targets) and what was seen. A line that misses its target says so; the exit status is 1 then.
# `make bench` runs it, with the names of parts to run only those: make bench PARTS="packet store".
# shellcheck source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
need_program
TOOLS=$BUILD/bench
DISK=$BUILD/bench/work # a real disk: what a commit costs is part of the figures
rm -rf "$DISK"
mkdir -p "$DISK"
BENCH=$SYSTEM/../bench
ROUNDS=${ROUNDS:-11}
missed=0
# Nobody else's work in between, where the machine lets us ask for that.
alone=
! chrt -f 10 true 2>/dev/null || alone="chrt -f 10"

say() { printf '%-72s %24s %10s  %s\n' "$@"; }
row() { # WHAT MEASURED(a number) UNIT TARGET(a number)
	local verdict=ok
	awk -v m="$2" -v t="$4" 'BEGIN { exit !(m ~ /^[0-9.]+$/ && m + 0 <= t + 0) }' || { verdict=MISSED missed=1; }
	say "$1" "$2$3" "<= $4$3" "$verdict"
}
info() { # WHAT MEASURED: no target, only for the eye
	say "$1" "$2" "" ""
}
left_out() { # WHAT WHY
	say "$1" "left out" "" "$2"
}
field() { # LINE_NUMBER NAME: of measure's output in $measured
	sed -n "$1p" <<<"$measured" | grep -o "$2=[0-9.]*" | cut -d= -f2
}
ms() { # LINE_NUMBER: median, in ms
	awk -v us="$(field "$1" wall_us)" 'BEGIN { printf "%.1f", us / 1000 }'
}
both() { # LINE_NUMBER: time passed and time worked, for lines without a target
	awk -v w="$(field "$1" wall_us)" -v c="$(field "$1" cpu_us)" 'BEGIN { printf "%.1f ms, %.1f of CPU", w / 1000, c / 1000 }'
}
entries() { # COUNT [FIRST_PORT [STEP]]: an INI with a [port] entry for each of so many single ports, and its database on the disk
	printf '[portflow]\ndatabase = %s/%s.db\n' "$DISK" "$1"
	seq "${2:-1}" "${3:-1}" $((${2:-1} + ($1 - 1) * ${3:-1})) | sed 's/.*/[port n&]\nports = &/'
}
take_up() { # INI_FILE: its table is in the kernel, and no other, as on a new machine
	nft delete table inet portflow 2>/dev/null
	rm -f "$(sed -n 's/^database = //p' "$1")"*
	"$PORTFLOW" -q -c "$1" apply >/dev/null || { echo "bench: apply of $1 failed"; exit 1; }
}

measure() { # measure's arguments: sets measured
	measured=$($alone "$TOOLS/measure" "$@") || { echo "bench: measuring failed"; exit 1; }
}

net_up || exit 1
sysctl -q -w net.ipv4.ip_local_reserved_ports=1000-65535 # no warnings about them
nft delete table inet sink
# What was counted goes no further, so that routes and sockets add no noise.
nft -f - <<END
table inet sink {
	chain arriving {
		type filter hook prerouting priority -200
		iifname $DEV udp dport 1-65535 drop
	}
}
END
echo "$(nproc) CPUs, $(cut -d' ' -f1 /proc/loadavg) busy before it began: absolute times need a quiet machine, ratios do not"
say "what" "measured" "target" ""
for part in ${PARTS:-packet sample apply store limit}; do
	# shellcheck source=/dev/null
	. "$BENCH/lib/$part.sh"
done
rm -rf "$DISK"
exit $missed
