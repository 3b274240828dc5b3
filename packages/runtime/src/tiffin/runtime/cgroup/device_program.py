"""Device rules as a program of type BPF_PROG_TYPE_CGROUP_DEVICE (linux/bpf.h; Linux 4.15).

The kernel calls it with a `struct bpf_cgroup_dev_ctx`; a result of 0 denies the access:

    u32 access_type    type in the lower 16 bits (block 1, char 2), access in the upper (mknod 1, read 2, write 4)
    u32 major
    u32 minor

The program is one block for each exception; a block that does not match jumps over itself to the next one.
"""

from __future__ import annotations

from sys import byteorder

from ..errors import InvalidArgument
from .device_rules import ANY, READ_WRITE_MKNOD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .device_rules import DeviceRule, RuleSet

TYPES = {"b": 1, "c": 2}
ACCESS = {"m": 1, "r": 2, "w": 4}
# Registers: the result, the context (later a scratch), and the four parts of the context.
RESULT, CONTEXT, SCRATCH, TYPE, WANTED, MAJOR, MINOR = 0, 1, 1, 2, 3, 4, 5
# Opcodes: class, source (immediate or register) and operation (linux/bpf_common.h, linux/bpf.h).
LOAD_WORD = 0x61  # BPF_LDX | BPF_MEM | BPF_W
AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
SHIFT_RIGHT = 0x74  # BPF_ALU | BPF_RSH | BPF_K
MOVE = 0xB4  # BPF_ALU | BPF_MOV | BPF_K
MOVE_REGISTER = 0xBC  # BPF_ALU | BPF_MOV | BPF_X
JUMP_UNEQUAL = 0x55  # BPF_JMP | BPF_JNE | BPF_K
JUMP_UNEQUAL_REGISTER = 0x5D  # BPF_JMP | BPF_JNE | BPF_X
EXIT = 0x95  # BPF_JMP | BPF_EXIT
INSTRUCTION_SIZE = 8


def assemble(rules: RuleSet) -> bytes:
    """The instructions, as an array of `struct bpf_insn` in this machine's byte order."""
    program = [
        _instruction(LOAD_WORD, TYPE, CONTEXT, offset=0),
        _instruction(AND, TYPE, value=0xFFFF),
        _instruction(LOAD_WORD, WANTED, CONTEXT, offset=0),
        _instruction(SHIFT_RIGHT, WANTED, value=16),
        _instruction(LOAD_WORD, MAJOR, CONTEXT, offset=4),
        _instruction(LOAD_WORD, MINOR, CONTEXT, offset=8),
    ]
    for rule in rules.reduced():
        program += _block(rule)
    program += _return(allow=rules.default_allow)
    return b"".join(program)


def _block(rule: DeviceRule) -> list[bytes]:
    """Returns the rule's decision if all of its conditions hold."""
    # (opcode, register, source register, value) of each jump, and what comes before it.
    conditions: list[tuple[bytes, int, int, int, int]] = [(b"", JUMP_UNEQUAL, TYPE, 0, TYPES[rule.type])]
    if READ_WRITE_MKNOD.difference(rule.access):
        mask = sum(ACCESS[letter] for letter in rule.access)
        scratch = _instruction(MOVE_REGISTER, SCRATCH, WANTED) + _instruction(AND, SCRATCH, value=mask)
        conditions.append((scratch, JUMP_UNEQUAL_REGISTER, SCRATCH, WANTED, 0))
    for name, register, number in (("major", MAJOR, rule.major), ("minor", MINOR, rule.minor)):
        if not ANY <= number < 2**32:
            raise InvalidArgument(f"linux.resources.devices: invalid {name} {number}")
        if number != ANY:
            conditions.append((b"", JUMP_UNEQUAL, register, 0, number))
    verdict = _return(allow=rule.allow)
    block: list[bytes] = []
    distance = len(verdict)  # instructions from behind a jump to behind the block; found from the end
    for before, opcode, register, source, value in reversed(conditions):
        block.insert(0, before + _instruction(opcode, register, source, offset=distance, value=value))
        distance += 1 + len(before) // INSTRUCTION_SIZE
    return block + verdict


def _return(*, allow: bool) -> list[bytes]:
    return [_instruction(MOVE, RESULT, value=int(allow)), _instruction(EXIT)]


def _instruction(opcode: int, target: int = 0, source: int = 0, *, offset: int = 0, value: int = 0) -> bytes:
    """One `struct bpf_insn`: code u8, registers u8, offset s16, immediate s32."""
    registers = target | source << 4 if byteorder == "little" else target << 4 | source
    immediate = value & 0xFFFFFFFF
    return bytes((opcode, registers)) + offset.to_bytes(2, byteorder) + immediate.to_bytes(4, byteorder)
