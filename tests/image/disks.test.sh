# shellcheck shell=sh
# shellcheck disable=SC2154,SC2034,SC2015 # project, loop, unmount and others are of lib.sh
# The settings' and the film's file systems: checked, mended, replaced, missing, pulled out.

fresh() {
	device_root
	card card.img 2048
	attach card.img
	mkfs.ext4 -q -L state "${loop}p5"
	device grow >/dev/null
	fake systemctl ''
	fake chown ''
	fake blkid ''
	unmount="mounted root/film root/run/lunette/place"
}

film_says() {
	cat root/run/lunette/film
}

# turns BODY: what happens at the pauses of the script, by their number; it ends when there is nothing more.
turns() {
	fake sleep "
		echo >>'$PWD/turns'
		turn=\$(wc -l <'$PWD/turns')
		cd '$PWD'
		cat root/run/lunette/film >>told
		case \$turn in
		$1
		*) kill \$PPID ;;
		esac"
}

test_state_in_order_stays() {
	fresh
	device state-check
	[ ! -e root/run/lunette/state ] || fail "something was done"
}

test_state_is_mended() {
	fresh
	# The superblock; there are copies.
	dd if=/dev/zero of="${loop}p5" bs=1024 seek=1 count=1 conv=notrunc status=none
	device state-check
	same "what is told" "$(cat root/run/lunette/state)" mended
	e2fsck -fn "${loop}p5" >/dev/null 2>&1 || fail "not in order"
}

test_state_beyond_repair_is_set_aside_and_made_from_the_copy() {
	fresh
	mkdir mounted
	mount "${loop}p6" mounted
	mkdir -p mounted/settings/ssh
	echo kept >mounted/settings/ssh/authorized_keys
	umount mounted
	yes rubbish | dd of="${loop}p5" bs=1M count="$LAYOUT_STATE_SIZE" iflag=fullblock conv=notrunc status=none
	device state-check
	same "what is told" "$(cat root/run/lunette/state)" renewed
	mount "${loop}p5" mounted
	same "the settings" "$(cat mounted/ssh/authorized_keys)" kept
	umount mounted
	mount "${loop}p6" mounted
	same "the image" "$(gunzip <mounted/state-damaged.img.gz | head -c 7)" rubbish
	umount mounted
}

test_film_is_mounted_and_the_settings_are_copied() {
	fresh
	echo 'host_name = "porch"' >root/state/settings.toml
	turns "1) mountpoint -q root/film && echo there >mounted ;;"
	! device film || fail "it ended by itself"
	same "what is told" "$(film_says)" mounted
	same "while it ran" "$(cat mounted)" there
	same "the copy" "$(cat root/film/settings/settings.toml)" 'host_name = "porch"'
	[ -d root/film/samples ] && [ -d root/film/db ] || fail "no folders"
}

test_film_is_mended() {
	fresh
	dd if=/dev/zero of="${loop}p6" bs=1024 seek=1 count=1 conv=notrunc status=none
	turns "1) : ;;"
	! device film || fail "it ended by itself"
	same "what is told" "$(film_says)" mounted
}

test_film_beyond_repair_is_told() {
	fresh
	size=$(blockdev --getsize64 "${loop}p6")
	yes rubbish | dd of="${loop}p6" bs=1M count=$((size >> 20)) iflag=fullblock conv=notrunc status=none
	device film
	same "what is told" "$(film_says)" "failed the disk's file system cannot be mended"
}

test_film_disk_that_is_too_large_is_told() {
	fresh
	fake blockdev 'echo 17592186044416'
	fake getconf 'echo 32'
	device film
	same "what is told" "$(film_says)" "failed the disk has more than 16 TiB, which a 32-bit kernel cannot use"
}

test_film_disk_that_is_missing_is_waited_for() {
	fresh
	echo 1234-5678 >root/state/film-disk
	mkdir -p root/dev/disk/by-uuid
	turns "1) ;;
		2) ln -s '${loop}p6' root/dev/disk/by-uuid/1234-5678 ;;"
	! device film || fail "it ended by itself"
	same "what was told" "$(tr '\n' ' ' <told)" "missing missing mounted "
}

test_film_disk_whose_name_is_away_for_a_moment_stays() {
	fresh
	echo 1234-5678 >root/state/film-disk
	mkdir -p root/dev/disk/by-uuid
	ln -s "${loop}p6" root/dev/disk/by-uuid/1234-5678
	turns "1) rm root/dev/disk/by-uuid/1234-5678 ;;
		2) ln -s '${loop}p6' root/dev/disk/by-uuid/1234-5678 ;;
		3) ;;"
	! device film || fail "it ended by itself"
	same "what is told" "$(film_says)" "mounted"
	mountpoint -q root/film || fail "not mounted any more"
}

test_film_disk_that_is_pulled_out_is_let_go() {
	fresh
	echo 1234-5678 >root/state/film-disk
	mkdir -p root/dev/disk/by-uuid
	ln -s "${loop}p6" root/dev/disk/by-uuid/1234-5678
	turns "1) rm root/dev/disk/by-uuid/1234-5678 ;;
		2 | 3 | 4) ;;"
	! device film || fail "it must begin again"
	same "what is told" "$(film_says)" "missing it was pulled out"
	grep -q 'systemctl try-restart lunette.service' calls || fail "the recorder was not told"
	! mountpoint -q root/film || fail "still mounted"
}
