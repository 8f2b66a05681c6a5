#!/bin/bash
# Deadlines in the kernel are of the wall clock, however long the run took that set them: a slow disk between a run's start and its commit
# must not shift them, nor make the next run find anything to mend. The oracle is date(1) beside what `nft` lists.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
command -v strace >/dev/null || skip_all "strace is not installed"
net_up && exact_segments || exit 1
export PORTFLOW INI WORK

SLOW_MS=1500 # that each wait for the disk takes
slowly() { # COMMAND...: with a disk that takes its time
	strace -f -o "$WORK/slow.trace" -e trace=fsync,fdatasync -e "inject=fsync,fdatasync:delay_enter=${SLOW_MS}000" "$@"
}
slow_run() { # ARGS...: sets rc, out, err
	out=$(slowly "$PORTFLOW" -c "$INI" "$@" 2>"$WORK/stderr")
	rc=$?
	err=$(cat "$WORK/stderr")
}
expires() { # KIND SET: milliseconds that the kernel leaves its first element
	nft list "$1" inet portflow "$2" | "$PYTHON" -c 'import re, sys
unit = {"d": 86400000, "h": 3600000, "m": 60000, "s": 1000, "ms": 1}
text = re.search(r"expires ([0-9a-z]+)", sys.stdin.read()).group(1)
print(sum(int(n) * unit[u] for n, u in re.findall(r"(\d+)(ms|[dhms])", text)))'
}
at_its_moment() { # DESCRIPTION KIND SET MOMENT_MS: within a quarter of what would be told
	local left before after # it is listed somewhere between the two
	before=$(date +%s%3N) left=$(expires "$2" "$3") after=$(date +%s%3N)
	is_le "$1: not late (ms)" $((before + left - $4)) 500
	is_ge "$1: nor early" $((after + left - $4)) -500
}
quiet() { # DESCRIPTION: a run that looks at everything, since somebody else changed rules, and finds nothing to do
	nft add table ip somebody && nft delete table ip somebody
	pf_run apply --json
	is "$1" "$rc $err $(grep -o '"changes":[0-9]*' <<<"$out")" "0  \"changes\":0"
}
ini <<<'[port web]
ports = 80'
pf_ok apply # the database is made
midnight=$(($(date -u -d tomorrow +%s) / 86400 * 86400000))

ini <<END
[portflow]
timezone = UTC
[port web]
ports = 80, 1000-2000
quota = 1MB
quota_cycle = day
quota_action = block
[port shop]
ports = 81
expires = $(date -u -d "@$((midnight / 1000))" '+%F %H:%M')
END
slow_run apply
is_ge "the run was slow" "$(grep -c sync "$WORK/slow.trace")" 2
at_its_moment "the end of a cycle" set bcur1_tcp $midnight
at_its_moment "... of a long range" set bcur1_tcpr $midnight
at_its_moment "an expiry" set alive_tcp $midnight
quiet "the next run finds nothing to do"
nft delete table inet portflow
slow_run sample
at_its_moment "in a table that is made again" set bcur1_tcp $midnight
quiet "and the next run finds nothing to do"

# What the end of a run decides is sent after its slowest wait.
ini <<END
[portflow]
timezone = UTC
[port game]
ports = 53
burst_rate = 1mbit
burst_window = 1min
burst_limit = 800kbit
burst_hold = 2min
END
fresh
pf_ok apply
BASE=$(($(date +%s) + 60))
at_ok $BASE sample
udp_in 4 53 7600 1000
began=$(date +%s%3N)
FAKETIME_FMT=%s FAKETIME_DONT_FAKE_MONOTONIC=1 slowly faketime -f "@$((BASE + 60))" "$PORTFLOW" -c "$INI" sample 2>"$WORK/stderr"
like "a burst" "$(cat "$WORK/stderr")" 'limited to 800 kbit/s'
at_its_moment "a hold" map burst_udp_in $((began + 120000))
took=$(($(date +%s%3N) - began))
nft add table ip somebody && nft delete table ip somebody
at $((BASE + 60 + took / 1000)) apply --json
is "... which the next run leaves alone" "$rc $err $(grep -o '"changes":[0-9]*' <<<"$out")" "0  \"changes\":0"

# -- an end that passes while the run takes its time ----------------------------------------------------------------------------
ini <<END
[portflow]
timezone = UTC
[port shop]
ports = 81
expires = 2026-11-25 12:00
END
touch -d 2000-01-01 "$INI"
SLOW_MS=2000
FAKETIME_FMT=%s FAKETIME_DONT_FAKE_MONOTONIC=1 slowly faketime -f "@$(($(moment '2026-11-25 12:00:00') - 3))" "$PORTFLOW" -c "$INI" apply >/dev/null 2>"$WORK/stderr"
is "what ended before the commit is not there" "$(nft list set inet portflow alive_tcp | grep -c expires)" 0
is "... but that it expires" "$(nft list set inet portflow expire_tcp | grep -c 81)" 1
done_testing
