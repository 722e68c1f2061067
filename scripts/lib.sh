# shellcheck shell=sh
# Words that all scripts share: sourced, not run.

# say TEXT: one line of progress, apart from the output of what is run.
say() {
	printf '\n== %s\n' "$*"
}

# note TEXT: a remark for the reader, on standard error.
note() {
	printf '%s\n' "$*" >&2
}

# die TEXT: says why it cannot go on, and ends with status 1.
die() {
	note "$(basename "$0"): $*"
	exit 1
}

# have COMMAND: it can be run.
have() {
	command -v "$1" >/dev/null 2>&1
}

# browser: prints the Chromium to use ($CHROMIUM, if set), or fails when there is none.
# Ubuntu's `chromium-browser` is a script that asks for snap: it does not count.
browser() {
	for name in ${CHROMIUM:+"$CHROMIUM"} chromium chromium-browser google-chrome; do
		if have "$name" && ! grep -qs 'snap install' "$(command -v "$name")"; then
			command -v "$name"
			return 0
		fi
	done
	return 1
}

# debian_mirror: where this machine's apt has Debian from.
debian_mirror() {
	# shellcheck disable=SC2016 # the dollar is apt's
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | sort -u | head -n 1)
	printf '%s\n' "${mirror:-http://deb.debian.org/debian}"
}

# wants_help ARGS…: the first argument asks for help.
wants_help() {
	case ${1:-} in -h | --help | help) return 0 ;; *) return 1 ;; esac
}
