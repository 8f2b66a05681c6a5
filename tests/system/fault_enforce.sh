#!/bin/bash
# Runs that enforce, killed or failing at a system call, or with a batch refused by the kernel: afterwards SSH and neighbours pass, the table is
# one that was wanted, a blocked port is blocked; the next run puts all right and sends nothing more, each event is told once, each byte
# that passed is counted once.
# In `make check` a part of the points, chosen by SEED; all of them with `make torture`.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
strace_works || skip_all "strace cannot inject faults here"
net_up && exact_segments || exit 1
ORACLE=behind
any_of() { printf '%s\n' "$@" | awk -v s="$SEED" '{ e[NR] = $1 } END { print e[s % NR + 1] }'; }
if [ -n "${TORTURE:-}" ]; then
	ERRORS=${ERRORS:-ENOMEM ENOBUFS EINTR EAGAIN ENOSPC EIO}
	CALLS=${CALLS:-.}
	REFUSALS=${REFUSALS:-EPERM ENOENT ENOMEM EBUSY EEXIST EINVAL ENOSPC EOPNOTSUPP ERESTART}
else # another error with each seed, and only calls that have an effect
	FAULT_STEP=${STEP:-$((SLOW > 1 ? 2003 : 167))}
	ERRORS=${ERRORS:-$(any_of ENOMEM ENOBUFS EINTR EAGAIN ENOSPC EIO)}
	CALLS='send|recv|pwrite|f(data)?sync|open|rename|ioctl|fcntl|ftruncate|unlink|setsockopt'
	REFUSALS=${REFUSALS:-ENOMEM $(any_of ENOENT EBUSY EEXIST ERESTART EPERM EINVAL ENOSPC EOPNOTSUPP)}
fi
note "SEED=$SEED, every ${FAULT_STEP}th point, $ERRORS, refused with $REFUSALS"
number() { # ERRNO_NAME
	"$PYTHON" -SE -c 'import errno, sys; print(getattr(errno, sys.argv[1]))' "$1"
}

method=auto
plain() { printf '[portflow]\ntimezone = UTC\nlimit_method = %s\nkeep_open = 22, udp/22\n[port free]\nports = 80\n[port keep]\nports = 22\n' $method; }
configuration() { # bare|all|eased
	local method=$method
	[ "$1" != eased ] || method=shape # what comes in waits in classes as well
	plain
	[ "$1" = bare ] || printf '[port part]\nports = 86\n[quota small]\nentries = part\nquota = 20KB\nquota_action = block\n'
	case $1 in
	bare) printf '[port %s]\nports = %s\n' fast 81 full 82 slow 83 burst 84 old 85 part 86 ;;
	all)
		cat <<-END
			[port fast]
			ports = 81
			limit = 80mbit
			[port full]
			ports = 82
			quota = 20KB
			quota_action = block
			[port slow]
			ports = 83
			quota = 20KB
			quota_action = throttle 8kbit
			[port burst]
			ports = 84
			burst_rate = 50kbit
			burst_window = 2min
			burst_limit = 8mbit
			burst_hold = 1d
			[port old]
			ports = 85
			expires = 2020-01-01
			[quota plan]
			entries = free, fast
			quota = 1GB
			quota_action = block
		END
		;;
	eased) # rates change, blocks open, one entry goes
		cat <<-END
			[port fast]
			ports = 81
			limit = 40mbit
			[port full]
			ports = 82
			quota = 1GB
			quota_action = block
			[port slow]
			ports = 83
			quota = 20KB
			[port old]
			ports = 85
			expires = 2099-01-01
			[quota plan]
			entries = free, fast, full
			quota = 2GB
			quota_action = throttle 1mbit
		END
		;;
	esac
}
for pair in 'keep 22' 'free 80' 'fast 81' 'full 82' 'slow 83' 'old 85' 'part 86'; do
	# shellcheck disable=SC2086 # two words
	oracle_port $pair
done
oracle_total

oracle_load peer

# -- what is asked after each fault ----------------------------------------------------------------------------------------
packets() { # NAMES: of each, how many packets have passed our chains, or come out at the other end
	{ oracle_read behind | grep ' in '; oracle_read peer | grep ' out '; } | awk -v names="$1" '{ sum[$1] += $4 }
		END { n = split(names, name, " "); for (i = 1; i <= n; i++) printf "%d ", sum[name[i]] }'
}
passes() { # NAMES PORTS WANTED: how many of 8 packets of each pass; WANTED is waited for, since some may be in a queue
	local before now tries=6
	before=$(packets "$1")
	udp_in 4 "$2" 2
	udp_in 6 "$2" 2
	udp_out 4 "$2" 2 100 -e
	udp_out 6 "$2" 2 100 -e
	while now=$(awk '{ for (i = 1; i <= NF / 2; i++) printf "%s%d", (i > 1 ? " " : ""), $(i + NF / 2) - $i }' <<<"$before$(packets "$1")") &&
		[ "$now" != "$3" ] && [ $tries -gt 0 ]; do
		tries=$((tries - 1))
		sleep 0.02
	done
	echo "$now"
}
shape_read() { # -> classes and queues, and what sends packets there, without the handles that the kernel chooses and what fq_codel calls its classes
	local dev
	{
		for dev in "$DEV" ifb-portflow; do tc qdisc show dev "$dev"; tc class show dev "$dev" | grep '^class htb'; done 2>/dev/null
		nft -s list table netdev portflow 2>/dev/null | grep -v comment
		ip -o link show ifb-portflow 2>/dev/null | grep -o 'UP,[^>]*'
	} | sed -E 's/ [0-9a-f]+: (parent|dev)/ \1/; s/(leaf|refcnt|direct_packets_stat) [^ ]*//g' | sort
}
say() { printf '%s\n' "$*" >"$WORK/agree.log"; }
works() { # what no fault may cut off
	local n
	n=$(passes "keep free fast" 22,80,81 "8 8 8")
	[ "$n" = "8 8 8" ] || { say "of 8 packets each of keep_open, of a neighbour and of one with a large limit passed: $n"; return 1; }
}
stood=0 # was a table seen that is neither the one before nor the one after?
known_table() { # is the table that of before, of after, or the one that a run has between its two commits?
	table_read >"$WORK/table.now"
	local t
	for t in "$WORK"/table.before "$WORK"/table.after "$WORK"/table.between; do ! cmp -s "$WORK/table.now" "$t" || return 0; done
	if [ $stood = 0 ] && [ "$(wc -l <"$WORK/batches")" -gt 1 ]; then
		stood=1
		cp "$WORK/table.now" "$WORK/table.between"
		return 0
	fi
	say "a table that is neither that of before nor of after:" "$(diff "$WORK/table.after" "$WORK/table.now" | head -n 8)"
	return 1
}
told_once() { # KINDS...: each of these events is there once, and no other verdict
	local got want
	got=$(of_db "SELECT kind FROM event WHERE kind LIKE 'quota_%' OR kind LIKE 'burst_%' OR kind LIKE 'exp%' OR kind = 'renewed' ORDER BY kind")
	want=$(printf '%s\n' "$@" | sort)
	[ "$got" = "$want" ] || { say "events told:" $got "instead of" $want; return 1; }
}
mended() { # COMMAND FULL KINDS...: run once more, all is as it would be without the fault; of `full` 8 packets pass FULL; these events are told
	local command=$1 full=$2 n
	shift 2
	pf_run "$command"
	[ "$rc" = 0 ] || { say "a clean $command: exit $rc $err"; return 1; }
	pf_run plan
	[ "$rc" = 0 ] || { say "plan after $command: exit $rc $out"; return 1; }
	pf_run apply --json
	case $out in *'"changes":0,'*) ;; *) say "a second run sends more: $out"; return 1 ;; esac
	table_read >"$WORK/table.now"
	cmp -s "$WORK/table.now" "$WORK/table.after" || { say "the table: $(diff "$WORK/table.after" "$WORK/table.now" | head -n 8)"; return 1; }
	shape_read >"$WORK/shape.now"
	cmp -s "$WORK/shape.now" "$WORK/shape.after" || { say "the classes: $(diff "$WORK/shape.after" "$WORK/shape.now")"; return 1; }
	n=$(passes "full part" 82,86 "$full 0")
	[ "$n" = "$full 0" ] || { say "of 8 packets each of an entry with a quota and of one in a [quota] that is used up passed $n, not $full 0"; return 1; }
	works && told_once "$@" && conserved figures
}
blank() { # nothing of ours is there
	fresh
	nft delete table netdev portflow 2>/dev/null
	ip link del ifb-portflow 2>/dev/null
	tc qdisc del dev "$DEV" root 2>/dev/null
}
used_up() { # more than the quotas of 20 KB
	udp_in 4 82,83,86 18 1000
	udp_out 6 82,83,86 30 100 -e # small ones, so that nothing is left
}
begin() { :; } # everything is made anew before each point
EVENTS="quota_blocked quota_blocked quota_throttled expired"

case_of() { # DESCRIPTION PREPARE CHECK COMMAND: killed, failing, refused
	local what=$1 prepare=$2 check=$3 command=$4 e
	$prepare
	table_read >"$WORK/table.before"
	shape_read >"$WORK/shape.before"
	rm -f "$WORK/table.between"
	stood=0
	pf_ok "$command"
	table_read >"$WORK/table.after"
	shape_read >"$WORK/shape.after"
	fault_loop "$what, killed" "$prepare" "$check" signal=KILL "$CALLS" -- "$command"
	for e in $ERRORS; do fault_loop "$what, $e" "$prepare" "$check" error="$e" "$CALLS" -- "$command"; done
	for e in $REFUSALS; do fault_loop "$what, refused with $e" "$prepare" "$check" refused="$(number "$e")" -- "$command"; done
}

# -- apply that adds limits and quotas to what has counted already ---------------------------------------------------------------
add_prepare() {
	blank
	configuration bare | ini
	pf_run apply
	oracle_load behind
	used_up
	pf_run sample
	configuration all | ini
}
add_check() { known_table && works && mended apply 0 $EVENTS; }
case_of "apply that adds limits" add_prepare add_check apply

# -- apply that changes rates and opens what is blocked ---------------------------------------------------------------------------
open_prepare() {
	blank
	configuration all | ini
	pf_run apply
	oracle_load behind
	used_up
	pf_run sample
	configuration eased | ini
}
open_check() { known_table && works && mended apply 8 $EVENTS quota_opened quota_opened renewed; }
case_of "apply that opens" open_prepare open_check apply

# -- sample that blocks, throttles, holds -----------------------------------------------------------------------------------------
decide_prepare() {
	blank
	configuration all | ini
	touch -d 2020-01-01 "$INI"
	at $(($(date +%s) - 60)) apply
	oracle_load behind
	used_up
	udp_in 4 84 800 1000 # more than 50 kbit over two minutes
}
decide_check() {
	known_table && works || return 1
	# whether a run saw it or not
	[ "$(passes full 82 0)" = 0 ] || { say "a port whose quota is used up lets packets pass"; return 1; }
	mended sample 0 $EVENTS burst_began
}
case_of "sample that decides" decide_prepare decide_check sample

# -- sample that finds the table gone -----------------------------------------------------------------------------------------------
gone_prepare() {
	decide_prepare
	pf_run sample
	nft delete table inet portflow
}
gone_check() {
	table_read >"$WORK/table.now"
	if [ -s "$WORK/table.now" ]; then # what passes without it is not counted
		[ "$(passes "full part" 82,86 "0 0")" = "0 0" ] || { say "a table that is made anew lets what is used up pass"; return 1; }
		known_table && works || return 1
	fi
	mended sample 0 $EVENTS burst_began
}
case_of "sample that rebuilds" gone_prepare gone_check sample

# -- down -------------------------------------------------------------------------------------------------------------------------
method=shape
down_prepare() {
	blank
	configuration all | ini
	pf_run apply
	oracle_load behind
	used_up
	pf_run sample
}
down_check() {
	table_read >"$WORK/table.now"
	if cmp -s "$WORK/table.now" "$WORK/table.before"; then
		works || return 1
	elif grep -q drop "$WORK/table.now"; then
		say "half of a table still drops:" "$(head -n 8 "$WORK/table.now")"
		return 1
	fi
	cp "$WORK/table.before" "$WORK/table.after" # apply after it
	cp "$WORK/shape.before" "$WORK/shape.after"
	mended apply 0 $EVENTS
}
case_of "down" down_prepare down_check down
is "the cable lost nothing" "$(dropped)" 0
done_testing
