/* Preloaded into the daemon: what it asks of files below /sample/ fails or takes long, as the file that
 * $LUNETTE_TEST_FAULTS names says just now: "syncfs 5" (an errno), "writev 5", "syncfs slow" (5 s). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int fails(int fd, const char *call)
{
	char link[64], path[4096], wanted[32], how[32];
	const char *plan = getenv("LUNETTE_TEST_FAULTS");
	int before = errno, found = 0;
	ssize_t length;
	FILE *file;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof path - 2);
	if (length < 0 || !plan)
		return 0;
	strcpy(path + length, "/");
	if (!strstr(path, "/sample/") || !(file = fopen(plan, "re"))) {
		errno = before;
		return 0;
	}
	found = fscanf(file, "%31s %31s", wanted, how) == 2 && !strcmp(wanted, call);
	fclose(file);
	errno = before;
	if (found && !strcmp(how, "slow"))
		sleep(5);
	else if (found)
		errno = atoi(how);
	return found && strcmp(how, "slow");
}

int syncfs(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "syncfs");
	return fails(fd, "syncfs") ? -1 : real(fd);
}

ssize_t writev(int fd, const struct iovec *slices, int count)
{
	ssize_t (*real)(int, const struct iovec *, int) =
		(ssize_t (*)(int, const struct iovec *, int))dlsym(RTLD_NEXT, "writev");
	return fails(fd, "writev") ? -1 : real(fd, slices, count);
}
