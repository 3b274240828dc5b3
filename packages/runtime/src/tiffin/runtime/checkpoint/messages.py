"""CRIU's messages that we use: numbers and kinds of their fields (images/rpc.proto of CRIU 3.17)."""

from __future__ import annotations

from .protobuf import MessageType

# criu_req_type
DUMP, RESTORE, PRE_DUMP, NOTIFY, FEATURE_CHECK, VERSION = 1, 2, 4, 6, 9, 10
TYPE_NAMES = {
    DUMP: "dump",
    RESTORE: "restore",
    PRE_DUMP: "pre-dump",
    FEATURE_CHECK: "feature check",
    VERSION: "version",
}

# criu_cg_mode, by runc's names; "" leaves it to CRIU (soft)
CGROUP_MODES = {"ignore": 0, "soft": 3, "full": 4, "strict": 5, "": 6}

EXTERNAL_MOUNT: MessageType = {"key": (1, "text"), "val": (2, "text")}
INHERITED: MessageType = {"key": (1, "text"), "fd": (2, "int")}
CGROUP_ROOT: MessageType = {"ctrl": (1, "text"), "path": (2, "text")}
JOINED_NAMESPACE: MessageType = {"ns": (1, "text"), "ns_file": (2, "text")}
PAGE_SERVER: MessageType = {"address": (1, "text"), "port": (2, "int")}
FEATURES: MessageType = {"mem_track": (1, "bool"), "lazy_pages": (2, "bool")}

OPTIONS: MessageType = {
    "images_dir_fd": (1, "int"),
    "pid": (2, "int"),
    "leave_running": (3, "bool"),
    "ext_unix_sk": (4, "bool"),
    "tcp_established": (5, "bool"),
    "evasive_devices": (6, "bool"),
    "shell_job": (7, "bool"),
    "file_locks": (8, "bool"),
    "log_level": (9, "int"),
    "log_file": (10, "text"),
    "ps": (11, PAGE_SERVER),
    "notify_scripts": (12, "bool"),
    "root": (13, "text"),
    "parent_img": (14, "text"),
    "track_mem": (15, "bool"),
    "auto_dedup": (16, "bool"),
    "work_dir_fd": (17, "int"),
    "link_remap": (18, "bool"),
    "ext_mnt": (23, EXTERNAL_MOUNT),
    "manage_cgroups": (24, "bool"),
    "cg_root": (25, CGROUP_ROOT),
    "rst_sibling": (26, "bool"),
    "inherit_fd": (27, INHERITED),
    "manage_cgroups_mode": (34, "int"),
    "external": (37, "text"),
    "empty_ns": (38, "int"),
    "join_ns": (39, JOINED_NAMESPACE),
    "freeze_cgroup": (44, "text"),
    "tcp_skip_in_flight": (46, "bool"),
    "lazy_pages": (48, "bool"),
    "orphan_pts_master": (50, "bool"),
    "config_file": (51, "text"),
    "lsm_profile": (53, "text"),
    "lsm_mount_context": (63, "text"),
}
REQUEST: MessageType = {
    "type": (1, "int"),
    "opts": (2, OPTIONS),
    "notify_success": (3, "bool"),
    "features": (5, FEATURES),
}
RESPONSE: MessageType = {
    "type": (1, "int"),
    "success": (2, "bool"),
    "restore": (4, {"pid": (1, "int")}),
    "notify": (5, {"script": (1, "text"), "pid": (2, "int")}),
    "cr_errno": (7, "int"),
    "features": (8, FEATURES),
    "version": (10, {"major_number": (1, "int"), "minor_number": (2, "int"), "sublevel": (4, "int")}),
}
