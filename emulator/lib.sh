# shellcheck shell=sh
# Words that the parts of the emulated card share: sourced after scripts/lib.sh, in the project's folder.

# Where everything is kept that need not be made twice. Each part lies in a folder named by what it was made of.
: "${LUNETTE_EMULATOR:=target/emulator}"
mkdir -p "$LUNETTE_EMULATOR"
LUNETTE_EMULATOR=$(realpath "$LUNETTE_EMULATOR")
export LUNETTE_EMULATOR

# hash: one word for what is read.
hash() {
	sha256sum | cut -c 1-12
}

# hash_of FILE_OR_FOLDER…: one word for names, modes and contents.
hash_of() {
	{
		find "$@" -type f -printf '%p %m\n' | sort
		find "$@" -type l -printf '%p %l\n' | sort
		find "$@" -type f -print0 | sort -z | xargs -0 sha256sum
	} | hash
}

# kept NAME HASH: the folder of that part; status 1 where it is still to be made. `keep` ends the making.
kept() {
	place=$LUNETTE_EMULATOR/$1-$2
	printf '%s\n' "$place"
	[ -e "$place/.whole" ]
}

# begin FOLDER: an empty one; others of its name, made of older things, go.
begin() {
	rm -rf "${1%-*}"-????????????
	mkdir -p "$1"
}

keep() {
	: >"$1/.whole"
}

# debian SUITE FOLDER OPTION… -- SOURCE…: a tree of packages without what only people read.
debian() {
	suite=$1
	folder=$2
	shift 2
	[ "$(id -u)" = 0 ] || die "a Debian tree is made, and entered, by root only"
	have mmdebstrap || die "no mmdebstrap here: scripts/install-deps"
	mirror=$(debian_mirror)
	# A frozen mirror has an expired Release file.
	TMPDIR=$LUNETTE_EMULATOR mmdebstrap --quiet --mode=root --aptopt='Acquire::Check-Valid-Until "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
		"$@" "$suite" "$folder" "deb $mirror $suite main" "deb-src $mirror $suite main"
}
