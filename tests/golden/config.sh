#!/bin/bash
# Pairs tests/golden/config/NAME.ini -> NAME.txt: a rule of the configuration each, and an error of it each.
# A good file gives what `config show` prints, and that printed again is the same; a bad one gives its diagnostics and exit code.
# tests/run calls; `UPDATE=1 PORTFLOW=build/portflow tests/golden/config.sh` writes the .txt anew, for a person to read the diff.
set -u
cd "$(dirname "$0")/config" || exit 1
export TZ=UTC
unset CLICOLOR_FORCE NO_COLOR JOURNAL_STREAM
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
n=0
result() { # CODE NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else
		echo "not ok $n - $2"
		sed 's/^/# /' "$scratch/why" | head -n 40
	fi
}
# Runs the program; its output and its exit code as one text.
run() {
	"$PORTFLOW" "$@" 2>&1
	echo "exit $?"
}

for ini in *.ini; do
	name=${ini%.ini}
	run -c "$ini" config show >"$scratch/got"
	if [ -n "${UPDATE:-}" ]; then
		cp "$scratch/got" "$name.txt"
		continue
	fi
	diff "$name.txt" "$scratch/got" >"$scratch/why"
	result $? "$name"
	# The same verdict from the command that is made for it.
	"$PORTFLOW" check "$ini" >"$scratch/check" 2>&1
	echo "exit $?" >>"$scratch/check"
	case $name in
	good-*)
		"$PORTFLOW" -c "$ini" config show >"$scratch/again.ini" 2>/dev/null
		{ tail -n 1 "$scratch/got" | grep -x 'exit 0' && tail -n 1 "$scratch/check" | grep -x 'exit 0' &&
			"$PORTFLOW" -c "$scratch/again.ini" config show | diff "$scratch/again.ini" -; } >"$scratch/why" 2>&1
		result $? "$name: right, and printed again the same"
		;;
	*)
		{ tail -n 1 "$scratch/got" | grep -x 'exit 78' && diff "$scratch/got" "$scratch/check"; } >"$scratch/why" 2>&1
		result $? "$name: wrong, and check says the same"
		;;
	esac
done
[ -z "${UPDATE:-}" ] || exit 0
# Each .txt has its .ini.
for txt in *.txt; do [ -e "${txt%.txt}.ini" ] || echo "$txt"; done >"$scratch/why"
[ ! -s "$scratch/why" ]
result $? "no expected output without its input"
echo "1..$n"
