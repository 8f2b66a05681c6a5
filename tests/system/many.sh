#!/bin/bash
# A thousand events, a thousand mail recipients and a thousand webhooks at once: all are told once, within few runs, each of which ends at its
# budget, with few processes and little memory.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1
# shellcheck source=lib/post.sh
. "$SYSTEM/lib/post.sh"
FELL=$TOOLS/fell
N=${N:-1000}
RUNS=$((5 * SLOW)) # at most; one does for all unless the machine is busy
serve servers "$SYSTEM/lib/servers.py" "$NET"
telegram_up
{
	cat <<-END
		[portflow]
		node = hk1
		timezone = UTC
		notify = ops
		$(ops_section)
		$(mail_section)
	END
	for i in $(seq "$N"); do
		printf '[port p%s]\nports = %s\nquota = 1KB\nquota_alerts = 50%%\nnotify = ops, mail:user%s@good.test, hook%s\n' "$i" $((10000 + i)) "$i" "$i"
		printf '[notify hook%s]\ntype = webhook\nurl = https://good.test/ok/%s\nca_file = %s\n' "$i" "$i" "$NET/ca.pem"
	done
} | ini
pf_ok apply
udp_in 4 10001-$((10000 + N)) 1 700
waiting() { sqlite3 "file:$DB?mode=ro" "SELECT count(DISTINCT letter) FROM outbox"; }
memory() { # -> of what lived at one time: processes, kB of their own, kB that one of them has of files, which they share; then the sum of all peaks
	awk '$1 == "process" { n++; from[n] = $4; to[n] = $6; peak[n] = $8; file[n] = $10 } END {
		for (i = 1; i <= n; i++) {
			own = all = most = count = 0
			for (k = 1; k <= n; k++) if (from[k] <= from[i] && to[k] >= from[i]) {
				count++; all += peak[k]; own += peak[k] - file[k]
				if (file[k] > most) most = file[k]
			}
			if (count > processes) processes = count
			if (own + most > best) { best = own + most; sum = all }
		}
		print processes, best, sum
	}' "$WORK/fell"
}
run() { # COMMAND...
	"$FELL" -o "$WORK/fell" "$PORTFLOW" -c "$INI" "$@" >/dev/null 2>"$WORK/stderr"
}
runs=0 slowest=0 most=0 processes=0
while [ $runs -lt $RUNS ] && { [ $runs = 0 ] || [ "$(waiting)" != 0 ]; }; do
	started=$(date +%s%N)
	if [ $runs = 0 ]; then
		run sample || fail "the run ends with 0" "$(tail -n 5 "$WORK/stderr")"
	else
		run notify flush # what was cut off at the budget need not wait
	fi
	took=$((($(date +%s%N) - started) / 1000000))
	runs=$((runs + 1))
	read -r count kb sum < <(memory)
	note "run $runs: $took ms, $(grep -c ^process "$WORK/fell") processes, $count at one time with $kb kB (sum of their peaks: $sum kB)"
	[ $took -lt $slowest ] || slowest=$took
	[ "$kb" -lt $most ] || most=$kb
	[ "$count" -lt $processes ] || processes=$count
done
still
is "within $runs runs nothing waits" "$(waiting)" 0
is "each recipient has one mail" "$(cat "$NET"/mail/*.json | grep -o '"to": \["user[0-9]*@good.test"\]' | sort -u | wc -l) $(find "$NET/mail" -name '*.json' | wc -l)" "$N $N"
is "each webhook was asked once" "$(grep -o '"path": "/ok/[0-9]*"' "$NET/log" | sort -u | wc -l) $(grep -c '"path": "/ok/' "$NET/log")" "$N $N"
is "who hears of all has one message" "$(wc -l <"$NET/telegram.log")" 1
is_le "no run took longer than its budget and what it has to do besides (ms)" $slowest $((20000 * SLOW))
is_le "few processes at one time" $processes 9
is_le "kB of memory, of all of them together" $most 65536
done_testing
