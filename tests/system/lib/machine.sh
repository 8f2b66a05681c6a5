#!/bin/bash
# A machine under a real systemd: the Debian tree of tree.sh below an overlay of its own, the program installed in it, booted in a
# network namespace whose only cable goes to the peer. A boot gets a new namespace, as a new kernel would give it; the disk stays.
# Or only that tree, for servers that the machine itself should not have: tree_disk, tree_open, in_tree.
# Sourced after lib.sh.
# shellcheck disable=SC2034 # the topics use what is set here
TREE=$ROOT/build/tree
PAYLOAD=100 PACKET=128 # of UDP over IPv4
BOX=box$ID DISK=$WORK/machine/root LEADER=''

tree_disk() { # the tree under an overlay of its own, at $DISK; else the whole topic is skipped with the reason
	[ ! -e "$TREE.why" ] || skip_all "$(cat "$TREE.why")"
	[ -e "$TREE.stamp" ] || skip_all "there is no tree to boot: make tree"
	mkdir -p "$WORK/machine/upper" "$WORK/machine/work" "$DISK"
	mount -t overlay portflow-test -o "lowerdir=$TREE,upperdir=$WORK/machine/upper,workdir=$WORK/machine/work" "$DISK" ||
		skip_all "no overlay of a disk here"
}
machine_tree() { # what must be there to boot it
	tree_disk
	! grep -q libasan < <(ldd "$PORTFLOW") || skip_all "a build with sanitizers does not run inside the units' sandbox"
	[ -d /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 portflow-test /sys/fs/cgroup || skip_all "no cgroup2 here"
	tr -d - </proc/sys/kernel/random/uuid >"$DISK/etc/machine-id"
	local refused
	refused=$(systemd-nspawn "${NSPAWN_FLAGS[@]}" --as-pid2 true </dev/null 2>&1) || skip_all "systemd-nspawn does not run here: $refused"
}
NSPAWN_FLAGS=(--quiet --directory="$DISK" --register=no --keep-unit --resolv-conf=off --timezone=off --link-journal=no
	--console=pipe --machine=portflow-test --capability=CAP_NET_ADMIN
	--system-call-filter='landlock_create_ruleset landlock_add_rule landlock_restrict_self')
# Programs of the tree run in this machine's namespaces: in_tree COMMAND... With devices of their own: who is root there could delete, or
# write a file in the place of, those of the machine.
tree_open() {
	local name minor
	mount --bind /proc "$DISK/proc" && mount -t tmpfs -o mode=755 portflow-test "$DISK/dev" && mkdir -p "$DISK/run" || return 1
	while read -r name minor; do mknod -m 666 "$DISK/dev/$name" c 1 "$minor" || return 1; done <<-END
		null 3
		zero 5
		full 7
		random 8
		urandom 9
	END
}
in_tree() { chroot "$DISK" "$@"; }
chrooted() { # while the machine is off
	unshare -m bash -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$DISK" "$@"
}

machine_network() { # a new namespace and a new cable, still down on the machine's side
	ip netns del "$BOX" 2>/dev/null
	in_peer ip link del "$FAR" 2>/dev/null
	new_namespace "$BOX" || return 1
	ip -n "$PEER" link add "$FAR" address 02:00:00:00:00:09 type veth peer name eth0 address 02:00:00:00:00:01 netns "$BOX"
	ip -n "$PEER" addr add "$THERE4/24" dev "$FAR"
	ip -n "$PEER" link set "$FAR" up
	ip -n "$PEER" neigh replace "$HERE4" lladdr 02:00:00:00:00:01 nud permanent dev "$FAR"
}
machine_boot() { # until everything that starts has started
	machine_network || return 1
	systemd-nspawn "${NSPAWN_FLAGS[@]}" --boot --network-namespace-path="/run/netns/$BOX" </dev/null >"$WORK/machine/console" 2>&1 &
	NSPAWN=$!
	wait_for 'LEADER=$(cat /proc/$NSPAWN/task/$NSPAWN/children) && [ -S "/proc/${LEADER% }/root/run/systemd/private" ]' 20 || return 1
	LEADER=${LEADER% }
	box timeout 60 systemctl is-system-running --wait >"$WORK/machine/state" 2>&1
	[ -s "$WORK/machine/state" ]
}
machine_wait_off() { # the machine has been told to power off
	wait_for '! kill -0 $NSPAWN 2>/dev/null' 40 || { machine_cut; return 1; }
	wait $NSPAWN
}
machine_off() { box systemctl poweroff --no-block && machine_wait_off; }
machine_cut() { # the power goes
	kill -9 "$LEADER" $NSPAWN
	wait $NSPAWN 2>/dev/null
}
# -r: where this itself runs below a chroot, the machine's mounts begin with the tree of the host.
box() { nsenter -t "$LEADER" -a -r -w -- "$@"; }
# One property of a unit of the running machine.
property() { box systemctl show --value -p "$2" "$1"; } # UNIT PROPERTY
journal() { box journalctl --no-pager --quiet --output=cat "$@"; }
await() { # SECONDS COMMAND...: until it succeeds; each try may take long here, so that a count of tries is no limit
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -le $end ] || { note "waited in vain for: $*"; return 1; }
		sleep 0.05
	done
}
unit_is() { [ "$(property "$1" "$2")" = "$3" ]; }     # UNIT PROPERTY VALUE
unit_is_not() { [ "$(property "$1" "$2")" != "$3" ]; } # UNIT PROPERTY VALUE

# -- the program installed in it, and a network -------------------------------------------------------------------------
# Its network is made by two services: net.service, as ifupdown or networkd would, sends $PAYLOAD bytes the moment it is up;
# talk.service sends for as long as it runs, and the peer answers.
write() { mkdir -p "$DISK/$(dirname "$1")" && cat >"$DISK/$1"; } # FILE: from stdin

install_services() {
	write etc/systemd/system/net.service <<-END
		[Unit]
		DefaultDependencies=no
		After=network-pre.target
		Before=network.target network-online.target shutdown.target
		Conflicts=shutdown.target
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/usr/local/bin/net up
		ExecStop=/usr/local/bin/net down
		[Install]
		WantedBy=network.target network-online.target multi-user.target
	END
	write usr/local/bin/net <<-END
		#!/bin/sh
		[ \$1 = up ] || exec ip route del default
		ip addr add $HERE4/24 dev eth0
		ip link set eth0 up
		ip neigh replace $THERE4 lladdr 02:00:00:00:00:09 nud permanent dev eth0
		ip route add default via $THERE4
		[ ! -e /etc/early ] || /usr/local/bin/datagram -d $THERE4 -s 5201 -p 9 -c 5 -l $PAYLOAD
	END
	write etc/systemd/system/talk.service <<-END
		[Unit]
		After=network.target
		[Service]
		ExecStart=/usr/local/bin/datagram -d $THERE4 -s 5201 -p 7 -c 1000000 -r 1000 -l $PAYLOAD
	END
	chmod 755 "$DISK/usr/local/bin/net"
	install -D "$TOOLS/datagram" "$DISK/usr/local/bin/datagram"
	# The usual host firewall: reload and stop flush everything.
	write etc/nftables.conf <<-END
		flush ruleset
		table inet filter {
			chain input {
				type filter hook input priority filter
			}
		}
	END
	write etc/portflow.ini <<-END
		[port talk]
		ports = 5201
	END
	touch -d '-1 minute' "$DISK/etc/portflow.ini"
}
install_program() { # as a package would: files, account, ownership, enabled
	make -s -C "$ROOT" install DESTDIR="$DISK" prefix=/usr B="$BUILD" >"$WORK/install.log" 2>&1 &&
		systemd-sysusers --root="$DISK" >>"$WORK/install.log" 2>&1 &&
		systemd-tmpfiles --root="$DISK" --create portflow.conf >>"$WORK/install.log" 2>&1 &&
		systemctl --root="$DISK" enable portflow-apply.service portflow-sample.timer nftables.service net.service \
			>>"$WORK/install.log" 2>&1
}
write_ini() { box sh -c 'cat >/etc/portflow.ini; touch -d "-1 minute" /etc/portflow.ini'; }


# -- what it does -------------------------------------------------------------------------------------------------------
table_there() { box nft list table inet portflow >/dev/null 2>&1; }
table_handle() { box nft -a list table inet portflow 2>/dev/null | sed -n '1s/.*# handle //p'; }
counts_no() { ! counts "$1"; }
counts() { box nft list table inet portflow 2>/dev/null | grep -q "$1"; } # NAME of a counter
run_unit() { box systemctl start "$1"; }

# Devices: udev and systemd's units for devices need a /sys of this network that can be written. systemd-nspawn gives another.
udev_runs() {
	box test -x /usr/lib/systemd/systemd-udevd || return 1
	box sh -c 'mount --bind /sys/fs/cgroup /mnt && mount -t sysfs sysfs /sys && mount --bind /mnt /sys/fs/cgroup && umount /mnt' &&
		box systemctl start systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udevd.service && box systemctl daemon-reexec
}
