"""Between gRPC and the services: what a call's headers say, errors as status codes, threads, limits of sizes.

A service is plain Python: functions that get a request and a `Call`, and return a message, or an iterator of messages
(`offer.py`). `handlers.py` makes of it what a server of grpc.aio registers.
"""
