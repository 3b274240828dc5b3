/* PROGRAM TEST [--without-openat2] < input: runs one test; exit code 0 if it passes and leaves no descriptor open. */
#include <dirent.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "check.h"

#define OPENAT2 437

static const struct test *tests;

void register_test(struct test *test)
{
	test->next = tests;
	tests = test;
}

static int count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;
	CHECK(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

/* As on a kernel before 5.6. */
static void refuse_openat2(void)
{
	struct sock_filter instructions[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OPENAT2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof instructions / sizeof instructions[0], instructions};
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

int main(int argc, char **argv)
{
	int before;
	if (argc > 2 && strcmp(argv[2], "--without-openat2") == 0)
		refuse_openat2();
	for (const struct test *test = tests; test; test = test->next) {
		if (argc < 2 || strcmp(test->name, argv[1]) != 0)
			continue;
		before = count_descriptors();
		test->run();
		errno = 0;
		CHECK(count_descriptors() == before);
		return 0;
	}
	fprintf(stderr, "there is no such test\n");
	return 2;
}
