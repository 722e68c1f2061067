# shellcheck shell=sh
# shellcheck disable=SC2154 # project and others are of lib.sh
# boot.cmd picks the slot. Its language is nearly this one: U-Boot's words are functions here; scripts/emulate runs it in U-Boot.

setenv() {
	name=$1
	shift
	eval "$name=\$*"
}

setexpr() {
	[ "$3" = - ] || fail "setexpr $*"
	setenv "$1" "$(printf '%x' $(($2 - 0x$4)))"
}

# Numbers of `test` are hexadecimal with 0x.
test() {
	case "$*" in
	*" -a 0x"*) [ "$1" = "$3" ] && [ "$(($5))" -gt "$7" ] ;;
	*) [ "$@" ] ;;
	esac
}

saveenv() {
	saved="$BOOT_ORDER $BOOT_A_LEFT $BOOT_B_LEFT"
}

load() {
	loaded="$2 $4"
	[ "$loads" = yes ]
}

source() {
	echo "slot $slot from $loaded; saved $saved" >>result
	exit 0
}

reset() {
	echo "reset; saved $saved" >>result
	exit 0
}

# boots ORDER A B: what came of it.
boots() {
	rm -f result
	(
		set +eu
		BOOT_ORDER=$1 BOOT_A_LEFT=$2 BOOT_B_LEFT=$3 devnum="" scriptaddr=0x1000 loads=${4:-yes} IFS=' 	
'
		. "$project/image/boot.cmd" >/dev/null
	)
	cat result
}

test_boot_first_start_takes_a() {
	same "an empty environment" "$(boots '' '' '')" "slot A from 0:2 /boot/slot.scr; saved A B 2 3"
}

test_boot_follows_the_order() {
	same "A B" "$(boots 'A B' a 3)" "slot A from 0:2 /boot/slot.scr; saved A B 9 3"
	same "B A" "$(boots 'B A' a 3)" "slot B from 0:3 /boot/slot.scr; saved B A a 2"
	same "B" "$(boots 'B' 1 1)" "slot B from 0:3 /boot/slot.scr; saved B 1 0"
}

test_boot_passes_over_a_slot_that_is_used_up() {
	same "A used up" "$(boots 'A B' 0 a)" "slot B from 0:3 /boot/slot.scr; saved A B 0 9"
	same "B used up" "$(boots 'B A' 10 0)" "slot A from 0:2 /boot/slot.scr; saved B A f 0"
	same "the order has B alone, and it is used up" "$(boots 'B' 1 0)" "slot A from 0:2 /boot/slot.scr; saved B 0 0"
	same "an order of rubbish" "$(boots 'x y' 2 2)" "slot A from 0:2 /boot/slot.scr; saved x y 1 2"
}

test_boot_begins_anew_when_both_are_used_up() {
	for order in 'A B' 'B A' 'A' 'B'; do
		same "$order" "$(boots "$order" 0 0)" "reset; saved $order 3 3"
	done
}

test_boot_of_a_slot_that_does_not_load_costs_a_try() {
	same "no slot.scr" "$(boots 'A B' 3 3 no)" "reset; saved A B 2 3"
}

# The parts of the layout that boot.cmd has as numbers.
test_boot_knows_the_layout() {
	grep -q "setenv slotpart $LAYOUT_ROOTA_PART\$" "$project/image/boot.cmd" || fail "A"
	grep -q "setenv slotpart $LAYOUT_ROOTB_PART\$" "$project/image/boot.cmd" || fail "B"
}
