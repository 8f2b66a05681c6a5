#!/bin/bash
# Runs at other moments, by libfaketime: the wall clock that the program sees is another, the time that the kernel's deadlines take is real.
# Sourced by topics after lib.sh.
# shellcheck disable=SC2034 # the topics use what is set here
command -v faketime >/dev/null || skip_all "faketime is not installed"
# faketime puts a semaphore there, named by a process id, which is small and the same in the namespaces of several tests.
mount -t tmpfs -o mode=1777 portflow-test /dev/shm || exit 1
# How long the machine is up decides over which hours a gap is split: here 10 days, whatever the machine that runs the tests.
UP=(unshare -T --boottime $((10 * 86400)))
"${UP[@]}" true 2>/dev/null || skip_all "this kernel has no time namespaces"

moment() { date -u -d "$1 UTC" +%s; } # "2026-11-25 12:00:05" -> Unix seconds
at() { # MOMENT COMMAND...: a time of UTC, or Unix seconds; sets rc, out, err
	local when=$1
	shift
	case $when in *-*) when=$(moment "$when") ;; esac
	out=$(FAKETIME_FMT=%s FAKETIME_DONT_FAKE_MONOTONIC=1 timeout -k 5 $((60 * SLOW)) "${UP[@]}" faketime -f "@$when" "$PORTFLOW" -c "$INI" "$@" 2>"$WORK/stderr")
	rc=$?
	err=$(cat "$WORK/stderr")
}
at_ok() { # MOMENT COMMAND...: for the steps of a test that must not fail
	at "$@"
	[ "$rc" = 0 ] || fail "portflow ${*:2} at $1 ends with 0" "exit $rc
$err
$out"
}
told() { of_db "SELECT count(*) FROM event WHERE kind = '$1'"; } # KIND: how often
says() { of_db "SELECT text FROM event WHERE kind = '$1' ORDER BY id DESC LIMIT 1"; } # KIND: the last one's words
# A network that knows nothing of ours, as after a boot, in which a run takes place at MOMENT; then COMMAND. Its output in $WORK/boot.
after_boot() { # MOMENT COMMAND
	unshare -n bash -c "$(declare -f moment at at_ok fail); ip link set lo up; at_ok '$1' sample; $2" >"$WORK/boot"
}
