/* core/report.c: one message is one write, of a size that a pipe takes whole. */
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "core.h"

#define HEADER_SIZE 32
#define TEXT_MAXIMUM 1024

static int ends[2];

static struct context reporting(void)
{
	CHECK(pipe(ends) == 0);
	return (struct context){.messages = ends[1]};
}

/* What one report wrote; both ends are closed then. */
static size_t received(unsigned char *data, size_t size)
{
	ssize_t length;
	close(ends[1]);
	length = read(ends[0], data, size);
	CHECK(length >= 0);
	close(ends[0]);
	return (size_t)length;
}

TEST(a_message_has_the_layout_that_python_reads)
{
	static const unsigned char expected[] = {
		4, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0,
		0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 'p', 'i', 'v', 'o', 't',
	};
	unsigned char data[PIPE_BUF];
	struct context context = reporting();
	report(&context, MESSAGE_FAILED, 7, ENOENT, -2, 3, "pivot");
	CHECK(received(data, sizeof data) == sizeof expected);
	CHECK(memcmp(data, expected, sizeof expected) == 0);
}

TEST(a_message_without_text_is_its_header)
{
	unsigned char data[PIPE_BUF];
	struct context context = reporting();
	report(&context, MESSAGE_READY, -1, 0, 0, 0, NULL);
	CHECK(received(data, sizeof data) == HEADER_SIZE);
	CHECK(memcmp(data + 4, "\xff\xff\xff\xff", 4) == 0);
}

TEST(a_long_text_is_cut)
{
	static char text[2 * PIPE_BUF];
	unsigned char data[2 * PIPE_BUF];
	struct context context = reporting();
	memset(text, 'x', sizeof text - 1);
	report(&context, MESSAGE_WARNING, -1, 0, 0, 0, text);
	CHECK(received(data, sizeof data) == HEADER_SIZE + TEXT_MAXIMUM);
	CHECK(HEADER_SIZE + TEXT_MAXIMUM <= PIPE_BUF);
}

TEST(without_a_pipe_nothing_happens)
{
	struct context context = {.messages = -1};
	report(&context, MESSAGE_READY, -1, 0, 0, 0, "x");
}

TEST(without_a_controller_the_process_ends)
{
	struct context context = reporting();
	int status;
	pid_t child;
	close(ends[0]);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		signal(SIGPIPE, SIG_IGN);
		report(&context, MESSAGE_READY, -1, 0, 0, 0, NULL);
		_exit(0);
	}
	close(ends[1]);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

TEST(an_operation_knows_its_place_in_the_plan)
{
	struct operation operations[3] = {{0}};
	struct plan plan = {.count = 3, .operations = operations};
	struct context context = {.plan = &plan};
	CHECK(index_of(&context, &operations[2]) == 2);
}

TEST(the_first_failure_stands)
{
	CHECK(fail_with(ENOENT, "first %d", 1) == -1);
	CHECK(fail_with(EPERM, "second") == -1);
	CHECK(failure_errno() == ENOENT && strcmp(failure_text(), "first 1") == 0);
	forget_failure();
	CHECK(failure_errno() == 0 && !failure_text()[0]);
}

TEST(a_failure_without_errno_is_one_all_the_same)
{
	CHECK(fail_with(0, "nothing") == -1);
	CHECK(failure_errno() == EINVAL);
}
