# Becomes /boot/slot.scr in each slot and starts its kernel. From boot.scr: slot, slotpart, devnum.
# When it returns, boot.scr resets.
setenv slotroot PARTUUID=@LAYOUT_DISK_SIGNATURE@-0${slotpart}

# What the firmware took from cmdline.txt, or QEMU from -append.
setenv extra
if test -n "${fdt_addr}"; then
	if fdt addr ${fdt_addr}; then
		fdt get value extra /chosen bootargs
	fi
fi

# Mainline has no tree under these names.
setenv tree ${fdtfile}
test "${tree}" = bcm2837-rpi-cm3.dtb && setenv tree bcm2837-rpi-cm3-io3.dtb
test "${tree}" = bcm2711-rpi-cm4.dtb && setenv tree bcm2711-rpi-cm4-io.dtb
setenv treeaddr ${fdt_addr}
if test -n "${tree}"; then
	if load mmc ${devnum}:${slotpart} ${fdt_addr_r} /boot/${tree}; then
		setenv treeaddr ${fdt_addr_r}
	fi
fi

# No console=: the tree's stdout-path decides. No ${bootargs} of the environment either.
setenv bootargs "root=${slotroot} rootfstype=squashfs ro rootwait rauc.slot=${slot} panic=5"
test -n "${BOOT_MACHINE_ID}" && setenv bootargs "${bootargs} systemd.machine_id=${BOOT_MACHINE_ID}"
setenv bootargs "${bootargs} ${extra}"

if load mmc ${devnum}:${slotpart} ${kernel_addr_r} /boot/zImage; then
	setenv ramdisk -
	if load mmc ${devnum}:${slotpart} ${ramdisk_addr_r} /boot/initrd; then
		setenv ramdisk ${ramdisk_addr_r}:${filesize}
	fi
	bootz ${kernel_addr_r} ${ramdisk} ${treeaddr}
fi
