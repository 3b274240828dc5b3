"""`RuleSet`: what a list of device rules means to the kernel's v1 device controller, and the least rules for it.

That controller has a default (allow or deny all) and exceptions by (type, major, minor). A rule for all devices
resets both; any other adds its access to an exception, or takes it away. cgroup v2 has no such list: there the
same reduced rules become a program, so that both decide alike. (cgroup-v1/devices.rst, security/device_cgroup.c.)
"""

from __future__ import annotations

from ..errors import InvalidArgument
from ..record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

ANY = -1
READ_WRITE_MKNOD = frozenset("rwm")
Key = tuple[int, int, str]  # major, minor, type: sorted in this order, as runc does


class DeviceRule(Record):
    """One rule; type `a` is for every device and access. `ANY` (-1) as major or minor matches all."""

    allow: bool
    type: str
    major: int
    minor: int
    access: str

    def line(self) -> str:
        """As devices.allow and devices.deny take it."""
        major = "*" if self.major == ANY else self.major
        minor = "*" if self.minor == ANY else self.minor
        return f"{self.type} {major}:{minor} {self.access}"


class RuleSet:
    """A default, and exceptions from it."""

    def __init__(self, *, default_allow: bool = False) -> None:
        self.default_allow = default_allow
        self.exceptions: dict[Key, frozenset[str]] = {}

    @classmethod
    def of(cls, rules: Iterable[DeviceRule]) -> RuleSet:
        """The rules, applied in order to a set that denies everything."""
        result = cls()
        for rule in rules:
            result.apply(rule)
        return result

    def apply(self, rule: DeviceRule) -> None:
        """Adds one rule.

        Raises:
            InvalidArgument: it would take something out of a wider exception, which the kernel silently ignores.
        """
        if rule.type == "a":
            self.default_allow = rule.allow
            self.exceptions = {}
            return
        key, access = (rule.major, rule.minor, rule.type), frozenset(rule.access)
        if rule.allow != self.default_allow:
            self.exceptions[key] = self.exceptions.get(key, frozenset()) | access
            return
        self._check_no_hole(key, access)
        rest = self.exceptions.pop(key, frozenset()) - access
        if rest:
            self.exceptions[key] = rest

    def _check_no_hole(self, key: Key, access: frozenset[str]) -> None:
        major, minor, kind = key
        for wider in ((ANY, minor, kind), (major, ANY, kind), (ANY, ANY, kind)):
            if wider != key and self.exceptions.get(wider, frozenset()) & access:
                raise InvalidArgument(
                    f"linux.resources.devices: rule [{kind} {major}:{minor} {_text(access)}] not supported by "
                    f"devices cgroupv1 (cannot punch hole in existing wildcard rule "
                    f"[{kind} {wider[0]}:{wider[1]} {_text(self.exceptions[wider])}])"
                )

    def transition(self, target: RuleSet) -> list[DeviceRule]:
        """The least rules that change this set to the target, without a moment in which more is denied than needed.

        A set whose default is to allow was read from devices.list, which does not show its exceptions: it is
        always reset.
        """
        rules = []
        old = self.exceptions
        if self.default_allow or target.default_allow != self.default_allow:
            rules.append(DeviceRule(target.default_allow, "a", ANY, ANY, "rwm"))
            old = {}
        for key in sorted(old):
            dropped = old[key] - target.exceptions.get(key, frozenset())
            if dropped:
                rules.append(_rule(target.default_allow, key, dropped))
        for key in sorted(target.exceptions):
            gained = target.exceptions[key] - old.get(key, frozenset())
            if gained:
                rules.append(_rule(not target.default_allow, key, gained))
        return rules

    def reduced(self) -> list[DeviceRule]:
        """The exceptions alone, sorted; each has the opposite of the default."""
        return [_rule(not self.default_allow, key, self.exceptions[key]) for key in sorted(self.exceptions)]


def parse_list(text: str) -> RuleSet:
    """devices.list of a cgroup: what it allows. An empty one allows nothing."""
    result = RuleSet()
    for line in text.splitlines():
        kind, numbers, access = line.split(" ")
        major, minor = (ANY if number == "*" else int(number) for number in numbers.split(":"))
        result.apply(DeviceRule(True, kind, major, minor, access))
    return result


def _rule(allow: bool, key: Key, access: frozenset[str]) -> DeviceRule:  # noqa: FBT001
    major, minor, kind = key
    return DeviceRule(allow, kind, major, minor, _text(access))


def _text(access: frozenset[str]) -> str:
    return "".join(letter for letter in "rwm" if letter in access)
