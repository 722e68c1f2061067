# shellcheck shell=sh
# Words that the scripts of this folder share: sourced, not run. LUNETTE_ROOT is for tests.

root=${LUNETTE_ROOT-}
# shellcheck source=image/layout.env
. "$root/usr/lib/lunette/layout.env"

# part NUMBER: the card's partition.
part() {
	echo "$root/dev/disk/by-partuuid/$LAYOUT_DISK_SIGNATURE-0$1"
}

# keep FILE TEXT: FILE holds TEXT after any power cut, or what it held before.
keep() {
	printf '%s\n' "$2" >"$1.new"
	sync "$1.new"
	mv "$1.new" "$1"
	sync "${1%/*}"
}

# tell FILE TEXT: the same in memory, where nothing has to last.
tell() {
	printf '%s\n' "$2" >"$1.new"
	mv "$1.new" "$1"
}
