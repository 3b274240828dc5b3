/* core/paths.c in a hostile root: each test runs by openat2(2), and once more as on a kernel that has none. */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "paths.h"

#define RENAME_EXCHANGE_ 2
#define ATTEMPTS 4000

static struct context context;

static void make_file(const char *path)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	CHECK(file >= 0);
	close(file);
}

/* root/ is the container's, outside/ the host's: who gets there has escaped. */
static void make_tree(void)
{
	CHECK(mkdir("root", 0755) == 0 && mkdir("root/etc", 0755) == 0 && mkdir("outside", 0755) == 0);
	make_file("root/etc/passwd");
	make_file("outside/secret");
	context = (struct context){
		.rootfs = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC),
		.host_proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	CHECK(context.rootfs >= 0 && context.host_proc >= 0);
}

static void forget_tree(void)
{
	close(context.rootfs);
	close(context.host_proc);
}

static bool same(int descriptor, const char *path)
{
	struct stat found, expected;
	return fstat(descriptor, &found) == 0 && lstat(path, &expected) == 0 && found.st_dev == expected.st_dev &&
	       found.st_ino == expected.st_ino;
}

static void check_leads_to(int descriptor, const char *path)
{
	CHECK(descriptor >= 0);
	CHECK(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
	CHECK(same(descriptor, path));
	close(descriptor);
}

static void leads_to(const char *path, const char *expected)
{
	check_leads_to(open_in_root(&context, path, O_PATH), expected);
}

static void fails(int descriptor, int error)
{
	CHECK(descriptor < 0);
	CHECK(errno == error);
}

TEST(parents_of_the_root_are_the_root)
{
	make_tree();
	leads_to("/", "root");
	leads_to("..", "root");
	leads_to("/../../..", "root");
	leads_to("/../../etc/../../etc/passwd", "root/etc/passwd");
	fails(open_in_root(&context, "/../outside/secret", O_PATH), ENOENT);
	forget_tree();
}

TEST(links_lead_to_places_inside)
{
	char target[PATH_MAX];
	make_tree();
	CHECK(getcwd(target, sizeof target - 20));
	strcat(target, "/outside");
	CHECK(symlink("/etc", "root/absolute") == 0);
	CHECK(symlink("../../../../etc", "root/etc/climbing") == 0);
	CHECK(symlink("/absolute/climbing/passwd", "root/chain") == 0);
	CHECK(symlink(target, "root/out") == 0);
	CHECK(symlink("../outside", "root/up") == 0);
	leads_to("/absolute/passwd", "root/etc/passwd");
	leads_to("/etc/climbing/passwd", "root/etc/passwd");
	leads_to("/chain", "root/etc/passwd");
	leads_to("/absolute/../etc", "root/etc");
	fails(open_in_root(&context, "/out/secret", O_PATH), ENOENT);
	fails(open_in_root(&context, "/up/secret", O_PATH), ENOENT);
	forget_tree();
}

TEST(a_circle_of_links_ends)
{
	make_tree();
	CHECK(symlink("/b", "root/a") == 0 && symlink("/a", "root/b") == 0);
	fails(open_in_root(&context, "/a", O_PATH), ELOOP);
	fails(open_in_root(&context, "/b/x", O_PATH), ELOOP);
	fails(make_directory_in_root(&context, "/a/x", 0755), ELOOP);
	forget_tree();
}

TEST(the_last_link_is_not_followed_when_it_must_not_be)
{
	make_tree();
	CHECK(symlink("/etc", "root/link") == 0);
	check_leads_to(open_in_root_nofollow(&context, "/link", O_PATH), "root/link");
	check_leads_to(open_in_root_nofollow(&context, "/link/passwd", O_PATH), "root/etc/passwd");
	check_leads_to(open_in_root_nofollow(&context, "/link/", O_PATH), "root/etc");
	fails(open_in_root_nofollow(&context, "/link", O_RDONLY), ELOOP);
	forget_tree();
}

TEST(magic_links_of_procfs_are_refused)
{
	char path[64];
	make_tree();
	close(context.rootfs);
	context.rootfs = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof path, "/%d/root", getpid());
	fails(open_in_root(&context, path, O_PATH), ELOOP);
	snprintf(path, sizeof path, "/%d/cwd/outside/secret", getpid());
	fails(open_in_root(&context, path, O_PATH), ELOOP);
	forget_tree();
}

TEST(a_file_is_no_directory)
{
	make_tree();
	fails(open_in_root(&context, "/etc/passwd", O_PATH | O_DIRECTORY), ENOTDIR);
	fails(open_in_root(&context, "/etc/passwd/", O_PATH), ENOTDIR);
	fails(open_in_root(&context, "/etc/passwd/..", O_PATH), ENOTDIR);
	fails(open_in_root(&context, "/etc/passwd/x", O_PATH), ENOTDIR);
	forget_tree();
}

TEST(what_is_opened_can_be_read_and_written)
{
	char text[8];
	int file, folder;
	make_tree();
	file = open_in_root(&context, "/etc/passwd", O_RDWR);
	CHECK(write(file, "root", 4) == 4 && pread(file, text, sizeof text, 0) == 4);
	close(file);
	folder = open_in_root(&context, "/etc", O_RDONLY | O_DIRECTORY);
	CHECK(faccessat(folder, "passwd", R_OK, 0) == 0);
	close(folder);
	forget_tree();
}

TEST(names_and_paths_that_are_too_long_are_refused)
{
	static char path[2 * PATH_MAX];
	make_tree();
	memset(path, 'x', NAME_MAX + 1);
	fails(open_in_root(&context, path, O_PATH), ENAMETOOLONG);
	for (size_t i = 0; i + 2 < sizeof path; i += 2)
		memcpy(path + i, "./", 2);
	fails(open_in_root(&context, path, O_PATH), ENAMETOOLONG);
	fails(make_directory_in_root(&context, path, 0755), ENAMETOOLONG);
	forget_tree();
}

TEST(missing_directories_are_made)
{
	make_tree();
	check_leads_to(make_directory_in_root(&context, "/a/b/c", 0755), "root/a/b/c");
	check_leads_to(make_directory_in_root(&context, "/a/b/c", 0755), "root/a/b/c");
	check_leads_to(make_directory_in_root(&context, "relative//twice/", 0755), "root/relative/twice");
	check_leads_to(make_directory_in_root(&context, "/../../up", 0755), "root/up");
	forget_tree();
}

TEST(directories_behind_dangling_links_are_made_inside)
{
	make_tree();
	CHECK(symlink("/run/lock", "root/lock") == 0);
	CHECK(symlink("../../../outside/new", "root/etc/climbing") == 0);
	CHECK(symlink("sibling", "root/etc/beside") == 0);
	check_leads_to(make_directory_in_root(&context, "/lock/x", 0755), "root/run/lock/x");
	check_leads_to(make_directory_in_root(&context, "/etc/climbing", 0755), "root/outside/new");
	check_leads_to(make_directory_in_root(&context, "/etc/beside", 0755), "root/etc/sibling");
	CHECK(access("outside/new", F_OK) < 0);
	forget_tree();
}

TEST(a_file_in_the_way_is_an_error)
{
	make_tree();
	fails(make_directory_in_root(&context, "/etc/passwd/x", 0755), ENOTDIR);
	CHECK(failure_errno() == ENOTDIR);
	forget_tree();
}

TEST(targets_are_kept_or_made)
{
	struct stat info;
	make_tree();
	check_leads_to(make_target(&context, "/etc/passwd", true, true), "root/etc/passwd");
	check_leads_to(make_target(&context, "/run/socket", true, true), "root/run/socket");
	CHECK(lstat("root/run/socket", &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0);
	check_leads_to(make_target(&context, "/data", false, true), "root/data");
	CHECK(lstat("root/data", &info) == 0 && S_ISDIR(info.st_mode));
	forget_tree();
}

TEST(a_dangling_link_makes_no_file_outside)
{
	make_tree();
	CHECK(symlink("../../outside/made", "root/etc/link") == 0);
	CHECK(make_target(&context, "/etc/link", true, true) < 0);
	CHECK(access("outside/made", F_OK) < 0);
	forget_tree();
}

TEST(a_parent_comes_with_the_last_name)
{
	const char *name;
	make_tree();
	check_leads_to(open_parent(&context, "/etc/passwd", &name), "root/etc");
	CHECK(strcmp(name, "passwd") == 0);
	check_leads_to(open_parent(&context, "/dev/pts/x", &name), "root/dev/pts");
	check_leads_to(open_parent(&context, "name", &name), "root");
	check_leads_to(open_parent(&context, "/name", &name), "root");
	CHECK(strcmp(name, "name") == 0);
	forget_tree();
}

TEST(a_path_without_a_last_name_has_no_parent)
{
	static const char *const paths[] = {"/", "", "/etc/", "/etc/.", "/etc/..", ".."};
	const char *name;
	make_tree();
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		forget_failure();
		fails(open_parent(&context, paths[i], &name), EINVAL);
	}
	forget_tree();
}

static atomic_bool enough;

/* Swaps a directory and a link to the outside, as fast as it can. */
static void *swap(void *nothing)
{
	while (!atomic_load(&enough))
		syscall(SYS_renameat2, AT_FDCWD, "root/a", AT_FDCWD, "root/b", RENAME_EXCHANGE_);
	return nothing;
}

/* root/a/secret is the container's own file or, by the link, nothing; never the host's. */
TEST(a_link_that_is_swapped_meanwhile_never_leads_out)
{
	pthread_t thread;
	make_tree();
	CHECK(mkdir("root/a", 0755) == 0 && symlink("../outside", "root/b") == 0);
	make_file("root/a/secret");
	CHECK(pthread_create(&thread, NULL, swap, NULL) == 0);
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		int file = open_in_root(&context, "/a/secret", O_PATH);
		CHECK(file >= 0 || errno == ENOENT || errno == EAGAIN);
		CHECK(file < 0 || !same(file, "outside/secret"));
		if (file >= 0)
			close(file);
	}
	atomic_store(&enough, true);
	CHECK(pthread_join(thread, NULL) == 0);
	forget_tree();
}
