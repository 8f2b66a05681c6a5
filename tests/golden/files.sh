#!/bin/bash
# The INI as files: what is read and in which order, what is refused before it is read, and the options of check and config show.
# What cannot be a committed file is made here: a folder, a FIFO, a line of a megabyte, random bytes.
# tests/run calls.
set -u
export TZ=UTC
unset CLICOLOR_FORCE NO_COLOR JOURNAL_STREAM
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
n=0
# expect NAME CODE PATTERN COMMAND...: the exit code, and a pattern in what it prints (stdout and stderr). Its standard input is
# $input.
expect() {
	local name=$1 code=$2 pattern=$3 out got
	shift 3
	out=$(printf '%b' "${input-}" | timeout 20 "$@" 2>&1)
	got=$?
	n=$((n + 1))
	if [ "$got" = "$code" ] && grep -q -- "$pattern" <<<"$out"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		echo "# exit $got, not $code, or no \"$pattern\" in:"
		head -n 20 <<<"$out" | cut -c 1-300 | sed 's/^/# /'
	fi
}
good='[port ssh]\nports = 22\n'

printf '%b' "$good" >good.ini
expect "a good file" 0 'good.ini is correct: 1 \[port\]' "$PORTFLOW" check good.ini
expect "check of the file of -c" 0 'good.ini is correct' "$PORTFLOW" -c good.ini check
expect "-q says nothing" 0 '^$' "$PORTFLOW" -q check good.ini
input="$good" expect "standard input" 0 'stdin> is correct' "$PORTFLOW" check -
input='[port a]\nports = x\n' expect "an error in standard input" 78 '<stdin>:2:9: error' "$PORTFLOW" check -
input='' expect "an empty file" 0 'no entry: only the whole machine' "$PORTFLOW" check -
expect "two words" 64 'does not know what to do with' "$PORTFLOW" check good.ini good.ini
expect "-v says the cycle" 0 '^# cycle: 20..-..-01T00:00:00+00:00 to ' "$PORTFLOW" -v check good.ini
limits='[port a]\nports = 1\nlimit = 20mbit\nquota = 100GiB\nexpires = 2150-03-01\ntimezone = Asia/Shanghai\n[port b]\nports = 2
expires = 2001-01-01 08:00\n[quota q]\nentries = a\nquota = 1TB\nquota_action = throttle 1mbit\n'
for line in '# limit: 20mbit = 2.50 MB/s' '# quota: 100GiB = 107 GB = 107374182400 B' '# quota: 1TB = 931 GiB = 1000000000000 B' \
	'# quota_action: 1mbit = 125 kB/s' '# expires: works until 2150-03-02T00:00:00+08:00' '# expires: blocked since 2001-01-01T08:00:00+00:00'; do
	input="[portflow]\ntimezone = UTC\n$limits" expect "-v says $line" 0 "^$line\$" "$PORTFLOW" -v check -
done
input="$limits" expect "quotas are told" 0 'is correct: 2 \[port\], 1 \[quota\]' "$PORTFLOW" check -
"$PORTFLOW" -v check good.ini >again.ini 2>/dev/null
expect "-v prints an INI" 0 'is correct' "$PORTFLOW" check again.ini
expect "--json of a good file" 0 '^{"version":1,"errors":0,"warnings":0,"diagnostics":\[\]}$' "$PORTFLOW" check --json good.ini
input='[x]\n' expect "--json of a bad one" 78 '"line":1,"column":1,"text":"unknown section' "$PORTFLOW" check --json -
input='[x]\n' expect "colour on demand" 78 $'\033\\[1;31merror: ' "$PORTFLOW" --color=always check -
expect "config show --json" 0 '"entries":\[{"kind":"port","name":"ssh","ports":\["22"\]' "$PORTFLOW" -c good.ini config show --json

# -- what is refused
mkdir folder
mkfifo fifo
cp good.ini open.ini && chmod o+w open.ini
expect "no such file" 78 'nothing.ini: no such file' "$PORTFLOW" check nothing.ini
expect "a folder" 78 'folder: a folder, where a file is wanted' "$PORTFLOW" check folder
expect "a FIFO does not stop the run" 78 'fifo: a pipe' "$PORTFLOW" check fifo
expect "a device" 78 '/dev/zero: a device' "$PORTFLOW" check /dev/zero
expect "a file that everybody may write" 78 'chmod o-w open.ini' "$PORTFLOW" check open.ini
if [ "$(id -u)" = 0 ]; then
	chmod 0711 . && mkdir -m 0700 closed && cp good.ini closed/ && chmod 0600 good.ini
	expect "a file that may not be read" 77 'run as root' setpriv --reuid=65534 --regid=65534 --clear-groups "$PORTFLOW" check good.ini
	expect "a file in a folder that may not be entered" 77 'run as root' \
		setpriv --reuid=65534 --regid=65534 --clear-groups "$PORTFLOW" check closed/good.ini
else
	n=$((n + 1))
	echo "ok $n - a file that may not be read # SKIP needs root"
fi

# -- what is no text
{ printf '[port a]\nports = '; head -c 1000000 /dev/zero | tr '\0' 1; echo; } >long.ini
expect "a line of a megabyte" 78 'long.ini:2:199: error: line of 1000008 bytes' "$PORTFLOW" check long.ini
{ printf '[port a]\nports = 1\n# '; head -c 1000000 /dev/zero | tr '\0' 1; echo; } >comment.ini
expect "a comment of a megabyte" 0 'is correct' "$PORTFLOW" check comment.ini
head -c 1000000 /dev/zero >zero.ini
expect "a megabyte of NUL" 78 'zero.ini:1:1: error: NUL' "$PORTFLOW" check zero.ini
head -c 17000000 /dev/zero >huge.ini
expect "a file too large" 78 'more than 16 MiB' "$PORTFLOW" check huge.ini
expect "too much standard input" 78 'more than 16 MiB' bash -c 'head -c 17000000 /dev/zero | "$0" check -' "$PORTFLOW"
bad=0
for seed in 1 2 3 4 5 6 7 8; do
	# The same bytes in every run, so that a failure can be looked at.
	openssl enc -aes-128-ctr -K 0$seed -iv 0 -in <(head -c 20000 /dev/zero) 2>/dev/null >random.ini || head -c 20000 /dev/urandom >random.ini
	timeout 20 "$PORTFLOW" check random.ini >out 2>&1
	[ $? = 78 ] || bad=$seed
	# Nothing that a terminal would obey.
	! LC_ALL=C grep -q $'[\001-\010\013-\037\177]' out || bad=$seed
done
expect "random bytes" 0 '' test $bad = 0
yes 'x y' | head -n 3000 >many.ini
expect "errors without end are counted" 78 'and 2000 more like these' "$PORTFLOW" check many.ini

# -- portflow.d
mkdir etc etc/portflow.d
printf '[portflow]\nnode = one\n' >etc/portflow.ini
printf '[port b]\nports = 2\n' >etc/portflow.d/20.ini
printf '[port a]\nports = 1\n' >etc/portflow.d/10.ini
printf 'rubbish' >etc/portflow.d/.hidden.ini
printf 'rubbish' >etc/portflow.d/20.ini~
printf 'rubbish' >etc/portflow.d/ops.token
expect "portflow.d beside portflow.ini, in order" 0 '^port a port b $' \
	bash -c '"$0" -c etc/portflow.ini config show | sed -n "s/^\[\(port .*\)\]/\1/p" | tr "\n" " "' "$PORTFLOW"
cp etc/portflow.ini etc/other.ini
expect "no portflow.d beside another name" 0 'no entry' "$PORTFLOW" check etc/other.ini
printf '[port c]\nports = 1\n' >etc/portflow.d/30.ini
expect "an error across files names both" 78 'portflow.d/30.ini:2:9: error: \[port a\] in etc/portflow.d/10.ini:1 counts tcp port 1 too' \
	"$PORTFLOW" check etc/portflow.ini
printf '[port a]\nports = 5\n' >etc/portflow.d/30.ini
expect "a section in two files" 78 'stands in etc/portflow.d/10.ini:1 already' "$PORTFLOW" check etc/portflow.ini
chmod o+w etc/portflow.d/30.ini
expect "a writable file in portflow.d" 78 'chmod o-w etc/portflow.d/30.ini' "$PORTFLOW" check etc/portflow.ini
rm etc/portflow.d/30.ini && mkdir etc/portflow.d/30.ini
expect "a folder in portflow.d" 78 'portflow.d/30.ini: a folder' "$PORTFLOW" check etc/portflow.ini
rmdir etc/portflow.d/30.ini && chmod o+w etc/portflow.d
expect "a writable portflow.d" 78 'everybody may write into it' "$PORTFLOW" check etc/portflow.ini

# -- other locales: the words and figures are the same
input='[portflow]\nkeep_minutes = 1.5d\n' expect "LC_ALL=de_DE.UTF-8" 0 '^keep_minutes = 36h$' env LC_ALL=de_DE.UTF-8 "$PORTFLOW" -c - config show
echo "1..$n"
