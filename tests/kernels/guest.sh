#!/bin/bash
# The first process of a machine that runs topics of the system tests and powers off. The console says, for run.sh to read:
# @@kernel RELEASE, then for each topic @@topic NAME, its TAP, @@end EXIT SECONDS IDLE_SECONDS; last @@off.
# run.sh puts it as /init into the machine's root.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /dev/net
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
ln -sfn /proc/self/fd /dev/fd
ln -sfn /proc/self/fd/0 /dev/stdin
ln -sfn /proc/self/fd/1 /dev/stdout
ln -sfn /proc/self/fd/2 /dev/stderr
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
exec </dev/console >/dev/console 2>&1
ip link set lo up

parameter() { tr ' ' '\n' </proc/cmdline | sed -n "s/^portflow\.$1=//p"; }
SLOW=$(parameter slow)
export SLOW RATES_MOST=100 BUILD=/t/build PORTFLOW=/t/build/portflow TEST_SECONDS=$((900 * SLOW))
for name in RATES BUCKETS STEP STEPS SEED TORTURE; do
	value=$(parameter $name)
	[ -z "$value" ] || export "$name=$value"
done
cd /t || exit 1
idle() { awk '{ printf "%d", $2 }' /proc/uptime; } # of all processors
sleep 130 # what is told of the last minutes is told of a machine that was up
echo
echo "@@kernel $(uname -r)"
for topic in $(parameter topics | tr , ' '); do
	began=$SECONDS rested=$(idle)
	echo "@@topic $topic"
	case $topic in *_test) file=build/tests/$topic ;; *) file=tests/system/$topic.sh ;; esac
	bash tests/run "$file" 2>/run/stderr
	code=$?
	[ $code = 0 ] || grep -v -e '^not ok' -e '^#' /run/stderr | head -n 60 | sed 's/^/#! /'
	echo "@@end $code $((SECONDS - began)) $(($(idle) - rested))"
done
dmesg | grep -E 'BUG|WARNING|Oops|Call Trace' | sed 's/^/@@dmesg /'
echo @@off
echo o >/proc/sysrq-trigger
sleep 60
