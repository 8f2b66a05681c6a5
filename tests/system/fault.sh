#!/bin/bash
# sample, apply and down, killed at every system call, and with every system call failing in every way it can: whatever happened,
# a clean sample later the database and the kernel together hold each byte once.
# In `make check` a part of the points, chosen by SEED; all of them with `make torture`.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
strace_works || skip_all "strace cannot inject faults here"
net_up || exit 1
ALL="ENOMEM ENOBUFS EINTR EAGAIN ENOSPC EIO"
if [ -n "${TORTURE:-}" ]; then
	ERRORS=${ERRORS:-$ALL}
else # two of the errors, other ones with each seed
	FAULT_STEP=${STEP:-$((SLOW > 1 ? 997 : 61))}
	# shellcheck disable=SC2086
	ERRORS=${ERRORS:-$(printf '%s\n' $ALL | awk -v s="$SEED" '{ e[NR] = $1 }
		END { print e[s % NR + 1], e[(s + 1 + s % (NR - 1)) % NR + 1] }')}
fi
note "SEED=$SEED, every ${FAULT_STEP}th point, $ERRORS"
CALLS='send|recv|pwrite|pread|read|write|f(data)?sync|open|fcntl|ftruncate|flock|unlink|mmap|mremap|fstat|newfstat|fchmod|fchown|mkdir|socket|bind|set|get|rename|close|lseek|membarrier|clock|poll|stat|access'

configuration() { # before|after: of an edit that adds, removes, renames, grows
	if [ "$1" = before ]; then
		cat <<-END
			[port kept]
			ports = 443
			[port wide]
			ports = 20000-20999
			[port old]
			ports = 1000, 3000-3999
			[address also]
			addresses = $ALSO4, $ALSO6
		END
	else
		cat <<-END
			[port kept]
			ports = 443, 444
			[port wide]
			ports = 20000-21999
			[port new]
			ports = 1000, 2000
			[address also]
			addresses = $ALSO4, $ALSO6
		END
	fi
}
oracle_new
oracle_port kept 443
oracle_port wide 20000-20999
oracle_address also $ALSO4 $ALSO6
oracle_total
kept_traffic() {
	udp_in 4 443,20500 2 100 -d $ALSO4
	udp_out 6 443 3 100
}

# -- sample -------------------------------------------------------------------------------------------------------------
sample_prepare() { kept_traffic; }
sample_check() { kept_traffic; conserved figures; }
begin() { # WHICH_ORACLE_FUNCTION...
	fresh
	configuration before | ini
	pf_ok apply
	oracle_load peer
}
begin
fault_loop "sample, killed" sample_prepare sample_check signal=KILL -- sample
for e in $ERRORS; do fault_loop "sample, $e" sample_prepare sample_check error=$e "$CALLS" -- sample; done

# sample that finds the table gone
gone_prepare() {
	pf_run sample
	nft delete table inet portflow
}
gone_check() { # what passes before the table is back is not counted; if it is back, all of it is
	if nft list table inet portflow >/dev/null 2>&1; then kept_traffic; fi
	conserved figures
}
fault_loop "sample that rebuilds the table, killed" gone_prepare gone_check signal=KILL -- sample

# -- apply from nothing -------------------------------------------------------------------------------------------------
nothing_prepare() {
	fresh
	oracle_load peer
}
nothing_check() {
	if nft list table inet portflow >/dev/null 2>&1; then kept_traffic; fi
	pf_run apply
	[ "$rc" = 0 ] || { printf 'clean apply: exit %s\n%s\n' "$rc" "$err" >"$WORK/agree.log"; return 1; }
	kept_traffic
	conserved figures
}
fault_loop "apply from nothing, killed" nothing_prepare nothing_check signal=KILL -- apply
for e in $ERRORS; do fault_loop "apply from nothing, $e" nothing_prepare nothing_check error=$e "$CALLS" -- apply; done

# -- apply of an edit ---------------------------------------------------------------------------------------------------
# `old` has had traffic that is not sampled yet, and goes with its port to `new`; `kept` and `wide` grow
oracle_new
oracle_port kept 443
oracle_port wide 20000-20999
oracle_port old 3000-3999
oracle_address also $ALSO4 $ALSO6
oracle_total
edit_prepare() {
	configuration before | ini
	pf_run apply
	[ "$rc" = 0 ] || note "apply of the configuration before: $rc $err"
	kept_traffic
	udp_in 6 3000,3999 2 100
	configuration after | ini
}
edit_check() {
	kept_traffic
	pf_run apply
	[ "$rc" = 0 ] || { printf 'clean apply: exit %s\n%s\n' "$rc" "$err" >"$WORK/agree.log"; return 1; }
	pf_run plan
	[ "$rc" = 0 ] || { printf 'plan after apply: exit %s\n%s\n' "$rc" "$out" >"$WORK/agree.log"; return 1; }
	kept_traffic
	configuration before | ini # status shows `old` again, which goes on with its history
	pf_run apply
	conserved figures
}
begin
fault_loop "apply of an edit, killed" edit_prepare edit_check signal=KILL -- apply
for e in $ERRORS; do fault_loop "apply of an edit, $e" edit_prepare edit_check error=$e "$CALLS" -- apply; done
fault_loop "sample that takes up an edit, killed" edit_prepare edit_check signal=KILL -- sample

# the edit is taken back before any run was through with it
back_check() {
	configuration before | ini
	kept_traffic
	conserved figures
}
[ "$FAULT_STEP" -le 7 ] || { step=$FAULT_STEP FAULT_STEP=7; }
fault_loop "apply of an edit that is taken back, killed" edit_prepare back_check signal=KILL 'send|recv|fdatasync' -- apply
FAULT_STEP=${step:-$FAULT_STEP}

# -- down ---------------------------------------------------------------------------------------------------------------
down_prepare() {
	pf_run apply
	kept_traffic
}
down_check() {
	pf_run apply
	[ "$rc" = 0 ] || { printf 'clean apply: exit %s\n%s\n' "$rc" "$err" >"$WORK/agree.log"; return 1; }
	kept_traffic
	conserved figures
}
begin
fault_loop "down, killed" down_prepare down_check signal=KILL -- down
for e in $ERRORS; do fault_loop "down, $e" down_prepare down_check error=$e "$CALLS" -- down; done
is "the cable lost nothing" "$(dropped)" 0
done_testing
