/* The file that snapshot/image.py writes: the memory of an interpreter that has loaded our modules. */
#ifndef TIFFIN_IMAGE_H
#define TIFFIN_IMAGE_H

#include <stdint.h>
#include <sys/user.h>

#define IMAGE_MAGIC "tiffin-snapshot1"
#define FROM_IMAGE UINT64_MAX
#define ZEROS (UINT64_MAX - 1)
#define KERNEL (UINT64_MAX - 2) /* the kernel's own, which this process has too, elsewhere */

struct image_head {
	char magic[16];
	char boot[40];
	uint64_t files;
	uint64_t mapped; /* the first so many files are those that areas come from */
	uint64_t areas;
	uint64_t pages; /* where they begin in the file */
	uint64_t kernel_start; /* vvar and vdso, in one piece */
	uint64_t kernel_end;
	uint64_t vdso;
	uint64_t size; /* of the whole file */
	struct user_regs_struct registers;
};

/* The image holds as long as these are what they were; `path` is an offset in the image. */
struct image_file {
	uint64_t device;
	uint64_t inode;
	uint64_t size;
	uint64_t modified; /* nanoseconds */
	uint64_t path;
};

struct image_area {
	uint64_t start;
	uint64_t end;
	uint64_t protection;
	uint64_t source; /* number of a file, FROM_IMAGE, ZEROS or KERNEL */
	uint64_t offset;
};

#endif
