# shellcheck shell=sh
# shellcheck disable=SC2154 # project is of lib.sh
# The Buildroot tree as far as it can be tried without Buildroot: what its scripts refuse, and what its files agree on.

# A readelf that tells what the test says of the binary and of the image's C library.
fake_readelf() {
	cat >readelf <<-END
		#!/bin/sh
		case "\$1 \$*" in
		-h*) printf '  Class:    $1\n  Machine:  $2\n  Flags:    0x5000400, $3\n' ;;
		-V*libc) printf "Version definition section '.gnu.version_d'\n  Name: GLIBC_2.4\n  Name: GLIBC_2.41\n  Name: GLIBC_2.9\n" ;;
		-V*) printf "Version needs section '.gnu.version_r'\n  Name: GLIBC_2.4  Flags\n  Name: GLIBC_$4  Flags\n" ;;
		esac
	END
	chmod +x readelf
	: >binary
	: >libc
}

check_binary() {
	"$project/buildroot/package/lunette/check-binary" "$1" libc ./readelf 2>said
}

refused() {
	if check_binary "${2:-binary}"; then fail "it was taken"; fi
	grep -q "$1" said || fail "it said otherwise: $(cat said)"
}

test_binary_of_the_image_is_taken() {
	fake_readelf ELF32 ARM "Version5 EABI, hard-float ABI" 2.39
	check_binary binary || fail "$(cat said)"
}

test_binary_of_another_machine_is_refused() {
	fake_readelf ELF64 AArch64 "" 2.17
	refused "is built for ELF64 AArch64, the image is ELF32 ARM"
}

test_binary_with_soft_float_is_refused() {
	fake_readelf ELF32 ARM "Version5 EABI, soft-float ABI" 2.4
	refused "needs gnueabihf"
}

test_binary_wanting_a_newer_glibc_is_refused() {
	fake_readelf ELF32 ARM "Version5 EABI, hard-float ABI" 2.100
	refused "wants glibc 2.100, the image has 2.41"
}

test_binary_that_is_none_is_refused() {
	cp "$project/README.md" text
	: >libc
	ln -s "$(command -v readelf)" readelf
	refused "is no ELF program" text
	refused "is not there" nowhere
}

test_binary_of_this_machine_is_refused() {
	case $(uname -m) in arm*) skip "this machine is an ARM" ;; esac
	ln -s "$(command -v readelf)" readelf
	: >libc
	refused "the image is ELF32 ARM" "$(command -v sh)"
}

test_fragments_that_were_dropped_are_told() {
	printf 'CONFIG_A=y\nCONFIG_B=m\nCONFIG_D="text of two"\n# CONFIG_E is not set\n' >config
	printf '# why\nCONFIG_A=y\nCONFIG_B=y\n' >one
	printf 'CONFIG_C=0x10\n# CONFIG_A is not set\nCONFIG_D="text of two"\n# CONFIG_E is not set\n# CONFIG_F is not set\n' >two
	if "$project/buildroot/check-fragments" config one two 2>said; then fail "nothing was told"; fi
	same "what is told" "$(tail -n +2 said)" "CONFIG_A is y, asked: n
CONFIG_B is m, asked: y
CONFIG_C is not set, asked: 0x10"
	printf 'CONFIG_B=m\nCONFIG_A=y\n' >three
	"$project/buildroot/check-fragments" config two one three 2>said || same "the later one holds" "$(tail -n +2 said)" \
		"CONFIG_C is not set, asked: 0x10"
}

# value NAME: of U-Boot's fragments.
value() {
	sed -n "s/^CONFIG_$1=//p" "$project/board/common/uboot"/*.config
}

test_uboot_keeps_its_environment_where_the_layout_says() {
	same "the first place" "$(value ENV_OFFSET)" "$LAYOUT_ENV_OFFSET"
	same "the second place" "$(value ENV_OFFSET_REDUND)" "$LAYOUT_ENV_OFFSET_REDUND"
	same "the size" "$(value ENV_SIZE)" "$LAYOUT_ENV_SIZE"
}

test_uboot_reads_back_only_what_the_boot_script_keeps() {
	listed=$(grep -o 'BOOT_[A-Z_]*' "$project/board/common/uboot/flags.cppflags" | sort -u)
	used=$(cat "$project/image/boot.cmd" "$project/image/slot.cmd" | grep -o 'BOOT_[A-Z_]*' | sort -u)
	same "names" "$listed" "$used"
}

test_uboot_of_each_board_is_what_its_configuration_starts() {
	# shellcheck source=board/rpi/board.env
	. "$project/board/rpi/board.env"
	for name in $BOARD_UBOOTS; do
		grep -q "^kernel=u-boot-$name.bin" "$project/image/config.txt" || fail "config.txt starts no u-boot-$name.bin"
	done
	same "kinds" "$(sed -n 's/^kernel=u-boot-\(.*\)\.bin/\1/p' "$project/image/config.txt" | sort -u | wc -l)" 3
}

test_fragments_say_why() {
	for file in "$project"/board/*/linux/*.config "$project"/board/*/uboot/*.config; do
		head -n 1 "$file" | grep -q '^# [A-Za-z]' || fail "$file does not say why"
	done
}

test_configurations_name_what_is_there() {
	for file in "$project"/buildroot/configs/*_defconfig; do
		sed -n 's/^BR2_ROOTFS_.*\/\.\.\/\([^"]*\)"$/\1/p' "$file" >named
		grep -c . named >/dev/null || fail "$file names nothing of ours"
		while read -r path; do
			[ -e "$project/$path" ] || fail "$file: $path is not there"
		done <named
	done
}

test_configurations_differ_in_their_board_only() {
	for board in rpi qemu; do
		sed "s/$board/BOARD/g" "$project/buildroot/configs/lunette_${board}_defconfig" >"$board"
	done
	same "only on the Pi" "$(diff rpi qemu | sed -n 's/^< //p' | grep -v BOARD | grep -vi -e rpi -e KERNEL | tr '\n' ' ')" ""
	same "only in QEMU" "$(diff rpi qemu | sed -n 's/^> //p' | grep -v -e BOARD -e KERNEL | tr '\n' ' ')" ""
}

test_keys_are_made_once_and_belong_together() {
	command -v openssl >/dev/null || skip "no openssl"
	"$project/image/keys" keys 2>/dev/null
	openssl verify -CAfile keys/ca.pem keys/sign.pem >/dev/null || fail "the authority did not sign"
	before=$(cat keys/*)
	"$project/image/keys" keys
	same "keys" "$(cat keys/*)" "$before"
	same "who may read" "$(stat -c %a keys/sign.key)" 600
}

test_bundle_says_what_it_is() {
	mkdir bin
	# shellcheck disable=SC2016 # the fake's own
	printf '#!/bin/sh\nfor last; do before=$now now=$last; done\ncp -r "$before" seen\n' >bin/rauc
	chmod +x bin/rauc
	echo root >rootfs.squashfs
	PATH=$PWD/bin:$PATH LUNETTE_VERSION=1.2.3 SOURCE_DATE_EPOCH=1700000000 LUNETTE_KEYS=keys \
		"$project/image/bundle" rootfs.squashfs "$PWD/out.raucb"
	grep -qx "compatible=$LAYOUT_COMPATIBLE" seen/manifest.raucm || fail "for no board of ours"
	grep -qx "version=1.2.3" seen/manifest.raucm || fail "of no version"
	same "the root" "$(cat seen/rootfs.squashfs)" root
	same "left behind" "$(ls -d bundle.* 2>/dev/null)" ""
}
