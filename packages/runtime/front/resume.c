/*
 * Goes on from the snapshot, the memory of an interpreter that has loaded our modules, instead of starting another one.
 *
 * image.c has the file and its checks, and restore.c replaces the memory. If anything is unusual, the interpreter starts
 * as ever.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "restore.h"

#ifdef __x86_64__
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 35)
#include <sys/rseq.h>
#endif
#endif

/* Then the interpreter starts, which can say what it lacks: we could not, without our memory. */
static bool is_memory_limited(void)
{
	static const __rlimit_resource_t kinds[] = { RLIMIT_AS, RLIMIT_DATA };
	struct rlimit limit;

	for (size_t index = 0; index < sizeof(kinds) / sizeof(kinds[0]); index++)
		if (getrlimit(kinds[index], &limit) != 0 || limit.rlim_cur != RLIM_INFINITY)
			return true;
	return false;
}

static bool open_files(const struct image_head *head, struct restoration *work)
{
	for (uint64_t index = 0; index < head->mapped; index++) {
		work->files[index] = open(image_path(head, index), O_RDONLY | O_CLOEXEC);
		if (work->files[index] < 0)
			return refuse("no snapshot: a library cannot be opened");
	}
	return true;
}

static bool add_word(FILE *stream, const char *word)
{
	return fwrite(word, strlen(word) + 1, 1, stream) == 1;
}

/* The command, as snapshot/template.py reads it; its descriptor. The caller's limit on files is no reason to die. */
static int write_command(int argc, char **argv)
{
	struct sigaction interrupt;
	int descriptor = memfd_create("tiffin-command", MFD_CLOEXEC);
	FILE *stream = descriptor < 0 ? NULL : fdopen(dup(descriptor), "w");
	bool whole = signal(SIGXFSZ, SIG_IGN) != SIG_ERR && stream && sigaction(SIGINT, NULL, &interrupt) == 0 &&
		     fprintf(stream, "%d %d", argc, interrupt.sa_handler == SIG_IGN) > 0 && fputc('\0', stream) == '\0';

	for (int index = 0; whole && index < argc; index++)
		whole = add_word(stream, argv[index]);
	for (char **pair = environ; whole && *pair; pair++)
		whole = add_word(stream, *pair);
	if (stream && fclose(stream) != 0)
		whole = false;
	if (!whole || lseek(descriptor, 0, SEEK_SET) != 0)
		close_at(&descriptor);
	return descriptor;
}

/* The C library told the kernel of an area that it writes to at every switch; that will be gone. */
static bool unregister_rseq(void)
{
#ifdef RSEQ_SIG
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	for (unsigned size = 32; __rseq_size > 0 && size <= 256; size += 32)
		if (syscall(SYS_rseq, area, size, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) == 0)
			return true;
	return __rseq_size == 0;
#else
	return true;
#endif
}

static void fill_context(ucontext_t *context, const struct user_regs_struct *registers, int command)
{
	greg_t *to = context->uc_mcontext.gregs;
	const struct {
		int name;
		unsigned long long value;
	} values[] = {
		{ REG_R8, registers->r8 }, { REG_R9, registers->r9 }, { REG_R10, registers->r10 },
		{ REG_R11, registers->r11 }, { REG_R12, registers->r12 }, { REG_R13, registers->r13 },
		{ REG_R14, registers->r14 }, { REG_R15, registers->r15 }, { REG_RDI, registers->rdi },
		{ REG_RSI, registers->rsi }, { REG_RBP, registers->rbp }, { REG_RBX, registers->rbx },
		{ REG_RDX, registers->rdx }, { REG_RCX, registers->rcx }, { REG_RSP, registers->rsp },
		{ REG_RIP, registers->rip }, { REG_EFL, registers->eflags },
		{ REG_RAX, (unsigned long long)command }, /* what getppid returns there */
		{ REG_CSGSFS, registers->cs | registers->ss << 48 },
	};

	memset(context, 0, sizeof(*context));
	for (size_t index = 0; index < sizeof(values) / sizeof(values[0]); index++)
		to[values[index].name] = (greg_t)values[index].value;
	context->uc_stack.ss_flags = SS_DISABLE;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &context->uc_sigmask, 8);
}

/* Where the kernel's mappings begin here: as far before the vdso as in the template. */
static uint64_t kernel_mappings(const struct image_head *head)
{
	return getauxval(AT_SYSINFO_EHDR) - (head->vdso - head->kernel_start);
}

static void enter_stage(restore_function *code, struct restoration *work)
{
	__asm__ volatile("mov %%rsp, %%rbx\n\t"
			 "mov %[stack], %%rsp\n\t"
			 "call *%[code]\n\t"
			 "mov %%rbx, %%rsp"
			 :
			 : [stack] "r"(STAGE_STACK), [code] "r"(code), "D"(work)
			 : "rbx", "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
}

static bool restore_on_stage(const struct image_head *head, struct restoration *work)
{
	char *stage = (char *)STAGE;
	size_t code_size = (size_t)(__stop_restore_code - __start_restore_code);
	const char *entry = (const char *)restore;

	memcpy(stage, __start_restore_code, code_size);
	if (mprotect(stage, STAGE_WORK - STAGE, PROT_READ | PROT_EXEC) != 0)
		return refuse("no snapshot: memory cannot be made executable");
	memcpy(work->failure, FAILURE_TEXT, sizeof(work->failure));
	work->head = head;
	work->areas = (const struct image_area *)(image_files(head) + head->files);
	work->kernel_now = kernel_mappings(head);
	if (!unregister_rseq())
		return refuse("no snapshot: rseq stays registered");
	enter_stage((restore_function *)(stage + (entry - __start_restore_code)), work);
	return refuse("no snapshot: the kernel keeps its mappings where they are");
}

bool resume(const char *path, int argc, char **argv)
{
	int image = open_image(path);
	struct restoration *work = (struct restoration *)STAGE_WORK;
	const struct image_head *head;
	int command;

	if (image < 0)
		return false;
	if (is_memory_limited())
		return refuse("no snapshot: memory is limited");
	if (mmap((void *)STAGE, STAGE_STACK - STAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		 0) != (void *)STAGE)
		return refuse("no snapshot: its place in memory is taken");
	head = map_head(image);
	work->image = image;
	if (!head || !is_current(head) || !open_files(head, work))
		return false;
	command = write_command(argc, argv);
	if (command < 0)
		return refuse("no snapshot: the command cannot be handed over");
	fill_context(&work->context, &head->registers, command);
	return restore_on_stage(head, work);
}
#else
bool resume(const char *path, int argc, char **argv)
{
	(void)path;
	(void)argc;
	(void)argv;
	return refuse("no snapshot: there is none on this architecture");
}
#endif
