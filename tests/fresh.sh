#!/bin/bash
# The README's two commands in a Debian tree that has nothing but git, make and ca-certificates: a missing install step shows.
# Packages come from the network first, by the project's own lists; then both commands run without one, on a network of their own.
# `make check-fresh` calls it.
set -euo pipefail
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

# In the tree, with its own mounts and processes. The tree is a mount of itself: below a root that is none, the tests could make no
# mount namespaces of their own and would all be skipped.
inside() { # COMMAND
	unshare -m -p --fork --kill-child bash -euc '
		mount --bind "$1" "$1"
		mount -t proc fresh "$1/proc"
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
		inside "make $1"' fresh "$command" | tee "$work/output"
	# A test that skips itself is green: what a kernel or a container lacks may be missing, the means to test at all may not.
	! grep 'skipped: .*\(namespaces\|not installed\)' "$work/output" || { echo "check-fresh: these should have run" >&2; exit 1; }
done
echo "check-fresh: both commands work"
