################################################################################
#
# lunette
#
################################################################################

# Rust's own build is not repeated here: scripts/cross makes the binary, this package checks and packs it.
# The environment may give both: scripts/image does.
LUNETTE_VERSION ?= $(shell sed -n 's/^version = "\(.*\)"/\1/p' $(LUNETTE_PROJECT)/Cargo.toml | head -n 1)
LUNETTE_BINARY ?= $(LUNETTE_PROJECT)/target/armv7-unknown-linux-gnueabihf/release/lunette
LUNETTE_SOURCE =
LUNETTE_LICENSE = MIT or Apache-2.0
LUNETTE_LICENSE_FILES = LICENSE-MIT LICENSE-APACHE
LUNETTE_REDISTRIBUTE = NO
# Its C library is the image's.
LUNETTE_DEPENDENCIES = toolchain

define LUNETTE_EXTRACT_CMDS
	$(INSTALL) -m 0644 $(LUNETTE_PROJECT)/LICENSE-MIT $(LUNETTE_PROJECT)/LICENSE-APACHE $(@D)/
endef

define LUNETTE_BUILD_CMDS
	$(LUNETTE_PKGDIR)/check-binary $(LUNETTE_BINARY) $(STAGING_DIR)/lib/libc.so.6 $(TARGET_READELF)
endef

define LUNETTE_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(LUNETTE_BINARY) $(TARGET_DIR)/usr/bin/lunette
endef

$(eval $(generic-package))
