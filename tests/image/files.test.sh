# shellcheck shell=sh
# shellcheck disable=SC2154,SC2164,SC2013,SC2086 # project is of lib.sh; set -e ends a test; names and numbers without spaces
# What stands in more than one file is the same in all, and the card is as the layout says.

units=usr/lib/systemd/system

test_units_and_rules_have_the_layouts_names() {
	cd "$project/overlay"
	grep -q "^What=/dev/disk/by-partuuid/$LAYOUT_DISK_SIGNATURE-0$LAYOUT_STATE_PART\$" $units/state.mount || fail "state.mount"
	grep -q "partuuid-$LAYOUT_DISK_SIGNATURE.x2d0$LAYOUT_STATE_PART.device" $units/lunette-state-check.service || fail "check"
	grep -q "ID_PART_TABLE_UUID}==\"$LAYOUT_DISK_SIGNATURE\"" usr/lib/udev/rules.d/61-lunette.rules || fail "udev"
}

test_every_enabled_unit_is_there_and_every_one_of_ours_is_enabled() {
	cd "$project/overlay"
	preset=usr/lib/systemd/system-preset/00-lunette.preset
	for unit in $(sed -n 's/^enable \(lunette.*\)/\1/p' $preset); do
		[ -e "$units/$unit" ] || fail "$unit is enabled, and not there"
	done
	for file in $(grep -l '^\[Install\]' $units/lunette*); do
		grep -q "^enable ${file##*/}\$" $preset || fail "${file##*/} is not enabled"
	done
}

test_scripts_that_units_start_are_there() {
	cd "$project/overlay"
	for script in $(sed -n 's,^ExecStart[A-Za-z]*=[-+]*/\(usr/lib/lunette/[a-z-]*\).*,\1,p' $units/*.service); do
		[ -x "$script" ] || fail "$script"
	done
}

test_recorder_has_little_to_lose() {
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"
	told=$(systemd-analyze security --offline=yes "$project/overlay/$units/lunette.service" | tail -n 1)
	score=$(printf '%s\n' "$told" | grep -o '[0-9]*\.[0-9]')
	[ "${score%.*}" -lt 2 ] || fail "$told"
}

# What the firmware makes of config.txt on a board: `setting=value` lines that hold there, the later over the earlier.
config_on() {
	awk -v board="$1" '
		/^#/ || /^$/ { next }
		/^\[.*\]$/ { section = substr($0, 2, length($0) - 2); next }
		section == "" || section == "all" || section == board {
			if (!match($0, /^[a-z0-9_]+=[^ ]+$/)) { print "bad line: " $0; next }
			split($0, pair, "="); value[pair[1]] = pair[2]
		}
		END { for (name in value) print name "=" value[name] }' "$project/image/config.txt" | sort
}

test_config_txt_on_each_board() {
	common="arm_64bit=0
disable_splash=1
enable_uart=1
gpu_mem=16
hdmi_force_hotplug=1"
	for pair in pi2:rpi_2 pi3:rpi_3_32b pi02:rpi_3_32b pi4:rpi_4_32b; do
		same "config.txt on ${pair%:*}" "$(config_on "${pair%:*}")" "$common
kernel=u-boot-${pair#*:}.bin
upstream_kernel=1"
	done
}

# Every board's U-Boot is one that Buildroot makes.
test_config_txt_names_u_boots_that_are_made() {
	[ -e "$project/board/rpi/board.env" ] || skip "no board here"
	# shellcheck disable=SC1091 # it is there
	. "$project/board/rpi/board.env"
	for name in $(sed -n 's/^kernel=u-boot-\(.*\)\.bin/\1/p' "$project/image/config.txt"); do
		case " $BOARD_UBOOTS " in *" $name "*) ;; *) fail "nobody makes $name" ;; esac
	done
}

test_cmdline_is_one_line_without_console() {
	same "lines" "$(wc -l <"$project/image/cmdline.txt")" 1
	! grep -q 'console=\|root=' "$project/image/cmdline.txt" || fail "the boot script's words"
}

test_rauc_has_the_slots_of_the_layout() {
	"$project/image/fill" "$project/image/system.conf.in" >system.conf
	same "devices" "$(sed -n 's/^device=//p' system.conf | tr '\n' ' ')" \
		"/dev/disk/by-partuuid/$LAYOUT_DISK_SIGNATURE-0$LAYOUT_ROOTA_PART /dev/disk/by-partuuid/$LAYOUT_DISK_SIGNATURE-0$LAYOUT_ROOTB_PART "
	same "compatible" "$(sed -n 's/^compatible=//p' system.conf)" "$LAYOUT_COMPATIBLE"
}

test_fill_names_what_nobody_gave() {
	echo '@LAYOUT_COMPATIBLE@ @NOBODY@' >template
	! "$project/image/fill" template >filled 2>said || fail "it was filled"
	grep -q 'nobody gave @NOBODY@' said || fail "$(cat said)"
	same "given" "$("$project/image/fill" template NOBODY=me)" "$LAYOUT_COMPATIBLE me"
}

# binaries: what a build leaves, as small as it can be.
binaries() {
	for tool in genimage mkimage mcopy mkfs.vfat; do
		command -v $tool >/dev/null || skip "no $tool here"
	done
	mkdir -p binaries/rpi-firmware
	head -c 1M /dev/urandom >binaries/rootfs.squashfs
	echo firmware >binaries/rpi-firmware/start_cd.elf
	echo u-boot >binaries/u-boot-rpi_2.bin
	LUNETTE_VERSION=1.2 SOURCE_DATE_EPOCH=1790000000
	export LUNETTE_VERSION SOURCE_DATE_EPOCH
	image=binaries/lunette-rpi-armv7-1.2.img
}

test_card_is_laid_out_as_it_says() {
	binaries
	"$project/image/post-image" binaries >log 2>&1 || fail "$(cat log)"
	parts=$(sfdisk -d $image | sed -n 's/.*img\([0-9]\) : start= *\([0-9]*\), size= *\([0-9]*\),.*/\1 \2 \3/p')
	mib() { echo "$1 $(($2 * 2048)) $(($3 * 2048))"; }
	same "partitions" "$parts" "$(mib 1 $LAYOUT_BOOT_START $LAYOUT_BOOT_SIZE)
$(mib 2 $LAYOUT_ROOTA_START $LAYOUT_SLOT_SIZE)
$(mib 3 $LAYOUT_ROOTB_START $LAYOUT_SLOT_SIZE)
$(mib 4 $LAYOUT_EXTENDED_START $((LAYOUT_FILM_START + LAYOUT_FILM_SIZE - LAYOUT_EXTENDED_START)))
$(mib 5 $LAYOUT_STATE_START $LAYOUT_STATE_SIZE)
$(mib 6 $LAYOUT_FILM_START $LAYOUT_FILM_SIZE)"
	same "signature" "$(sfdisk --disk-id $image)" "0x$LAYOUT_DISK_SIGNATURE"
	for slot in $LAYOUT_ROOTA_START $LAYOUT_ROOTB_START; do
		dd if=$image bs=1M skip="$slot" count=1 status=none | cmp - binaries/rootfs.squashfs || fail "slot at $slot"
	done
	same "film" "$(dd if=$image bs=1M skip=$LAYOUT_FILM_START count=$LAYOUT_FILM_SIZE status=none | tr -d '\000' | wc -c)" 0
	export MTOOLS_SKIP_CHECK=1
	for file in boot.scr config.txt cmdline.txt lunette-setup.toml start_cd.elf u-boot-rpi_2.bin; do
		mcopy -n -i "$image@@${LAYOUT_BOOT_START}M" "::$file" . || fail "no $file"
	done
	cmp lunette-setup.toml "$project/image/lunette-setup.toml"
}

test_card_is_the_same_when_made_again() {
	binaries
	"$project/image/post-image" binaries >log 2>&1 || fail "$(cat log)"
	mv $image first
	"$project/image/post-image" binaries >log 2>&1 || fail "$(cat log)"
	# mke2fs before 1.47.1 writes the time of day; Buildroot's is newer.
	case $(mke2fs -V 2>&1 | sed -n '1s/^mke2fs \([0-9.]*\).*/\1/p') in
	1.4[0-6]* | 1.47.0) cmp -n $((LAYOUT_STATE_START << 20)) first $image || fail "it differs before the settings" ;;
	*) cmp first $image || fail "it differs" ;;
	esac
}

test_card_refuses_a_root_that_is_larger_than_a_slot() {
	binaries
	truncate -s $((LAYOUT_SLOT_SIZE + 1))M binaries/rootfs.squashfs
	! "$project/image/post-image" binaries >log 2>&1 || fail "it was made"
	grep -q "larger than a slot of $LAYOUT_SLOT_SIZE MiB" log || fail "$(cat log)"
}

test_root_is_finished() {
	command -v mkimage >/dev/null || skip "no mkimage here"
	mkdir target
	cp -a "$project/overlay/." target/
	echo certificate >ca.pem
	LUNETTE_VERSION=1.2 SOURCE_DATE_EPOCH=1790000000 LUNETTE_KEYRING=ca.pem "$project/image/post-build" target
	same "the environment" "$(cat target/etc/fw_env.config)" "/dev/lunette-card $LAYOUT_ENV_OFFSET $LAYOUT_ENV_SIZE
/dev/lunette-card $LAYOUT_ENV_OFFSET_REDUND $LAYOUT_ENV_SIZE"
	same "build" "$(tr '\n' ' ' <target/etc/lunette-build)" "epoch=1790000000 version=1.2 compatible=$LAYOUT_COMPATIBLE "
	same "os-release" "$(sed -n 's/^VERSION_ID=//p' target/etc/os-release)" 1.2
	same "clock" "$(stat -c %Y target/usr/lib/clock-epoch)" 1790000000
	same "machine id" "$(wc -c <target/etc/machine-id)" 0
	[ -L target/etc/systemd/system/multi-user.target.wants/lunette.service ] || fail "lunette.service is not enabled"
	[ -s target/boot/slot.scr ] || fail "no slot.scr"
	strings -a target/boot/slot.scr | grep -q "PARTUUID=$LAYOUT_DISK_SIGNATURE-0" || fail "the root's name"
}
