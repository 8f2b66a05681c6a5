#!/bin/bash
# A machine under a real systemd: the Debian tree of tree.sh below an overlay of its own, the program installed in it, booted in a
# network namespace whose only cable goes to the peer. A boot gets a new namespace, as a new kernel would give it; the disk stays.
# Or only that tree, for servers that the machine itself should not have: tree_disk, tree_open, in_tree.
# Sourced after lib.sh.
# shellcheck disable=SC2034 # the topics use what is set here
TREE=$ROOT/build/tree
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
tree_open() { # programs of the tree run in this machine's namespaces: in_tree COMMAND...
	mount --bind /proc "$DISK/proc" && mount --bind /dev "$DISK/dev" && mkdir -p "$DISK/run"
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
