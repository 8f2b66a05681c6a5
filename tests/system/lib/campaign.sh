#!/bin/bash
# What the random campaigns share: who keeps the account of what may be missing, and the steps that need no more than a name.
# A topic sets ORACLE and says what its steps are as functions step_NAME.
# Sourced by topics after lib.sh.
# shellcheck disable=SC2154 # err and rc come from pf_run
if [ -n "${TORTURE:-}" ]; then STEPS=${STEPS:-2000}; fi
RANDOM=$SEED

# -- what may be missing ------------------------------------------------------------------------------------------------
snapshot() { oracle_read "$ORACLE" | sort >"$1"; }
account_begin() { # the oracle is there, and nothing is missing
	: >"$WORK/allowed"
	snapshot "$WORK/last"
	lossy=0
}
completed() { # after a run that ended with 0; $WORK/began is the truth when it started
	local s
	if [ $lossy = 1 ]; then
		snapshot "$WORK/ended"
		s=$(awk 'FILENAME == ARGV[1] { a[$1 " " $2] = $3; next } FILENAME == ARGV[2] { last[$1 " " $2] = $3; next }
			{ k = $1 " " $2; print k, a[k] + $3 - last[k] }' "$WORK/allowed" "$WORK/last" "$WORK/ended")
		printf '%s\n' "$s" | awk '{ print $1, $2, $3 }' >"$WORK/allowed"
		lossy=0
	fi
	cp "$WORK/began" "$WORK/last"
}
failures=''
run() { # COMMAND: must work, whatever was done before
	snapshot "$WORK/began"
	pf_run "$@"
	if [ "$rc" = 0 ]; then completed; else failures+="step $step ($what): portflow $*: exit $rc $err"$'\n'; fi
}
verdict() { # DESCRIPTION: `state` prints what the database has, as oracle_read does
	local tries=8
	stop
	what=verdict
	run apply
	while :; do # a connection that was blocked may try again
		snapshot "$WORK/before"
		run sample
		state >"$WORK/state"
		snapshot "$WORK/truth"
		tries=$((tries - 1))
		! cmp -s "$WORK/before" "$WORK/truth" && [ $tries -gt 0 ] || break
	done
	awk '
		FILENAME == ARGV[1] { got[$1 " " $2] = $3; next }
		FILENAME == ARGV[2] { allowed[$1 " " $2] = $3; next }
		{ k = $1 " " $2; have = got[k] + 0
		  line = k ": truth " $3 ", portflow " have ", may miss " allowed[k] + 0 ", misses " $3 - have
		  if (have > $3) { print "MORE THAN THE TRUTH " line; bad = 1 }
		  else if (have < $3 - allowed[k]) { print "LOST " line; bad = 1 }
		  else print line }
		END { exit bad }' "$WORK/state" "$WORK/allowed" "$WORK/truth" >"$WORK/verdict.log"
	if [ $? = 0 ]; then pass "$1"; else fail "$1" "$(cat "$WORK/verdict.log")
steps: $history"; fi
	diag <"$WORK/verdict.log"
}

# -- the steps ----------------------------------------------------------------------------------------------------------
one_of() { shift $((RANDOM % $#)); picked=$1; } # WORDS... -> picked; no $( ), in which RANDOM would begin anew and not by the seed
killed() { # COMMAND: killed somewhere
	"$PORTFLOW" -c "$INI" "$1" >/dev/null 2>&1 &
	local p=$!
	sleep "0.0$((RANDOM % 40 + 10))"
	kill -KILL $p 2>/dev/null
	wait $p 2>/dev/null
}
line_of() { # NUMBER: one of the lines of stdin
	awk -v n="$1" '{ line[NR - 1] = $0 } END { if (NR) print line[n % NR] }'
}
rule_of() { # NUMBER [CHAINS_REGEX]: one of the rules of our table, as "CHAIN handle H"
	nft -a list table inet portflow 2>/dev/null | awk -v of="${2:-.}" '/^\tchain/ { c = $2 }
		/# handle/ && !/^\tchain/ && c ~ of { print c, "handle", $NF }' | line_of "$1"
}
map_of() { # NUMBER [NAMES_REGEX]: one of the sets and maps, as "map NAME"
	nft list table inet portflow 2>/dev/null | awk -v of="${2:-.}" '/^\t(map|set)/ && $2 ~ of { print $1, $2 }' | line_of "$1"
}
history=''
step=0
steps() { # COUNT WORDS...
	local end=$((step + $1))
	shift
	while [ $step -lt $end ]; do
		step=$((step + 1))
		one_of "$@"
		what=$picked
		history+="$what "
		"step_$what"
		[ $((RANDOM % 3)) != 0 ] || sleep "0.0$((RANDOM % 9))"
	done
}
