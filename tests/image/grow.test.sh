# shellcheck shell=sh
# shellcheck disable=SC2154,SC2034 # loop, unmount and others are of lib.sh
# The card grows to its end and gets the film's file system once, wherever the power was cut.

fresh() {
	device_root
	card card.img 2048
	attach card.img
}

# What must be true in the end.
grown() {
	same "p4's sectors" "$(partx -gbo SECTORS -n 4 "$loop" | tr -d ' ')" $(((2048 - LAYOUT_EXTENDED_START) * 2048))
	same "p6's sectors" "$(partx -gbo SECTORS -n 6 "$loop" | tr -d ' ')" $(((2048 - LAYOUT_FILM_START) * 2048))
	same "p6 to the kernel" "$(blockdev --getsz "${loop}p6")" $(((2048 - LAYOUT_FILM_START) * 2048))
	same "p5's start" "$(partx -gbo START -n 5 "$loop" | tr -d ' ')" $((LAYOUT_STATE_START * 2048))
	same "the mark" "$(cat root/state/film-made)" made
	e2fsck -fn "${loop}p6" >/dev/null 2>&1 || fail "the film's file system is not sound"
	same "its label" "$(blkid -p -s LABEL -o value "${loop}p6")" "$LAYOUT_FILM_LABEL"
	same "its size" "$(dumpe2fs -h "${loop}p6" 2>/dev/null | sed -n 's/^Block count: *//p')" \
		$(((2048 - LAYOUT_FILM_START) * 256))
}

test_grow_takes_the_rest_of_the_card() {
	fresh
	device grow
	grown
}

test_grow_writes_nothing_the_second_time() {
	fresh
	device grow
	before=$(sha256sum <card.img)
	device grow
	same "the card" "$(sha256sum <card.img)" "$before"
}

test_grow_leaves_film_that_is_there() {
	fresh
	printf x | dd of="${loop}p6" bs=1 seek=1000000 conv=notrunc status=none
	device grow
	same "the byte" "$(dd if="${loop}p6" bs=1 skip=1000000 count=1 status=none)" x
	[ ! -e root/state/film-made ] || fail "a mark was made"
}

test_grow_leaves_what_it_cannot_read() {
	fresh
	fake head 'exit 1'
	device grow
	[ ! -e root/state/film-made ] || fail "a mark was made"
}

test_grow_leaves_a_foreign_card() {
	fresh
	sfdisk -q --disk-id --no-reread --no-tell-kernel "$loop" 0x12345678
	before=$(sha256sum <card.img)
	device grow
	same "the card" "$(sha256sum <card.img)" "$before"
}

test_grow_works_while_its_neighbour_is_mounted() {
	fresh
	mkfs.ext4 -q "${loop}p5"
	mkdir mounted
	mount "${loop}p5" mounted
	unmount=mounted
	device grow
	grown
}

# cut AT HOW: the AT-th command that changes anything is not run any more, or is the last.
cut() {
	for name in sfdisk partx mkfs.ext4 sync mv; do
		real=$(command -v "$name")
		# shellcheck disable=SC2016 # the fake's own
		fake "$name" '
			case "'"$name"' $*" in "partx -g"*) exec '"$real"' "$@" ;; esac
			echo >>'"$PWD"'/steps
			steps=$(wc -l <'"$PWD"'/steps)
			[ "$steps" != '"$1"' ] || [ '"$2"' = after ] || { kill -9 $PPID; exit 1; }
			'"$real"' "$@"
			[ "$steps" != '"$1"' ] || kill -9 $PPID'
	done
}

test_grow_goes_on_after_a_cut_at_every_step() {
	fresh
	cp --sparse=always card.img flashed.img
	step=0
	while :; do
		step=$((step + 1))
		for how in before after; do
			tidy
			rm -rf root fakes steps
			device_root
			cp --sparse=always flashed.img card.img
			attach card.img
			cut $step $how
			if device grow >/dev/null 2>&1; then
				[ $step -gt 12 ] || fail "only $step steps"
				return 0
			fi
			PATH=$own_path
			device grow
			grown
		done
	done
}

# What mkfs had written when it was cut off, in any order: the mark says that it was ours.
test_grow_begins_again_where_mkfs_was_cut() {
	fresh
	device grow
	for torn in 0 1024 4096; do
		echo making >root/state/film-made
		head -c 512 /dev/urandom | dd of="${loop}p6" bs=1 seek=$torn conv=notrunc status=none
		device grow
		grown
	done
}
