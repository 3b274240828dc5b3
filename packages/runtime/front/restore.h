/* What restore.c needs, in memory that it leaves for last. */
#ifndef TIFFIN_RESTORE_H
#define TIFFIN_RESTORE_H

#include <stdbool.h>
#include <ucontext.h>

#include "image.h"

#define FILES_MAXIMUM 64
#define FAILURE_TEXT "tiffin-runtime: the snapshot cannot be mapped: is memory short?\n"

/* Addresses that no kernel on x86-64 gives to anybody unasked: between the programs' and the libraries'. */
#define STAGE UINT64_C(0x600000000000)
#define STAGE_HEAD (STAGE + (UINT64_C(1) << 20))
#define STAGE_KERNEL (STAGE + (UINT64_C(64) << 20))
#define STAGE_END (STAGE + (UINT64_C(65) << 20))
#define STAGE_WORK (STAGE + 4096)
#define STAGE_STACK (STAGE + 65536)

struct restoration {
	const struct image_head *head;
	const struct image_area *areas;
	uint64_t kernel_now; /* where the kernel's mappings are in this process */
	int image;
	char failure[sizeof(FAILURE_TEXT) - 1];
	int files[FILES_MAXIMUM];
	ucontext_t context;
};

/* image.c */
bool refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
int open_image(const char *path);
const struct image_head *map_head(int image);
bool is_current(const struct image_head *head);

static inline const struct image_file *image_files(const struct image_head *head)
{
	return (const struct image_file *)(head + 1);
}

static inline const char *image_path(const struct image_head *head, uint64_t index)
{
	return (const char *)head + image_files(head)[index].path;
}

/* restore.c. Does not return, except if nothing was changed yet. Called at a copy of itself, on a stack of the stage. */
typedef void restore_function(struct restoration *work);
restore_function restore;

extern const char __start_restore_code[], __stop_restore_code[];

#endif
