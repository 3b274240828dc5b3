/* core/decode.c on blobs that Python encoded (standard input), whole and damaged. */
#include <string.h>

#include "allocations.h"
#include "check.h"
#include "walk_plan.h"

#define BLOB_MAXIMUM (1 << 20)

static unsigned char blob[BLOB_MAXIMUM];
static size_t blob_size;

static void read_blob(void)
{
	blob_size = fread(blob, 1, sizeof blob, stdin);
	CHECK(blob_size > 0 && blob_size < sizeof blob);
}

/* Decodes a copy of exactly this size; walks it if it is a plan. */
static int decode_copy(const unsigned char *data, size_t size)
{
	FILE *nowhere = fopen("/dev/null", "w");
	unsigned char *copy = malloc(size + !size);
	struct plan plan = {0};
	int result;
	CHECK(copy && nowhere);
	memcpy(copy, data, size);
	forget_failure();
	result = decode_plan(copy, size, &plan);
	if (result == 0)
		print_plan(&plan, nowhere);
	free_remembered();
	free(copy);
	fclose(nowhere);
	return result;
}

static void is_refused(size_t size, const char *why)
{
	CHECK(decode_copy(blob, size) < 0);
	CHECK(failure_errno() == EBADMSG);
	CHECK(strstr(failure_text(), why));
}

TEST(what_python_wrote_is_printed)
{
	struct plan plan = {0};
	read_blob();
	CHECK(decode_plan(blob, blob_size, &plan) == 0);
	printf("flags %u\n", plan.flags);
	print_plan(&plan, stdout);
	free_remembered();
}

TEST(every_prefix_is_refused)
{
	read_blob();
	CHECK(decode_copy(blob, blob_size) == 0);
	for (size_t size = 0; size < blob_size; size++)
		is_refused(size, "plan");
}

TEST(something_behind_the_plan_is_refused)
{
	read_blob();
	is_refused(blob_size + 1, "not as long as it says");
}

TEST(every_changed_byte_is_refused_or_harmless)
{
	static const unsigned char changes[] = {0x01, 0x80, 0xff, 0x7f};
	read_blob();
	for (size_t place = 0; place < blob_size; place++) {
		for (size_t i = 0; i < sizeof changes; i++) {
			blob[place] ^= changes[i];
			decode_copy(blob, blob_size);
			blob[place] ^= changes[i];
		}
	}
}

TEST(another_magic_is_no_plan)
{
	read_blob();
	blob[0] = 'X';
	is_refused(blob_size, "this is not a plan");
}

TEST(another_version_is_refused_with_both)
{
	read_blob();
	blob[8]++;
	is_refused(blob_size, "but this core knows version");
}

TEST(an_unknown_operation_is_refused)
{
	read_blob();
	blob[24] = blob[25] = 0xff;
	is_refused(blob_size, "operation 65535 is unknown");
}

TEST(an_unknown_step_is_refused)
{
	read_blob();
	blob[26] = 9;
	is_refused(blob_size, "step 9 is unknown");
}

TEST(a_count_without_operations_is_refused)
{
	read_blob();
	blob[18] = 0xff;
	is_refused(blob_size, "not as long as it says");
}
