# shellcheck shell=sh
# Words that the tests of the image share: sourced by tests/image/run, in an empty folder.

project=$(cd "${here:-$1}/../.." && pwd)
scripts=$project/overlay/usr/lib/lunette
# shellcheck source=image/layout.env
. "$project/image/layout.env"
PATH=$PATH:/usr/sbin:/sbin
own_path=$PATH
unmount=""
detach=""

# tidy: what a test has mounted or attached goes, however it ended.
tidy() {
	PATH=$own_path
	for place in $unmount; do
		umount "$place" 2>/dev/null || true
	done
	for device in $detach; do
		partx -d "$device" 2>/dev/null || true
		losetup -d "$device" 2>/dev/null || true
	done
}

# same WHAT IS EXPECTED
same() {
	[ "$2" = "$3" ] || fail "$1: expected '$3', is '$2'"
}

fail() {
	echo "$*" >&2
	exit 1
}

# skip WHY: where nothing may be left out it is a failure.
skip() {
	echo "$*"
	[ "${CI:-}" != true ] || exit 1
	exit 77
}

# device_root: a folder like the device's root, for LUNETTE_ROOT.
device_root() {
	LUNETTE_ROOT=$PWD/root
	mkdir -p root/usr/lib root/state root/run/lunette root/etc root/film root/dev/disk/by-partuuid
	ln -s "$scripts" root/usr/lib/lunette-scripts
	mkdir root/usr/lib/lunette
	cp "$scripts"/* "$project/image/layout.env" root/usr/lib/lunette/
	export LUNETTE_ROOT
}

# device SCRIPT ARGS…: runs it with the shell that is strictest.
device() {
	script=$1
	shift
	"${SH:-dash}" "$scripts/$script" "$@"
}

# fake NAME BODY: a command in front of PATH; every call is written to `calls`.
fake() {
	mkdir -p fakes
	case $PATH in "$PWD/fakes:"*) ;; *) PATH=$PWD/fakes:$PATH ;; esac
	{
		# shellcheck disable=SC2016 # the fake's own
		printf '#!/bin/sh\necho "%s $*" >>"%s/calls"\n' "$1" "$PWD"
		cat <<-END
			$2
		END
	} >"fakes/$1"
	chmod +x "fakes/$1"
}

# attach FILE: as a loop device with partitions; its name in `loop`. Asked of partx, since not every kernel reads MBRs.
attach() {
	[ "$(id -u)" = 0 ] || skip "loop devices need root"
	loop=$(losetup -f --show "$1") || skip "no loop device here"
	detach="$detach $loop"
	partx -u "$loop" || skip "no partitions on loop devices here"
	link_card
}

# link_card: the device's names for the attached card, as udev makes them.
link_card() {
	[ -b "${loop}p6" ] || skip "no devices of partitions come by themselves here"
	ln -sf "$loop" root/dev/lunette-card
	for number in 1 2 3 5 6; do
		ln -sf "${loop}p$number" "root/dev/disk/by-partuuid/$LAYOUT_DISK_SIGNATURE-0$number"
	done
}

# card FILE MIB: laid out as the flashed image, on a card of MIB that holds old bytes behind it.
card() {
	truncate -s "$2M" "$1"
	sfdisk -q "$1" <<-END
		label: dos
		label-id: 0x$LAYOUT_DISK_SIGNATURE
		1: start=${LAYOUT_BOOT_START}MiB, size=${LAYOUT_BOOT_SIZE}MiB, type=c
		2: start=${LAYOUT_ROOTA_START}MiB, size=${LAYOUT_SLOT_SIZE}MiB, type=83
		3: start=${LAYOUT_ROOTB_START}MiB, size=${LAYOUT_SLOT_SIZE}MiB, type=83
		4: start=${LAYOUT_EXTENDED_START}MiB, size=$((LAYOUT_FILM_START + LAYOUT_FILM_SIZE - LAYOUT_EXTENDED_START))MiB, type=f
		5: start=${LAYOUT_STATE_START}MiB, size=${LAYOUT_STATE_SIZE}MiB, type=83
		6: start=${LAYOUT_FILM_START}MiB, size=${LAYOUT_FILM_SIZE}MiB, type=83
	END
	head -c 8M /dev/urandom |
		dd of="$1" bs=1M seek=$((LAYOUT_FILM_START + LAYOUT_FILM_SIZE)) conv=notrunc status=none
}
