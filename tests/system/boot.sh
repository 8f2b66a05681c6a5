#!/bin/bash
# The units under a real systemd: boot, timers, edits, the firewall's reload, shutdown, power cut; every byte as the peer counts it.
# What a unit file means shows only when a systemd runs it, with the ordering, the sandbox and the account of the service.
# tests/run starts it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh" "$@"
# shellcheck source=lib/machine.sh
. "$SYSTEM/lib/machine.sh"
need_program
machine_tree

UNITS=$(cd "$ROOT/units" && ls ./*.service ./*.timer ./*.path | sed 's|^./||')
SERVICES=$(grep service <<<"$UNITS")

answering_peer() { # what arrives at port 7 goes back
	in_peer "$PYTHON" -SEc '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
s.bind(("0.0.0.0", 7))
while True:
    data, who = s.recvfrom(2048)
    try:
        s.sendto(data, who)
    except OSError:
        pass
' &
}
send() { # COUNT: datagrams from the port that the entry counts
	box datagram -d $THERE4 -s 5201 -p 9 -c "$1" -l $PAYLOAD >/dev/null
}

# -- figures ------------------------------------------------------------------------------------------------------------
figures() { # HOW: "NAME DIRECTION bytes" lines; HOW is box (it runs) or chrooted (it is off)
	"$1" portflow status --json >"$WORK/status.json" 2>"$WORK/status.err" || cat "$WORK/status.err"
	"$PYTHON" -SE "$SYSTEM/lib/figures.py" figures "$WORK/status.json" | awk '/^(talk|.total) / { print $1, $2, $3 }' | sort
}
peer_says() { oracle_read peer | awk '{ print $1, $2, $3 }' | sort; }
out_of() { awk '$1 == "talk" && $2 == "out" { print $3 }' <<<"$1"; }

other_table() { local now; now=$(table_handle) && [ -n "$now" ] && [ "$now" != "$1" ]; } # HANDLE
runs_of() { property "$1" ExecMainStartTimestampMonotonic; }

# -- tests --------------------------------------------------------------------------------------------------------------
test_static() {
	is "units: systemd has nothing to say about them" \
		"$(cd "$DISK/usr/lib/systemd/system" && box systemd-analyze verify --man=no $UNITS 2>&1; echo "exit $?")" "exit 0"
	local unit
	for unit in $SERVICES; do
		ok "$unit: exposure at most 2.0" box systemd-analyze security --no-pager --threshold=20 "$unit"
	done
}
test_first_boot() {
	is "first boot: everything started" "$(cat "$WORK/machine/state"; box systemctl --failed --plain --no-legend)" "running"
	unlike "no ordering cycle" "$(journal _PID=1)" 'ordering cycle'
	is_le "the table stands before the network comes" \
		"$(property portflow-apply.service ActiveEnterTimestampMonotonic)" "$(property net.service ExecMainStartTimestampMonotonic)"
	is_ge "the devices are taken up once the network is there" \
		"$(runs_of portflow-online.service)" "$(property net.service ActiveEnterTimestampMonotonic)"
	ok "and the entry is counted" counts 'p_talk\.out'
	is "account, ownership, modes" \
		"$(box stat -c '%n %a %U:%G' /run/portflow /var/lib/portflow /var/lib/portflow/portflow.db /etc/portflow.ini /etc/portflow.d)" \
		"/run/portflow 750 portflow:portflow
/var/lib/portflow 750 portflow:portflow
/var/lib/portflow/portflow.db 640 portflow:portflow
/etc/portflow.ini 640 root:portflow
/etc/portflow.d 750 root:portflow"
	is "on: boot, once online, hourly; off: each minute, at every edit" \
		"$(box systemctl is-enabled portflow-apply.service portflow-online.service portflow-sample.timer portflow-minute.timer portflow-edit.path)" \
		"enabled
enabled
enabled
disabled
disabled"
	like "the hourly timer waits for the full hour" "$(property portflow-sample.timer NextElapseUSecRealtime)" ':00:00 '
}
test_timer() { # TIMER: runs the sample; for the test's sake each second
	local timer=$1 before
	box mkdir -p "/run/systemd/system/$timer.d"
	box sh -c "printf '[Timer]\nOnCalendar=\nOnCalendar=*:*:*\n' >/run/systemd/system/$timer.d/fast.conf"
	box systemctl daemon-reload
	before=$(runs_of portflow-sample.service)
	box systemctl restart "$timer"
	ok "$timer: samples" await 6 unit_is_not portflow-sample.service ExecMainStartTimestampMonotonic "$before"
	before=$(runs_of portflow-sample.service)
	ok "$timer: and again" await 6 unit_is_not portflow-sample.service ExecMainStartTimestampMonotonic "$before"
	box rm "/run/systemd/system/$timer.d/fast.conf"
	box systemctl daemon-reload
	box systemctl restart "$timer"
}
test_timers() {
	test_timer portflow-sample.timer
	test_timer portflow-minute.timer
	# while its service is being started a timer has no next time
	wait_for '[ -n "$(property portflow-minute.timer NextElapseUSecRealtime)" ]' 30
	like "the minute timer waits for the full minute" "$(property portflow-minute.timer NextElapseUSecRealtime)" ':00 [A-Z]+$'
	box systemctl stop portflow-minute.timer
	await 5 unit_is portflow-sample.service ActiveState inactive
	is "all of them well" "$(property portflow-sample.service Result)" success
	is "samples without news leave no line in the journal" "$(journal -u portflow-sample.service)" ''
}
test_firewall() {
	local handle
	send 10
	run_unit portflow-sample.service
	handle=$(table_handle)
	box systemctl reload nftables.service
	ok "systemctl reload nftables: our table is back at once" await 5 other_table "$handle"
	ok "the firewall's own table is there too" box nft list table inet filter
	await 5 unit_is portflow-apply.service SubState exited
	is "the journal says so once" "$(journal -u portflow-apply.service -p notice | grep -c 'table was gone')" 1
	like "and so do the events" "$(box portflow events)" 'table was gone'
	is "nothing of what was stored is lost, nothing is doubled" "$(out_of "$(figures box)")" $((10 * PACKET))

	send 20
	box systemctl restart nftables.service
	ok "systemctl restart nftables: our table is back" await 5 table_there
	is "and what was not yet stored is not lost" "$(out_of "$(figures box)")" $((30 * PACKET))

	send 7
	box systemctl stop nftables.service
	is "systemctl stop nftables: the last bytes are stored first" "$(out_of "$(figures box)")" $((37 * PACKET))
	run_unit portflow-sample.service
	ok "the next sample counts again" table_there
	is "and shutdown will take its last sample again" "$(property portflow-apply.service ActiveState)" active
	box systemctl start nftables.service
	ok "starting nftables, which flushes, has us back as well" await 5 table_there
}
test_messages() { # from the sandbox of the services: a program of the user's runs, and the network may be asked
	box sh -c 'printf "#!/bin/sh\ncat >>/var/lib/portflow/told; id -un >/var/lib/portflow/teller\n" >/usr/local/bin/told; chmod 755 /usr/local/bin/told; cp -p /etc/portflow.ini /root/quiet.ini'
	box sh -c "printf '[portflow]\nnotify = program, hook\n[notify program]\ntype = exec\ncommand = /usr/local/bin/told\n[notify hook]\ntype = webhook\n' >>/etc/portflow.ini; touch -d '-1 minute' /etc/portflow.ini"
	box sh -c "mkdir -p /etc/systemd/system/portflow-.service.d; umask 077; echo http://$THERE4:9/x >/root/hook.url; printf '[Service]\nLoadCredential=hook.url:/root/hook.url\n' >/etc/systemd/system/portflow-.service.d/credentials.conf; systemctl daemon-reload"
	run_unit portflow-sample.service
	box nft delete table inet portflow
	run_unit portflow-sample.service
	like "an event reaches a program of the user's" "$(box cat /var/lib/portflow/told)" '"kind":"table_rebuilt"'
	is "... which is not root" "$(box cat /var/lib/portflow/teller)" portflow
	like "portflow-net may ask the network from there, by a url that is a credential of the service" "$(box portflow notify list)" ' hook .*refused'
	like "doctor says how it is fenced off" "$(box portflow doctor)" 'ok +fence .*Landlock'
	box sh -c 'rm -r /etc/systemd/system/portflow-.service.d; systemctl daemon-reload; cp -p /root/quiet.ini /etc/portflow.ini; touch -d "-1 minute" /etc/portflow.ini; portflow -q apply; portflow notify drop "$(portflow notify list | sed -n "s/^ *\([0-9]*\)  hook.*/\1/p")"'
	is "nothing waits any more" "$(box portflow notify list)" "Nothing waits for delivery."

	# An intruder in portflow-net's place, in a service of the same sandbox.
	mkdir -p "$DISK/usr/local/libexec"
	cp "$TOOLS/ask" "$TOOLS/probe" "$DISK/usr/local/libexec"
	printf '%s\n' kind=0 url=http://x 'body=read /var/lib/portflow/portflow.db\nread /etc/portflow.ini\nwrite /var/lib/portflow/new\nread /etc/ld.so.cache\n' \
		>"$DISK/usr/local/libexec/actions"
	printf '%s\n' '[Service]' Type=oneshot Environment=PORTFLOW_NET=/usr/local/libexec/probe ExecStart=/usr/local/libexec/ask \
		StandardInput=file:/usr/local/libexec/actions StandardOutput=file:/var/lib/portflow/probed >"$DISK/etc/systemd/system/portflow-probe.service"
	box systemctl daemon-reload
	run_unit portflow-probe.service
	like "Landlock holds in the services' sandbox" "$(box cat /var/lib/portflow/probed)" \
		'read /var/lib/portflow/portflow.db: EACCES\\x0aread /etc/portflow.ini: EACCES\\x0awrite /var/lib/portflow/new: EACCES\\x0aread /etc/ld.so.cache: done'
	box rm -f /etc/systemd/system/portflow-probe.service /var/lib/portflow/probed
	box systemctl daemon-reload
}
test_shutdown() { # traffic both ways until the machine goes down
	oracle_new
	oracle_port talk 5201 udp $HERE4 ''
	oracle_total
	oracle_load peer "$FAR"
	run_unit portflow-sample.service
	figures box >"$WORK/start"
	run_unit talk.service
	sleep 1
	is_ge "traffic runs" "$(truth peer talk in)" 10000
	run_unit portflow-sample.service
	sleep 0.5
	ok "the machine powers off" machine_off
	is "shutdown under traffic: the database knows every byte that the peer does" \
		"$(figures chrooted)" "$(sum "$(cat "$WORK/start")" "$(peer_says)")"
}
sum() { # two lists of figures
	printf '%s\n' "$1" "$2" | awk 'NF { n[$1 " " $2] += $3 } END { for (k in n) print k, n[k] }' | sort
}
test_second_boot() { # a new kernel: other boot id, other namespace, no default route at first
	touch "$DISK/etc/early"
	machine_boot
	is "second boot: everything started" "$(cat "$WORK/machine/state"; box systemctl --failed --plain --no-legend)" "running"
	is "reboot: the figures go on, from the first packet of the network" \
		"$(figures box)" "$(sum "$(cat "$WORK/start")" "$(peer_says)")"
	unlike "a reboot is no lost table" "$(journal -b 0 -t portflow)" 'table was gone'
}
test_shared() { # root's command line and the service share database and lock
	local i codes=''
	box sh -c 'portflow down && rm -f /var/lib/portflow/portflow.db* /run/portflow/*'
	ok "root makes a new database" box portflow apply
	send 3
	ok "and the service goes on with it" run_unit portflow-sample.service
	is "all of it belongs to the service" \
		"$(box find /var/lib/portflow /run/portflow -mindepth 1 ! \( -user portflow -group portflow \))" ''
	send 3
	ok "root samples" box portflow sample
	like "both see one machine: nothing happened to it" "$(box portflow events)" '^Nothing happened'
	is "each byte once" "$(out_of "$(figures box)")" $((6 * PACKET))
	for i in 1 2 3 4 5 6; do
		box portflow sample & codes+=" $!"
		run_unit portflow-sample.service & codes+=" $!"
	done
	for i in $codes; do wait "$i" || [ $? = 75 ] || fail "a sample beside others" "exit $?"; done
	is "the service is well" "$(property portflow-sample.service Result)" success
	box useradd -G portflow member
	box useradd outsider
	ok "a member of the group sees the figures" box runuser -u member -- portflow status
	ok "somebody else does not" box sh -c '! runuser -u outsider -- portflow status'
}
edit() { # stdin: the new INI, saved as an editor does
	box sh -c 'cat >/etc/.portflow.new; chown root:portflow /etc/.portflow.new; chmod 640 /etc/.portflow.new; mv /etc/.portflow.new /etc/portflow.ini'
}
test_edit() {
	run_unit portflow-edit.path
	printf '[port talk]\nports = 5201\n[port more]\nports = 8080\n' | edit
	ok "an edit is applied as soon as it is saved" await 5 counts 'p_more\.in'
	await 5 unit_is portflow-edit.service ActiveState inactive
	printf '[port talk]\nports = 5201\nquota_actoin = block\n' | edit
	ok "a bad edit fails" await 5 unit_is portflow-edit.service ExecMainStatus 78
	ok "and changes nothing" counts 'p_more\.in'
	like "the journal names the line" "$(journal -u portflow-edit.service)" '/etc/portflow.ini:3:1: .*quota_actoin'
	like "as an error" "$(journal -t portflow -p err)" 'quota_actoin'
	unlike "with the marks for its priority taken off" "$(journal -t portflow)" '^<[0-7]>'
	sleep 0.3
	is "it is not tried again and again" "$(journal -u portflow-edit.service | grep -c 'ini:3:1')" 1
	is "the watch goes on" "$(property portflow-edit.path ActiveState)" active
	await 5 box sh -c '[ $(($(date +%s) - $(stat -c %Y /etc/portflow.ini))) -ge 2 ]' # a younger one may be half written
	run_unit portflow-sample.service 2>/dev/null
	is "an hourly sample on a bad file fails for all to see" "$(property portflow-sample.service ExecMainStatus)" 78
	box sh -c "printf '[port talk]\nports = 5201\n' >/etc/portflow.d/../portflow.ini"
	ok "the mended file is applied, saved in place" await 5 counts_no 'p_more\.in'
	await 5 unit_is portflow-edit.service ActiveState inactive
	box systemctl reset-failed
	box systemctl stop portflow-edit.path
}
# What is enforced, as the peer sees it leave the machine. The bucket of a policer is a second of its rate and 64 KiB.
enforced_ini() {
	write_ini <<-END
		[portflow]
		limit_method = police
		[port talk]
		ports = 5201
		[port ended]
		ports = 6001
		expires = 2020-01-01
		[port spent]
		ports = 6002
		quota = 2kB
		quota_action = block
		[port slow]
		ports = 6003
		limit = 8kbit
	END
}
leave() { # PORT COUNT LENGTH
	box datagram -e -d $THERE4 -s "$1" -p 9 -c "$2" -l "$3" -r 2000 >/dev/null
}
test_enforced() { # WHEN
	oracle_new
	local port left
	for port in 5201 6001 6002 6003; do oracle_port "p$port" $port udp $HERE4 ''; done
	oracle_load peer "$FAR"
	leave 5201 5 100; leave 6001 20 100; leave 6002 20 100; leave 6003 150 972
	left=$(peer_says)
	is "$1: an ended entry and one whose quota is used up are blocked" \
		"$(awk '/p(5201|6001|6002) out/ { printf "%s %s, ", $1, $3 }' <<<"$left")" "p5201 $((5 * PACKET)), p6001 0, p6002 0, "
	is_ge "$1: a limit lets its bucket pass" "$(awk '/p6003 out/ { print $3 }' <<<"$left")" 60000
	is_le "$1: and no more" "$(awk '/p6003 out/ { print $3 }' <<<"$left")" 90000
}
test_enforcing() { # a firewall's reload, an orderly reboot, a power cut
	enforced_ini
	run_unit portflow-sample.service
	leave 6002 20 100 # of which its quota lets 15 pass
	run_unit portflow-sample.service
	test_enforced "at first"
	box systemctl reload nftables.service
	await 5 table_there
	await 5 unit_is portflow-apply.service SubState exited
	test_enforced "after a firewall's reload"
	machine_off
	machine_boot
	test_enforced "after a reboot"
	machine_cut
	machine_boot
	test_enforced "after a power cut"
}

test_trial() { # the machine restarts before `portflow confirm`: what was confirmed holds
	local how times=0
	for how in off cut; do
		enforced_ini
		run_unit portflow-sample.service
		leave 6002 20 100
		run_unit portflow-sample.service
		write_ini <<-END
			[port talk]
			ports = 5201
			expires = 2020-01-01
			[port tried]
			ports = 6009
		END
		box systemd-run --quiet --unit=trial-$how portflow apply --confirm=1h
		ok "on trial" await 10 counts 'p_tried\.out'
		leave 5201 5 100
		machine_$how
		machine_boot
		ok "$how, and on again before confirm: what was tried is gone" counts_no 'p_tried\.out'
		is "... from what is applied, too" "$(box portflow config show --applied 2>/dev/null | grep -c '^\[port tried\]\|^\[port slow\]')" 1
		test_enforced "... what was confirmed holds, $how"
		run_unit portflow-sample.service
		ok "... and stays, though the file has the other" counts_no 'p_tried\.out'
		times=$((times + 1))
		is "... which is told once" "$(box portflow events 2>/dev/null | grep -c 'rolled back')" $times
	done
}

test_filter() { # every system call that the programs make is one that the units permit: with the others they would die
	box mkdir -p /run/systemd/system/portflow-.service.d
	box sh -c "printf '[Service]\nSystemCallErrorNumber=kill\n' >/run/systemd/system/portflow-.service.d/99-kill.conf"
	box systemctl daemon-reload
	box nft delete table inet portflow
	ok "system call filter: sample, from nothing" run_unit portflow-sample.service
	ok "system call filter: sample, with nothing changed" run_unit portflow-sample.service
	box sh -c "printf '[port talk]\nports = 5201\n[port other]\nports = 9000-9100\n' >/etc/portflow.ini"
	ok "system call filter: apply" run_unit portflow-edit.service
	box nft delete table inet portflow
	ok "system call filter: mend" run_unit portflow-mend.service
	ok "which mended" table_there
	box rm /run/systemd/system/portflow-.service.d/99-kill.conf
	box systemctl daemon-reload
}
test_power_cut() { # and a broken file at the boot after it
	local stored
	send 11
	run_unit portflow-sample.service
	stored=$(out_of "$(figures box)")
	send 13
	machine_cut
	printf 'rubbish\n' >>"$DISK/etc/portflow.ini"
	touch -d '-1 minute' "$DISK/etc/portflow.ini"
	machine_boot
	is "power cut: what was stored is there, with the 5 packets of this boot" "$(out_of "$(figures box)")" $((stored + 5 * PACKET))
	ok "a broken file at boot: counting goes on" counts 'p_talk\.out'
	is "so the last sample at shutdown is due" "$(property portflow-apply.service ActiveState)" active
	is "and it shows" "$(box systemctl --failed --plain --no-legend | awk '{ print $1 }')" portflow-online.service
	ok "the machine powers off" machine_off
}

ip netns add "$PEER" && nsenter --net="$PEERNS" bash -c "$(declare -f quiet_net); quiet_net"
answering_peer
install_services
install_program || { fail "make install" "$(cat "$WORK/install.log")"; done_testing; }
machine_boot || { fail "the machine boots" "$(cat "$WORK/machine/console")"; done_testing; }
test_first_boot
test_static
test_timers
test_firewall
test_messages
test_shutdown
test_second_boot
test_shared
test_edit
test_filter
test_enforcing
test_trial
test_power_cut
done_testing
