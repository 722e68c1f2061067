# shellcheck shell=sh
# shellcheck disable=SC2154,SC2016 # scripts, project and others are of lib.sh; fakes expand for themselves
# What the start does once the settings are there: time, machine id, folders, the owner's files.

now() {
	date -u +%s
}

time_is() {
	device_root
	mkdir -p root/var/lib/systemd/timesync
	echo "epoch=$1" >root/etc/lunette-build
	fake date '
		case "$*" in
		"+%s") echo '"$2"' ;;
		*-s*) echo "${3#@}" >>'"$PWD"'/set ;;
		*) exec '"$(command -v date)"' "$@" ;;
		esac'
}

test_time_begins_with_the_build() {
	time_is 1000 0
	device time-floor
	same "the time" "$(cat set)" 1000
}

test_time_begins_with_the_newest_that_is_known() {
	time_is 1000 0
	touch -d @3000 root/var/lib/systemd/timesync/clock
	echo 2000 >root/state/time-floor
	device time-floor
	same "the time" "$(cat set)" 3000
}

test_time_that_is_later_stays() {
	time_is 1000 5000
	echo 2000 >root/state/time-floor
	device time-floor
	[ ! -e set ] || fail "it was set"
}

test_time_of_rubbish_is_none() {
	time_is 1000 0
	echo 'tomorrow; reboot' >root/state/time-floor
	device time-floor
	same "the time" "$(cat set)" 1000
}

test_machine_id_is_stored_once() {
	device_root
	echo 0123456789abcdef0123456789abcdef >root/etc/machine-id
	# shellcheck disable=SC2016 # the fake's own
	fake fw_setenv 'echo "$2" >'"$PWD"'/kept'
	fake fw_printenv 'cat '"$PWD"'/kept'
	device machine-id
	device machine-id
	same "what is kept" "$(cat kept)" 0123456789abcdef0123456789abcdef
	same "how often" "$(grep -c fw_setenv calls)" 1
}

test_folders_are_there_and_broken_uploads_are_not() {
	device_root
	mkdir -p root/state/lunette/upload
	touch root/state/lunette/upload/x.part root/state/lunette/upload/bundle.raucb
	fake chown ''
	device state-dirs
	same "uploads" "$(ls root/state/lunette/upload)" bundle.raucb
	same "ssh" "$(stat -c %a root/state/ssh)" 700
	grep -q "chown lunette:lunette .*/state/lunette$" calls || fail "whose is it"
}

# owner FILE_SAYS CMDLINE: a machine whose first partition can be mounted.
owner() {
	device_root
	mkdir -p root/proc root/state/ssh root/state/network root/state/lunette/upload
	echo "root=x $2" >root/proc/cmdline
	echo porch >root/run/lunette/host-name
	for name in mount umount hostname chown; do
		fake "$name" ''
	done
	fake lunette "echo '$1'"
}

test_setup_overwrites_secrets_and_is_read_only_again() {
	owner mask ""
	device setup
	same "the steps" "$(grep -E '^(lunette|mount -o|hostname|umount)' calls | sed "s,$PWD/root,,")" \
		"lunette setup-file read
mount -o remount,rw /run/lunette/boot
lunette setup-file mask
mount -o remount,ro /run/lunette/boot
umount /run/lunette/boot
hostname porch"
}

test_setup_without_secrets_writes_nothing() {
	owner "" ""
	device setup
	! grep -q remount calls || fail "mounted for writing"
}

test_setup_goes_on_without_the_first_partition() {
	owner "" ""
	fake mount 'exit 1'
	device setup
	grep -q '^hostname porch' calls || fail "no name"
	grep -q 'first partition cannot be read' root/run/lunette/complaints || fail "not told"
}

test_setup_brings_the_networks_of_the_page() {
	owner "" ""
	echo '[Match]' >root/state/network/10-eth0.network
	device setup
	same "the network" "$(cat root/run/systemd/network/10-eth0.network)" '[Match]'
}

test_reset_forgets_all_but_film_once_for_each_word() {
	owner "" "quiet lunette.reset=monday"
	echo x >root/state/settings.toml
	echo x >root/state/ssh/authorized_keys
	echo x >root/state/network/10-eth0.network
	echo x >root/state/lunette/export.json
	echo 1234-5678 >root/state/film-disk
	device setup
	same "what is left" "$(cd root/state && find . -type f | sort | tr '\n' ' ')" \
		"./film-disk ./lunette/forget-people ./reset "
	same "the word" "$(cat root/state/reset)" monday
	echo x >root/state/settings.toml
	device setup
	[ -e root/state/settings.toml ] || fail "it forgot again"
	echo "lunette.reset=tuesday" >root/proc/cmdline
	device setup
	[ ! -e root/state/settings.toml ] || fail "another word does nothing"
}
