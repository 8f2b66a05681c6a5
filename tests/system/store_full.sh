#!/bin/bash
# A disk that is full while runs go on: nothing that was stored is lost or damaged, what was counted waits in the kernel, and the
# first run with room stores it, once. Then `db` on the same disk: a backup that does not fit leaves the old one whole.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up || exit 1

DISK=$WORK/disk
mkdir "$DISK"
mount -t tmpfs -o size=900k portflow-test "$DISK" || skip_all "no tmpfs"
DB=$DISK/portflow.db
filler() { dd if=/dev/zero of="$DISK/filler" bs=4k >/dev/null 2>&1; }
room() { rm -f "$DISK/filler"; }

filler
printf '[portflow]\n[port web]\nports = 443\n' | ini
exits "no room for a database: apply fails" 1 apply
like "and says why" "$err" 'no space|No space|room'
room
pf_ok apply
oracle_new
oracle_port web 443
oracle_load peer || exit 1
udp_in 4 443 10
conserve "before, all is stored"

filler
udp_in 4 443 50
settle
exits "no room: sample fails" 1 sample
like "and says what to do" "$err" 'make room'
is "the database is whole" "$(sqlite3 "$DB" 'PRAGMA integrity_check')" ok
udp_in 4 443 20
exits "and fails again" 1 sample
exits "status goes on" 0 status
room
conserve "with room all is stored, once"

# What was begun is taken up again when only some pages fit.
for kib in 4 8 16 32 64; do
	filler
	truncate -s -${kib}k "$DISK/filler"
	udp_in 4 443 3
	settle
	pf_run sample
	sqlite3 "$DB" 'PRAGMA integrity_check' >"$WORK/whole"
	is "$kib KiB of room: the database is whole (sample: exit $rc)" "$(cat "$WORK/whole")" ok
done
room
conserve "with room again all is stored, once"

pf_ok db backup "$DISK/backup.db"
old=$(md5sum <"$DISK/backup.db")
filler
exits "no room: backup fails" 1 db backup "$DISK/backup.db"
is "the old backup is as it was" "$(md5sum <"$DISK/backup.db")" "$old"
exits "no room: restore fails" 1 db restore "$DISK/backup.db"
exits "and the database is whole" 0 db check
is "no half file is left" "$(find "$DISK" -name '*.db.??????')" ""
room
exits "with room restore works" 0 db restore "$DISK/backup.db"
exits "and the database is whole" 0 db check
pf_ok down

# The database of an older portflow that finds no room to become one of this.
rm -f "$DISK"/*
DB=$DISK/old.db
sqlite3 "$DB" 'PRAGMA journal_mode = WAL' ".read $ROOT/tests/golden/store/version-1.sql" >/dev/null
printf '[portflow]\n[port web]\nports = 443\n' | ini
old=$(sqlite3 "$DB" .dump | md5sum)
filler
truncate -s -56k "$DISK/filler" # enough for -shm
exits "no room for a copy of an older database: sample fails" 1 sample
like "and says what to do" "$err" 'keeping a copy.*make room'
is "no half copy is left" "$(find "$DISK" -name '*before*')" ""
room
is "the database is as it was" "$(sqlite3 "$DB" .dump | md5sum)" "$old"
exits "status knows the way out" 1 status
like "and says it" "$err" 'portflow sample'
exits "with room sample goes on with it" 0 sample
like "and says so" "$err" 'schema 1.*kept as .*old.db.before-1'
is "the copy is the old one" "$(sqlite3 "$DISK/old.db.before-1" .dump | md5sum)" "$old"
exits "once" 0 sample
is "then not a word" "$err" ""
exits "the database is whole" 0 db check
pf_ok down
done_testing
