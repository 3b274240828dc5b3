/* libFuzzer: whatever the blob holds, decode_plan refuses it with a failure, or what it gives can be walked. */
#include <string.h>

#include "allocations.h"
#include "check.h"
#include "walk_plan.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static FILE *nowhere;
	unsigned char *blob = malloc(size + !size); /* of exactly its size, so that one byte too far is seen */
	struct plan plan = {0};
	CHECK(blob);
	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	CHECK(nowhere);
	memcpy(blob, data, size);
	forget_failure();
	if (decode_plan(blob, size, &plan) == 0)
		print_plan(&plan, nowhere);
	else
		CHECK(failure_errno() != 0 && failure_text()[0]);
	free_remembered();
	free(blob);
	return 0;
}
