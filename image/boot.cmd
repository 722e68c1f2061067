# Becomes boot.scr in the first partition, which no upgrade writes: it can never be repaired in the field, so it does the
# least. It picks the slot and hands over to the slot's own script. Whatever fails ends in a reset that costs a try.
# Numbers are hexadecimal without 0x, as RAUC writes them. The counters are its boot-attempts.
test -n "${devnum}" || setenv devnum 0
test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 3
setenv slot
for s in ${BOOT_ORDER} A B; do
	if test -n "${slot}"; then
		true
	elif test "${s}" = A -a 0x${BOOT_A_LEFT} -gt 0; then
		setexpr BOOT_A_LEFT 0x${BOOT_A_LEFT} - 1
		setenv slot A
		setenv slotpart 2
	elif test "${s}" = B -a 0x${BOOT_B_LEFT} -gt 0; then
		setexpr BOOT_B_LEFT 0x${BOOT_B_LEFT} - 1
		setenv slot B
		setenv slotpart 3
	fi
done
if test "x${slot}" = x; then
	echo "lunette: both slots are used up: from the beginning"
	setenv BOOT_A_LEFT 3
	setenv BOOT_B_LEFT 3
	saveenv
	reset
fi
saveenv
echo "lunette: slot ${slot} of ${BOOT_ORDER}; left after this: A ${BOOT_A_LEFT}, B ${BOOT_B_LEFT}"
if load mmc ${devnum}:${slotpart} ${scriptaddr} /boot/slot.scr; then
	source ${scriptaddr}
fi
echo "lunette: slot ${slot} does not start"
reset
