"""Health checks and reflection, by the clients that their libraries have."""

from __future__ import annotations

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from packages.manager.tests.tiffind import Tiffind

Answer = health_pb2.HealthCheckResponse


def test_it_serves_and_tells_when_it_stops(daemon: Tiffind) -> None:
    daemon.start()
    with grpc.insecure_channel(f"unix:{daemon.address}") as channel:
        stub = HealthStub(channel)
        for name in ("", "containerd.services.images.v1.Images", "grpc.health.v1.Health"):
            assert (
                stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10).status == Answer.SERVING
            )
        with pytest.raises(grpc.RpcError) as caught:
            stub.Check(health_pb2.HealthCheckRequest(service="none"), timeout=10)
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        watched = stub.Watch(health_pb2.HealthCheckRequest(), timeout=60)
        assert next(watched).status == Answer.SERVING
        assert daemon.stop() == 0
        assert next(watched).status == Answer.NOT_SERVING


def test_every_service_is_found_by_reflection(daemon: Tiffind) -> None:
    daemon.start()
    with grpc.insecure_channel(f"unix:{daemon.address}") as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        services = set(database.get_services())
        assert {f"containerd.services.{name}" for name in (
            "containers.v1.Containers", "content.v1.Content", "diff.v1.Diff", "events.v1.Events", "images.v1.Images",
            "introspection.v1.Introspection", "leases.v1.Leases", "namespaces.v1.Namespaces", "sandbox.v1.Store",
            "snapshots.v1.Snapshots", "tasks.v1.Tasks", "version.v1.Version",
        )} <= services  # fmt: skip
        for service in services:
            described = database.FindFileContainingSymbol(service)
            assert any(f"{described.package}.{each.name}" == service for each in described.service)
