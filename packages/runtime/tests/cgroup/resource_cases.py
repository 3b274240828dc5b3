"""`linux.resources` that runc and we must bring to the same cgroup files, by a name for each."""

from __future__ import annotations

from typing import Any

MB = 1 << 20
NO_LIMIT = 9223372036854771712

Case = dict[str, Any]

CASES: dict[str, Case] = {
    "nothing": {},
    "empty sections": {
        "memory": {},
        "cpu": {},
        "pids": {},
        "blockIO": {},
        "network": {},
        "hugepageLimits": [],
    },
    # memory
    "memory limit": {"memory": {"limit": 64 * MB}},
    "memory limit that is no multiple of a page": {"memory": {"limit": 64 * MB + 1}},
    "memory unlimited": {"memory": {"limit": -1}},
    "memory limit zero": {"memory": {"limit": 0}},
    "memory and swap": {"memory": {"limit": 64 * MB, "swap": 128 * MB}},
    "memory and no swap": {"memory": {"limit": 64 * MB, "swap": 64 * MB}},
    "memory and unlimited swap": {"memory": {"limit": 64 * MB, "swap": -1}},
    "memory and swap unlimited": {"memory": {"limit": -1, "swap": -1}},
    "swap below memory": {"memory": {"limit": 64 * MB, "swap": 32 * MB}},
    "swap without memory": {"memory": {"swap": 128 * MB}},
    "reservation": {"memory": {"reservation": 32 * MB}},
    "limit and reservation": {"memory": {"limit": 64 * MB, "reservation": 32 * MB}},
    "reservation unlimited": {"memory": {"reservation": -1}},
    "kernel memory": {"memory": {"kernel": 32 * MB, "kernelTCP": 16 * MB}},
    "swappiness 0": {"memory": {"swappiness": 0}},
    "swappiness 60": {"memory": {"swappiness": 60}},
    "swappiness 100": {"memory": {"swappiness": 100}},
    "swappiness 101": {"memory": {"swappiness": 101}},
    "swappiness unset": {"memory": {"swappiness": 18446744073709551615}},
    "no OOM killer": {"memory": {"limit": 64 * MB, "disableOOMKiller": True}},
    "OOM killer": {"memory": {"disableOOMKiller": False}},
    "memory, all": {
        "memory": {
            "limit": 64 * MB,
            "swap": 96 * MB,
            "reservation": 48 * MB,
            "swappiness": 10,
            "disableOOMKiller": True,
        }
    },
    # cpu
    "shares": {"cpu": {"shares": 512}},
    "shares, least": {"cpu": {"shares": 2}},
    "shares, too few": {"cpu": {"shares": 1}},
    "shares, most": {"cpu": {"shares": 262144}},
    "shares, too many": {"cpu": {"shares": 262145}},
    "shares zero": {"cpu": {"shares": 0}},
    "quota": {"cpu": {"quota": 50000}},
    "quota unlimited": {"cpu": {"quota": -1}},
    "quota, too little": {"cpu": {"quota": 500}},
    "period": {"cpu": {"period": 50000}},
    "period, too long": {"cpu": {"period": 2000000}},
    "period, too short": {"cpu": {"period": 500}},
    "quota and period": {"cpu": {"quota": 25000, "period": 50000}},
    "quota and period zero": {"cpu": {"quota": 0, "period": 0}},
    "realtime period": {"cpu": {"realtimePeriod": 900000}},
    "realtime runtime": {"cpu": {"realtimeRuntime": 10000}},
    "realtime period and runtime": {"cpu": {"realtimePeriod": 900000, "realtimeRuntime": 10000}},
    "idle off": {"cpu": {"idle": 0}},
    "cpu, all": {"cpu": {"shares": 100, "quota": 30000, "period": 60000, "cpus": "0", "mems": "0"}},
    # cpuset
    "one cpu": {"cpu": {"cpus": "0"}},
    "range of cpus": {"cpu": {"cpus": "0-1"}},
    "list of cpus": {"cpu": {"cpus": "0,1"}},
    "node": {"cpu": {"mems": "0"}},
    "cpu that is not there": {"cpu": {"cpus": "4000"}},
    "node that is not there": {"cpu": {"mems": "60"}},
    "cpus that are no list": {"cpu": {"cpus": "zero"}},
    # pids
    "pids": {"pids": {"limit": 100}},
    "pids unlimited": {"pids": {"limit": -1}},
    "pids zero": {"pids": {"limit": 0}},
    # blkio
    "weight": {"blockIO": {"weight": 500}},
    "weight zero": {"blockIO": {"weight": 0}},
    "weight, too little": {"blockIO": {"weight": 1}},
    "leaf weight": {"blockIO": {"leafWeight": 500}},
    "weight of a device": {"blockIO": {"weightDevice": [{"major": 254, "minor": 0, "weight": 300}]}},
    "read rate": {"blockIO": {"throttleReadBpsDevice": [{"major": 254, "minor": 0, "rate": MB}]}},
    "write rate": {"blockIO": {"throttleWriteBpsDevice": [{"major": 254, "minor": 0, "rate": MB}]}},
    "reads a second": {"blockIO": {"throttleReadIOPSDevice": [{"major": 254, "minor": 0, "rate": 100}]}},
    "writes a second": {"blockIO": {"throttleWriteIOPSDevice": [{"major": 254, "minor": 0, "rate": 100}]}},
    "rate of no device": {"blockIO": {"throttleReadBpsDevice": [{"major": 4000, "minor": 0, "rate": MB}]}},
    # controllers that a host may lack
    "huge pages": {"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MB}]},
    "packet class": {"network": {"classID": 1048577}},
    "packet priority": {"network": {"priorities": [{"name": "lo", "priority": 5}]}},
    "unified on v1": {"unified": {"memory.high": "100000"}},
    # devices
    "deny all": {"devices": [{"allow": False, "access": "rwm"}]},
    "allow all": {"devices": [{"allow": True, "access": "rwm"}]},
    "allow all, then deny one": {
        "devices": [
            {"allow": True, "access": "rwm"},
            {"allow": False, "type": "c", "major": 1, "minor": 11, "access": "rwm"},
        ]
    },
    "allow one": {
        "devices": [
            {"allow": False, "access": "rwm"},
            {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"},
        ]
    },
    "allow reading a disk": {
        "devices": [{"allow": True, "type": "b", "major": 8, "minor": 0, "access": "r"}],
    },
    "allow every minor": {"devices": [{"allow": True, "type": "b", "major": 8, "access": "rw"}]},
    "allow every major": {"devices": [{"allow": True, "type": "c", "minor": 7, "access": "rw"}]},
    "allow twice": {
        "devices": [
            {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"},
            {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "w"},
        ]
    },
    "allow and take a part back": {
        "devices": [
            {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rwm"},
            {"allow": False, "type": "c", "major": 1, "minor": 11, "access": "w"},
        ]
    },
    "a hole in a wildcard": {
        "devices": [
            {"allow": True, "type": "c", "major": 1, "access": "rwm"},
            {"allow": False, "type": "c", "major": 1, "minor": 11, "access": "rwm"},
        ]
    },
    "deny what was never allowed": {
        "devices": [{"allow": False, "type": "c", "major": 1, "minor": 11, "access": "rwm"}]
    },
    "rule without access": {"devices": [{"allow": True, "type": "c", "major": 1, "minor": 11}]},
    "rule of an unknown type": {"devices": [{"allow": True, "type": "x", "access": "rwm"}]},
    # several at once, as engines write them
    "as docker": {
        "devices": [
            {"allow": False, "access": "rwm"},
            {"allow": True, "type": "c", "major": 1, "minor": 5, "access": "rwm"},
            {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"},
            {"allow": False, "type": "c", "major": 10, "minor": 229, "access": "rwm"},
        ],
        "memory": {"disableOOMKiller": False, "limit": 256 * MB, "swap": 512 * MB},
        "cpu": {"shares": 512, "quota": 150000, "period": 100000},
        "pids": {"limit": 512},
        "blockIO": {"weight": 0},
    },
    "as a kubelet": {
        "devices": [{"allow": False, "access": "rwm"}],
        "memory": {"limit": 128 * MB},
        "cpu": {"shares": 102, "quota": 10000, "period": 100000, "cpus": "0-1", "mems": "0"},
        "hugepageLimits": [],
        "unified": {},
    },
}
