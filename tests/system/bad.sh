#!/bin/bash
# What can be wrong around the program: rights, disk, locks, the database, the INI, the locale. Each time: the exit code that is
# promised, a message with a cure, no change, and everything works again once the cause is gone.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up || exit 1
chmod 755 "$WORK"
good_ini() { printf '[portflow]\ntimezone = UTC\n[port web]\nports = 443\n' | ini; }
good_ini
pf_ok apply
oracle_port web 443
oracle_total
oracle_load peer
says() { # DESCRIPTION REGEX: the last run's stderr, which must be portflow's own words
	like "$1" "$err" "$2"
	unlike "$1: every line is portflow's" "$(grep -v '^ ' <<<"$err")" '^(sqlite|nft|Assertion|ERROR:|=====)'
}
recovered() { # DESCRIPTION: one more sample and all is there
	udp_in 4 443 3
	conserve "$1"
}
kernel() { nft -a list table inet portflow | sed 's/packets.*//'; }

# -- rights -------------------------------------------------------------------------------------------------------------
before=$(kernel)
chmod 755 "$WORK/db"
for command in apply sample down; do
	out=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$PORTFLOW" -c "$INI" $command 2>&1)
	rc=$? err=$out
	is "$command by nobody: exit 77" "$rc" 77
	says "$command by nobody: says what to do" '(permitted|permission|root|sudo|group)'
	out=$(setpriv --bounding-set -net_admin --inh-caps -net_admin "$PORTFLOW" -c "$INI" $command 2>&1)
	rc=$? err=$out
	is "$command without CAP_NET_ADMIN: exit 77" "$rc" 77
	says "$command without CAP_NET_ADMIN: names it" '(CAP_NET_ADMIN|permi)'
done
is "the kernel is as it was" "$(kernel)" "$before"
setpriv --reuid 65534 --regid 65534 --clear-groups "$PORTFLOW" -c "$INI" status >/dev/null 2>"$WORK/stderr"
rc=$?
is "status by nobody, who cannot read the INI or the database: 77 or 78" "$([ $rc = 77 ] || [ $rc = 78 ] && echo yes)" yes
chmod 644 "$INI" "$DB"* && chmod 755 "$WORK/db"
out=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$PORTFLOW" -c "$INI" status 2>"$WORK/stderr")
rc=$?
is "status by a reader without rights in the kernel" "$rc" 0
like "shows what the database knows" "$out" 'web'
pf_ok sample
is "locks are for their owner alone, also one that was opened to others" "$(stat -c %a "$DB.lock" /run/portflow/net-*.lock | sort -u)" 600
is "so who may look cannot hold one and stop all counting" \
	"$(setpriv --reuid 65534 --regid 65534 --clear-groups flock -n -s "$DB.lock" true 2>/dev/null; echo $?)" 66
is "check by nobody" "$(setpriv --reuid 65534 --regid 65534 --clear-groups "$PORTFLOW" check "$INI" >/dev/null 2>&1; echo $?)" 0
recovered "after all that"

# -- a file system that is read-only, as all but its own folders are to a unit ---------------------------------------------
mount --bind "$WORK/db" "$WORK/db" && mount -o remount,ro,bind "$WORK/db"
for command in apply sample down; do
	pf_run $command
	is "$command, the database's folder read-only: fails" "$rc" 1
	says "and names the drop-in that cures it" "read-only.*portflow-\\.service\\.d/.*\\[Service\\] ReadWritePaths=$WORK/db\$"
done
printf '[portflow]\ndatabase = %s/db/new/portflow.db\n[port web]\nports = 443\n' "$WORK" >"$WORK/elsewhere.ini"
out=$("$PORTFLOW" -c "$WORK/elsewhere.ini" apply 2>&1)
is "a folder that cannot be made there: fails" $? 1
like "and names it" "$out" "read-only.*ReadWritePaths=$WORK/db/new\$"
umount "$WORK/db"
recovered "writable again: nothing was lost"

# -- disk ---------------------------------------------------------------------------------------------------------------
good_db=$DB
mkdir "$WORK/small"
mount -t tmpfs -o size=600k,mode=755 small "$WORK/small"
DB=$WORK/small/portflow.db
nft delete table inet portflow
good_ini
pf_ok apply
oracle_load peer
udp_in 4 443 3
pf_ok sample
cp "$DB" "$WORK/before-full.db"
dd if=/dev/zero of="$WORK/small/fill" bs=1k 2>/dev/null
i=0
while [ $i -lt 40 ]; do # until the WAL's own room is used up
	i=$((i + 1))
	udp_in 4 443 2
	pf_run sample
	[ "$rc" = 0 ] || break
done
is "a full disk: sample fails" "$rc" 1
says "a full disk is named" '(full|space|No space)'
is "what was there is there: the database is whole" "$(sqlite3 "$DB" 'PRAGMA integrity_check')" ok
printf '[port web]\nports = 443\n[port new]\nports = 444\n' | ini
pf_run apply
is "apply on a full disk fails too" "$rc" 1
like "and status still answers" "$(pf status 2>&1)" web
rm "$WORK/small/fill"
good_ini
pf_ok apply
recovered "room again: nothing was lost"
pf_ok down
umount "$WORK/small" || umount -l "$WORK/small"
DB=$good_db
good_ini
pf_ok apply --adopt
oracle_load peer && fresh && pf_ok apply

# -- locks --------------------------------------------------------------------------------------------------------------
if strace_works 2>/dev/null; then
	oracle_load peer
	udp_in 4 443 3
	# a run that stands still in the middle of its result
	strace -f -qq -o "$WORK/held" -e trace=fsync,fdatasync -e inject=fsync,fdatasync:signal=STOP:when=1 "$PORTFLOW" -c "$INI" sample &
	holder=$!
	wait_for "grep -qs SIGSTOP '$WORK/held'"
	began=$(date +%s)
	pf_run sample
	is "a lock that is held: exit 75" "$rc" 75
	says "and it says who holds it, or to try later" '(lock|busy|later|running|another)'
	is_le "after at most 15 s" $(($(date +%s) - began)) 15
	exits "status needs no lock" 0 status
	exits "plan needs none, or says 75" "$(pf plan >/dev/null 2>&1; echo $?)" plan
	udp_in 4 443 3
	kill -CONT "$(pgrep -P $holder | head -n 1)"
	wait $holder
	recovered "both have done their work"
else
	skip "a lock that is held" "strace cannot inject"
fi
# many at once
bad=0
pids=()
for i in 1 2 3 4 5 6; do
	pf sample >/dev/null 2>&1 &
	pids+=($!)
	udp_in 4 443 1
done
for p in "${pids[@]}"; do wait "$p" || bad=$((bad + 1)); done
is "six samples at once: each waits its turn" $bad 0
recovered "and each byte is counted once"
for _ in $(seq 1 30); do pf status >/dev/null 2>&1; done &
readers=$!
for i in 1 2 3 4 5; do pf_ok sample; done
wait $readers
pass "readers do not keep the writer waiting"
# a transaction of somebody's on the database
(echo 'BEGIN IMMEDIATE;'; sleep 8) | sqlite3 "$DB" &
foreign=$!
sleep 0.5
udp_in 4 443 2
pf_run sample
is "somebody holds a write transaction: 75, or waited for" "$([ $rc = 75 ] || [ $rc = 0 ] && echo yes)" yes
wait $foreign 2>/dev/null
recovered "its delta waited in the kernel"

# -- the database -------------------------------------------------------------------------------------------------------
pf_ok sample
sqlite3 "$DB" '.backup '"$WORK/good.db"
spoil() { # DESCRIPTION EXIT_CODES REGEX: the database is $WORK/bad.db; nothing may touch it
	rm -f "$DB" "$DB-wal" "$DB-shm"
	cp "$WORK/bad.db" "$DB"
	local sum
	sum=$(md5sum <"$DB")
	for command in sample apply status; do
		pf_run $command
		if grep -qw "$rc" <<<"$2"; then pass "$1: $command ends with $rc"; else fail "$1: $command ends with $2" "exit $rc $err"; fi
		says "$1: $command says so" "$3"
	done
	is "$1: the file is untouched" "$(md5sum <"$DB")" "$sum"
	rm -f "$DB" "$DB-wal" "$DB-shm"
	cp "$WORK/good.db" "$DB"
}
cp "$WORK/good.db" "$WORK/bad.db"
sqlite3 "$WORK/bad.db" 'PRAGMA user_version = 9999'
spoil "a database of a newer version" 1 '(newer|version)'
cp "$WORK/good.db" "$WORK/bad.db"
sqlite3 "$WORK/bad.db" 'PRAGMA application_id = 77'
spoil "a database of another program" 1 '(not|another|portflow)'
printf 'this is no database, but long enough to look like a file\n%.0s' $(seq 1 200) >"$WORK/bad.db"
spoil "a text file" 1 '(database|not)'
head -c 20000 /dev/urandom >"$WORK/bad.db"
spoil "noise" 1 '(database|not)'
# a page in the middle is overwritten
cp "$WORK/good.db" "$WORK/bad.db"
size=$(stat -c %s "$WORK/bad.db")
dd if=/dev/zero of="$WORK/bad.db" bs=1 seek=$((size / 2 / 4096 * 4096)) count=$((size - size / 2 / 4096 * 4096 > 20000 ? 20000 : 4096)) conv=notrunc 2>/dev/null
rm -f "$DB" "$DB-wal" "$DB-shm"
cp "$WORK/bad.db" "$DB"
pf_run db check
unlike "zeroed pages: db check finds them" "$rc" '^0$'
says "and names the cure" '(restore|backup|aside|damaged|malformed|corrupt)'
for command in sample apply status report; do
	pf_run $command
	is_le "zeroed pages: $command does not crash" "$rc" 78
done
rm -f "$DB" "$DB-wal" "$DB-shm"
cp "$WORK/good.db" "$DB"
# a hostile one: a trigger and a view in place of a table
cp "$WORK/good.db" "$WORK/bad.db"
sqlite3 "$WORK/bad.db" "CREATE TRIGGER evil AFTER UPDATE ON state BEGIN DELETE FROM entry; END" 2>/dev/null
rm -f "$DB" "$DB-wal" "$DB-shm"
cp "$WORK/bad.db" "$DB"
pf_run sample
is_le "a hostile database: no crash" "$rc" 78
is "and its trigger does not run" "$(sqlite3 "$DB" "SELECT count(*) > 0 FROM entry")" 1
rm -f "$DB" "$DB-wal" "$DB-shm"
cp "$WORK/good.db" "$DB"
recovered "the good database goes on, each byte once"
mv "$WORK/db" "$WORK/db.away"
ln -s /nonexistent/place "$WORK/db"
pf_run sample
is_le "a database path that leads nowhere: no crash" "$rc" 78
unlike "but a failure" "$rc" '^0$'
rm "$WORK/db" && mv "$WORK/db.away" "$WORK/db"
recovered "the path is back"

# -- the INI ------------------------------------------------------------------------------------------------------------
# A file that cannot be read cannot name its database either: here it is in the default place.
pf_ok down
DB=/var/lib/portflow/portflow.db
good_ini
pf_ok apply
oracle_load peer
before=$(kernel)
refused() { # DESCRIPTION [REGEX]: check and apply say 78, sample goes on as applied and says 78
	local n
	pf_run check
	is "$1: check says 78" "$rc" 78
	pf_run apply
	is "$1: apply says 78" "$rc" 78
	says "$1: and why" "${2:-.}"
	n=$(figure web in)
	udp_in 4 443 2
	pf_run sample
	is "$1: sample says 78" "$rc" 78
	good_ini
	is "$1: but goes on counting" "$(($(figure web in) - n))" 256
	is "$1: nothing is changed" "$(kernel)" "$before"
	[ "$(history_read | awk '$1 == "web" && $2 == "in" { print $3 }')" = "$(figure web in)" ] &&
		pass "$1: and storing" || fail "$1: and storing"
}
odd() { touch -d '-1 minute' "$INI"; chmod 640 "$INI" 2>/dev/null; }
rm "$INI" && mkdir "$INI"
refused_directory() {
	pf_run apply
	is "the INI is a directory: 78" "$rc" 78
	says "the INI is a directory: says so" '(directory|file)'
	pf_run sample
	is "the INI is a directory: sample goes on, 78" "$rc" 78
	rmdir "$INI"
	good_ini
}
refused_directory
rm "$INI"
pf_run apply
is "no INI at all: 78" "$rc" 78
says "no INI at all: named" 'portflow.ini'
good_ini
printf '[port web]\nports = 443\n' >"$INI" && printf 'remark = a\0b\n' >>"$INI" && odd
refused "a NUL byte" '(NUL|zero|byte|character)'
{ printf '[port web]\nports = 443\nremark = '; head -c 1000000 /dev/zero | tr '\0' x; echo; } >"$INI" && odd
refused "a line of 1 MB" '(long|bytes)'
head -c 300000 /dev/urandom >"$INI" && odd
refused "noise"
head -c 300000 /dev/urandom | tr -c '[:print:]\n' '[\n*]' >"$INI" && odd
refused "printable noise"
printf '[port web]\nports = 443\n[port web2]\nports = 443-450\n' | ini
refused "an overlap" '443'
printf '[portflow]\nbogus = 1\n[port web]\nports = 443\n' | ini
refused "an unknown key" 'bogus'
printf '[port web]\nports = 443\nnotify = ops\n' | ini
refused "a key of a later release" 'notify'
good_ini && chmod 666 "$INI"
pf_run apply
is "an INI that everybody can write is refused" "$rc" 78
good_ini
: >"$INI" && odd
pf_run apply
is_le "an empty file is no crash" "$rc" 78
good_ini
pf_ok apply
exits "and the good INI is as before" 0 plan

# a file younger than 2 s is left to the next run of a timer
printf '[portflow]\ntimezone = UTC\n[port web]\nports = 443\n[port fresh]\nports = 4444\n' >"$INI"
pf_run sample
is "an INI that was just written: sample exits 0" "$rc" 0
is "and does not take it up yet" "$(nft list counters table inet portflow | grep -c p_fresh)" 0
touch -d '-5 seconds' "$INI"
pf_ok sample
is "but 2 s later" "$([ "$(nft list counters table inet portflow | grep -c p_fresh)" -gt 0 ] && echo yes)" yes
good_ini
pf_ok apply

# -- the locale ---------------------------------------------------------------------------------------------------------
localedef -i de_DE -f UTF-8 "$WORK/de_DE.UTF-8" 2>/dev/null
for locale in de_DE.UTF-8 zh_CN.UTF-8 tr_TR.UTF-8 nonsense; do
	is "status in $locale is that of C" "$(env LOCPATH=$WORK LC_ALL=$locale "$PORTFLOW" -c "$INI" status --json | sed 's/"time":"[^"]*"//')" \
		"$(LC_ALL=C pf status --json | sed 's/"time":"[^"]*"//')"
	out=$(env LOCPATH=$WORK LC_ALL=$locale "$PORTFLOW" -c "$INI" sample 2>&1)
	is "sample in $locale" "$? $out" "0 "
done
recovered "to the end, each byte once"

# -- odd surroundings ---------------------------------------------------------------------------------------------------
(exec 0<&- && pf sample); is "sample without stdin" $? 0
(exec 1>&- && pf sample) 2>/dev/null; is "sample without stdout" $? 0
(exec 2>&- && pf sample); is "sample without stderr" $? 0
(exec 0<&- 1>&- 2>&- && pf sample); is "sample without any of the three" $? 0
pf status >/dev/full 2>"$WORK/stderr"
unlike "status into a full device fails" "$?" '^0$'
(cd / && env -i "$PORTFLOW" -c "$INI" sample); is "sample with an empty environment" $? 0
(ulimit -n 16 && pf sample >/dev/null 2>&1); is_le "few file descriptors: no crash" $? 78
if grep -q libasan < <(ldd "$PORTFLOW"); then
	skip "little memory: no crash" "sanitizers take address space by the terabyte"
else
	(ulimit -v 60000 && pf sample >/dev/null 2>&1); is_le "little memory: no crash" $? 78
fi
(ulimit -f 0 && pf sample >/dev/null 2>&1); rc=$?
is "a file size limit of 0: no byte lost whatever it says ($rc)" "$(integrity=$(sqlite3 "$DB" 'PRAGMA integrity_check'); echo "$integrity")" ok
recovered "still each byte once"
done_testing
