#!/bin/bash
# The one invariant: database plus what the kernel counted since = the oracle. Nothing lost, nothing doubled.
# And the loop that breaks a command at every one of its system calls and then asks for it.
# Sourced by lib.sh.
# shellcheck disable=SC2154 # err, out and rc come from pf_run

ORACLE=${ORACLE:-peer} # where it stands; a topic in which packets are dropped on arrival has it `behind`

history_read() { # -> lines "NAME DIRECTION bytes packets", entries that are gone too
	pf report --json --by day --since 2000-01-01 >"$WORK/report.json" 2>"$WORK/report.err" ||
		{ cat "$WORK/report.err" >>"$WORK/agree.log"; return 1; }
	"$PYTHON" -SE "$SYSTEM/lib/figures.py" history "$WORK/report.json"
}

# shellcheck disable=SC2120 # fault.sh passes one
conserved() { # [figures]: after a clean sample status and history are the oracle's ($ORACLE) to the byte; else why not, in $WORK/agree.log
	# `figures`: without the history, which adds up all that was before and may wait for the end of a loop
	pf_run sample
	[ "$rc" = 0 ] || { printf 'clean sample: exit %s\n%s\n' "$rc" "$err" >"$WORK/agree.log"; return 1; }
	matches "$ORACLE" wire || return 1
	[ "${1:-}" != figures ] || return 0
	history_read >"$WORK/history.lines" || return 1
	oracle_read "$ORACLE" | awk '
		FILENAME != "-" { seen[$1 " " $2] = $3 " " $4; next }
		$1 ~ /^\./ || !$3 { next }
		seen[$1 " " $2] != $3 " " $4 { print "history of " $1 " " $2 ": " seen[$1 " " $2] ", the oracle " $3 " " $4; bad = 1 }
		END { exit bad }' "$WORK/history.lines" - >"$WORK/agree.log"
}
conserve() { # DESCRIPTION
	settle
	if conserved; then pass "$1"; else
		fail "$1" "$(cat "$WORK/agree.log")"
		return 1
	fi
}

table_read() { # -> what our table holds and does, without what moves by itself; nothing if it is not there
	nft -j list table inet portflow 2>/dev/null >"$WORK/table.json" || return 0
	"$PYTHON" -SE "$SYSTEM/lib/listing.py" <"$WORK/table.json"
}

# -- faults -------------------------------------------------------------------------------------------------------------
SEED=${SEED:-$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}
FAULT_STEP=${FAULT_STEP:-1} # every how manieth point; the seed says which

strace_works() {
	command -v strace >/dev/null || return 1
	(strace -f -qq -e trace=write -e inject=write:signal=KILL -o "$WORK/trace" echo alive >"$WORK/alive"; exit 0) 2>/dev/null
	[ ! -s "$WORK/alive" ]
}
# The system calls of a run in order, as "NAME N": its Nth NAME. Then its batches to nftables, as "batch N", and what of them must be forged
# to refuse one: the call that sends it, the one that gets the answer, the number of its first message and the length of all; and whether it is
# but a question, of the table portflow-try.
fault_points() { # FILE COMMAND...
	local into=$1
	shift
	strace -f -qq -o "$WORK/trace" "$PORTFLOW" -c "$INI" "$@" >/dev/null 2>"$WORK/stderr"
	[ $? = "${FAULT_EXIT:-0}" ] || return 1
	sed -n 's/^\([0-9]* *\)\([a-z0-9_]*\)(.*/\2/p' "$WORK/trace" | awk '{ print $1, ++n[$1] }' >"$into"
	sed 's/^[0-9]* *//' "$WORK/trace" | awk '
		/^sendto\(/ { sent++ }
		/^recvfrom\(/ && sending { print sending, recvd + 1, seq, len, question; sending = 0 }
		/^recvfrom\(/ { recvd++ }
		/^sendto\(.*NFNL_MSG_BATCH_BEGIN/ {
			sending = sent; len = $NF
			question = /x66.x6c.x6f.x77.x2d.x74.x72.x79/ ? "question" : ""
			seq = $0; sub(/.*nlmsg_type=NFNL_MSG_BATCH_BEGIN[^}]*nlmsg_seq=/, "", seq); sub(/[^0-9].*/, "", seq)
		}' >"$WORK/batches"
	awk '{ print "batch", NR }' "$WORK/batches" >>"$into"
}
# What makes strace refuse the Nth batch with an error, so that the kernel never sees it: -> injection
fault_refusal() { # N ERRNO
	local sent recvd seq len word text=''
	read -r sent recvd seq len question < <(sed -n "$1p" "$WORK/batches") || return 1
	# 36 bytes: NLMSG_ERROR, capped, of the batch's first message; the port is not looked at
	for word in 36 $((2 | 0x100 << 16)) "$seq" 0 -"$2" 20 0 "$seq" 0; do
		text+=$(printf %08x $((word & 0xffffffff)) | sed 's/\(..\)\(..\)\(..\)\(..\)/\4\3\2\1/')
	done
	injection=(-e "inject=sendto:retval=$len:when=$sent" -e "inject=recvfrom:retval=36:poke_exit=@arg2=$text:when=$recvd")
}
# One run with one fault. -> rc; touched=1 if the fault did happen
fault_run() { # SYSCALL N INJECTION COMMAND...
	local call=$1 n=$2 how=$3 injection
	shift 3
	case $how in
	refused=*) fault_refusal "$n" "${how#*=}" || return ;;
	*) injection=(-e trace="$call" -e inject="$call:$how:when=$n") ;;
	esac
	# (not with --seccomp-bpf: then strace 6.1 kills nothing)
	(timeout -k 5 $((60 * SLOW)) strace -f -qq -o "$WORK/fault" "${injection[@]}" \
		"$PORTFLOW" -c "$INI" "$@" >"$WORK/fault.out" 2>"$WORK/fault.err"
		exit $?) 2>/dev/null # the shell's own "Killed"
	rc=$?
	touched=0
	if [ $rc -ge 128 ] || grep -q '(INJECTED)' "$WORK/fault"; then touched=1; fi
}
# Breaks COMMAND at each point in turn. PREPARE and CHECK are functions; CHECK says nothing and returns 0 when all is conserved.
# `begin`, the caller's, makes everything new.
fault_loop() { # DESCRIPTION PREPARE CHECK INJECTION [SYSCALL_REGEX] -- COMMAND...
	local what=$1 prepare=$2 check=$3 how=$4 calls=.
	shift 4
	[ "$1" = -- ] || { calls=$1; shift; }
	shift
	local command=("$@") call n number=0 tried=0 bad=0 log="" extra step=$FAULT_STEP
	case $how in refused=*) calls=batch step=1 ;; esac # there are few
	$prepare
	fault_points "$WORK/points" "${command[@]}" || { fail "$what: an untouched run" "$(cat "$WORK/stderr")"; return 1; }
	$check || { fail "$what: conservation after an untouched run" "$(cat "$WORK/agree.log")"; return 1; }
	grep -E "^($calls)" "$WORK/points" | if [ "$calls" = batch ]; then cat; else grep -v ^batch; fi >"$WORK/points.chosen"
	while read -r call n <&3; do
		number=$((number + 1))
		[ $(((number + SEED) % step)) = 0 ] || continue
		tried=$((tried + 1))
		fault_once || bad=$((bad + 1))
		[ $bad -lt 10 ] || break
	done 3<"$WORK/points.chosen"
	# a run may make more calls than the first one did: on until none is touched
	if [ "$FAULT_STEP" = 1 ] && [ "$calls" != batch ]; then
		while read -r call n <&3; do
			for extra in $(seq $((n + 1)) $((n + 50))); do
				n=$extra touched=0
				fault_once || bad=$((bad + 1))
				[ $touched = 1 ] || break
				tried=$((tried + 1))
			done
		done 3< <(awk '{ n[$1] = $2 } END { for (c in n) print c, n[c] }' "$WORK/points.chosen")
	fi
	conserved || { bad=$((bad + 1)) log+="at the end: $(cat "$WORK/agree.log")"$'\n'; }
	what+=" ($tried points of $number)"
	if [ $bad = 0 ]; then pass "$what"; else fail "$what" "$log"; fi
}
fault_once() { # of fault_loop, with its variables
	local ended said='' question=''
	$prepare
	fault_run "$call" "$n" "$how" "${command[@]}"
	ended=$rc
	if [ $ended = 124 ] || { [ $ended -ge 128 ] && [ "$how" != signal=KILL ]; }; then
		said="the program hung or crashed"
	elif [ $ended = 0 ] && [ "${command[0]}" = apply ] && ! pf plan >"$WORK/plan" 2>&1; then
		said="apply said 0, but the plan is not empty: $(head -n 5 "$WORK/plan")"
	fi
	case "$ended $how" in
	"0 refused=2" | "0 refused=16" | "0 refused=17" | "0 refused=85") ;; # ENOENT EBUSY EEXIST ERESTART: tried again
	"0 refused="*) [ "$question" ] || said="the kernel refused, and the run said 0" ;;
	esac
	if $check; then
		[ -n "$said" ] || return 0
	else
		said+=$(cat "$WORK/agree.log")
		begin # what is wrong now must not be blamed on the next point
	fi
	log+="$call $n $how (exit $ended): $said"$'\n'"$(head -n 3 "$WORK/fault.err")"$'\n'
	return 1
}
