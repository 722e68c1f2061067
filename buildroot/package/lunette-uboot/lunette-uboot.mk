################################################################################
#
# lunette-uboot
#
################################################################################

# The emulator builds the same version: what is seen there holds for this one.
LUNETTE_UBOOT_VERSION = 2025.01
LUNETTE_UBOOT_SOURCE = u-boot-$(LUNETTE_UBOOT_VERSION).tar.bz2
LUNETTE_UBOOT_SITE = https://ftp.denx.de/pub/u-boot
LUNETTE_UBOOT_DL_SUBDIR = uboot
LUNETTE_UBOOT_LICENSE = GPL-2.0+
LUNETTE_UBOOT_LICENSE_FILES = Licenses/gpl-2.0.txt
LUNETTE_UBOOT_CPE_ID_VENDOR = denx
LUNETTE_UBOOT_CPE_ID_PRODUCT = u-boot
LUNETTE_UBOOT_INSTALL_TARGET = NO
LUNETTE_UBOOT_INSTALL_IMAGES = YES
LUNETTE_UBOOT_DEPENDENCIES = host-bison host-flex host-openssl

LUNETTE_UBOOT_BOARD = $(call qstrip,$(BR2_PACKAGE_LUNETTE_UBOOT_BOARD))
LUNETTE_UBOOT_NAMES = $(shell . $(LUNETTE_UBOOT_BOARD)/board.env && echo $$BOARD_UBOOTS)
LUNETTE_UBOOT_COMMON = $(LUNETTE_PROJECT)/board/common/uboot
LUNETTE_UBOOT_FRAGMENTS = \
	$(sort $(wildcard $(LUNETTE_UBOOT_COMMON)/*.config)) \
	$(sort $(wildcard $(LUNETTE_UBOOT_BOARD)/uboot/*.config))

LUNETTE_UBOOT_MAKE = $(TARGET_MAKE_ENV) $(MAKE) -C $(@D) \
	ARCH=arm \
	CROSS_COMPILE="$(TARGET_CROSS)" \
	HOSTCC="$(HOSTCC) $(subst -I/,-isystem /,$(subst -I /,-isystem /,$(HOST_CFLAGS)))" \
	HOSTLDFLAGS="$(HOST_LDFLAGS)" \
	KCPPFLAGS='$(shell cat $(LUNETTE_UBOOT_COMMON)/flags.cppflags)'

define LUNETTE_UBOOT_CONFIGURE_CMDS
	$(foreach name,$(LUNETTE_UBOOT_NAMES), \
		$(LUNETTE_UBOOT_MAKE) O=$(name) $(name)_defconfig && \
		cd $(@D) && $(TARGET_MAKE_ENV) scripts/kconfig/merge_config.sh -m -O $(name) \
			$(name)/.config $(LUNETTE_UBOOT_FRAGMENTS) && \
		$(LUNETTE_UBOOT_MAKE) O=$(name) olddefconfig$(sep)
	)
endef

define LUNETTE_UBOOT_BUILD_CMDS
	$(foreach name,$(LUNETTE_UBOOT_NAMES), \
		$(LUNETTE_UBOOT_MAKE) O=$(name) u-boot.bin$(sep)
	)
endef

define LUNETTE_UBOOT_INSTALL_IMAGES_CMDS
	$(foreach name,$(LUNETTE_UBOOT_NAMES), \
		$(INSTALL) -D -m 0644 $(@D)/$(name)/u-boot.bin $(BINARIES_DIR)/u-boot-$(name).bin$(sep)
	)
endef

$(eval $(generic-package))
