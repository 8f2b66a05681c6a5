#!/bin/bash
# The one invariant: database plus what the kernel counted since = the oracle. Nothing lost, nothing doubled.
# And the loop that breaks a command at every one of its system calls and then asks for it.
# Sourced by lib.sh.
# shellcheck disable=SC2154 # err, out and rc come from pf_run

history_read() { # -> lines "NAME DIRECTION bytes packets", entries that are gone too
	pf report --json --by day --since 2000-01-01 >"$WORK/report.json" 2>"$WORK/report.err" ||
		{ cat "$WORK/report.err" >>"$WORK/agree.log"; return 1; }
	"$PYTHON" -SE "$SYSTEM/lib/figures.py" history "$WORK/report.json"
}

# shellcheck disable=SC2120 # fault.sh passes one
conserved() { # [figures]: after a clean sample status and history are the peer's oracle to the byte; else why not, in $WORK/agree.log
	# `figures`: without the history, which adds up all that was before and may wait for the end of a loop
	pf_run sample
	[ "$rc" = 0 ] || { printf 'clean sample: exit %s\n%s\n' "$rc" "$err" >"$WORK/agree.log"; return 1; }
	matches peer wire || return 1
	[ "${1:-}" != figures ] || return 0
	history_read >"$WORK/history.lines" || return 1
	oracle_read peer | awk '
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

# -- faults -------------------------------------------------------------------------------------------------------------
SEED=${SEED:-$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}
FAULT_STEP=${FAULT_STEP:-1} # every how manieth point; the seed says which

strace_works() {
	command -v strace >/dev/null || return 1
	(strace -f -qq -e trace=write -e inject=write:signal=KILL -o "$WORK/trace" echo alive >"$WORK/alive"; exit 0) 2>/dev/null
	[ ! -s "$WORK/alive" ]
}
# The system calls of a run in order, as "NAME N": its Nth NAME. Only what follows the dynamic linker's work, unless it is all.
fault_points() { # FILE COMMAND...
	local into=$1
	shift
	strace -f -qq -o "$WORK/trace" "$PORTFLOW" -c "$INI" "$@" >/dev/null 2>"$WORK/stderr" || return 1
	sed -n 's/^\([0-9]* *\)\([a-z0-9_]*\)(.*/\2/p' "$WORK/trace" | awk '{ print $1, ++n[$1] }' >"$into"
}
# One run with one fault. -> rc; touched=1 if the fault did happen
fault_run() { # SYSCALL N INJECTION COMMAND...
	local call=$1 n=$2 how=$3
	shift 3
	# (not with --seccomp-bpf: then strace 6.1 kills nothing)
	(timeout -k 5 60 strace -f -qq -o "$WORK/fault" -e trace="$call" -e inject="$call:$how:when=$n" \
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
	local command=("$@") call n number=0 tried=0 bad=0 log="" extra
	$prepare
	fault_points "$WORK/points" "${command[@]}" || { fail "$what: an untouched run" "$(cat "$WORK/stderr")"; return 1; }
	$check || { fail "$what: conservation after an untouched run" "$(cat "$WORK/agree.log")"; return 1; }
	grep -E "^($calls)" "$WORK/points" >"$WORK/points.chosen"
	while read -r call n <&3; do
		number=$((number + 1))
		[ $(((number + SEED) % FAULT_STEP)) = 0 ] || continue
		tried=$((tried + 1))
		fault_once || bad=$((bad + 1))
		[ $bad -lt 10 ] || break
	done 3<"$WORK/points.chosen"
	# a run may make more calls than the first one did: on until none is touched
	if [ "$FAULT_STEP" = 1 ]; then
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
	local ended said=''
	$prepare
	fault_run "$call" "$n" "$how" "${command[@]}"
	ended=$rc
	if [ $ended = 124 ] || { [ $ended -ge 128 ] && [ "$how" != signal=KILL ]; }; then
		said="the program hung or crashed"
	elif [ $ended = 0 ] && [ "${command[0]}" = apply ] && ! pf plan >"$WORK/plan" 2>&1; then
		said="apply said 0, but the plan is not empty: $(head -n 5 "$WORK/plan")"
	fi
	if $check; then
		[ -n "$said" ] || return 0
	else
		said+=$(cat "$WORK/agree.log")
		begin # what is wrong now must not be blamed on the next point
	fi
	log+="$call $n $how (exit $ended): $said"$'\n'"$(head -n 3 "$WORK/fault.err")"$'\n'
	return 1
}
