/* See allocations.h. */
#include "allocations.h"

#undef calloc

struct allocation {
	void *data;
	struct allocation *next;
};

static struct allocation *remembered;

void *remembered_calloc(size_t count, size_t size)
{
	struct allocation *allocation = malloc(sizeof *allocation);
	if (!allocation)
		abort();
	*allocation = (struct allocation){calloc(count, size), remembered};
	remembered = allocation;
	return allocation->data;
}

void free_remembered(void)
{
	while (remembered) {
		struct allocation *next = remembered->next;
		free(remembered->data);
		free(remembered);
		remembered = next;
	}
}
