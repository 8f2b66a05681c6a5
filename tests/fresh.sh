#!/bin/bash
# The README's two commands in a Debian tree that has nothing but git, make and ca-certificates: a missing install step shows.
# Packages come from the network first, by the project's own lists; then both commands run without one, on a network of their own.
# `make check-fresh` calls it.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "check-fresh: needs root" >&2; exit 77; }
# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
work=$(mktemp -d)
tree=$work/tree
trap 'rm -rf --one-file-system "$work"' EXIT

echo "check-fresh: a minbase tree of $suite"
mmdebstrap --quiet --variant=minbase --include=git,make,ca-certificates "$suite" "$tree" || exit 1
git clone -q --no-hardlinks . "$tree/portflow"

inside() { # COMMAND: in the tree, with its own mounts and processes
	unshare -m -p --fork --kill-child --mount-proc="$tree/proc" bash -euc '
		mount -t sysfs -o ro fresh "$1/sys"
		mount --rbind /dev "$1/dev"
		exec chroot "$1" sh -euc "cd /portflow; $2"' inside "$tree" "$1"
}
export -f inside
export tree

cp /etc/resolv.conf "$tree/etc/resolv.conf"
for command in run check; do
	echo "check-fresh: packages of make $command, by the network"
	inside "make packages-$command"
	# Then a network of its own, with a default route that leads to nobody.
	echo "check-fresh: make $command, without it"
	unshare -n bash -euc '
		ip link set lo up
		ip link add fresh0 type veth peer name fresh1
		ip address add 192.0.2.1/24 dev fresh0
		ip link set fresh0 up
		ip link set fresh1 up
		ip route add default via 192.0.2.2
		inside "make $1"' fresh "$command"
done
echo "check-fresh: both commands work"
