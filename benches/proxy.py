#!/usr/bin/env python3
"""A TCP proxy on loopback that delays every byte in both directions and counts requests.

proxy.py LISTEN_PORT TARGET_PORT ROUND_TRIP_MS: runs until SIGTERM, then prints how many HTTP/1.1 requests went through.
"""
import asyncio
import signal
import sys

listen, target, round_trip = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000
requests = 0


async def pump(reader, writer, count):
    """Copies with a delay of half a round trip; what is under way does not wait for what came before."""
    global requests
    loop, queue = asyncio.get_running_loop(), asyncio.Queue()

    async def deliver():
        while True:
            due, data = await queue.get()
            pause = due - loop.time()
            if pause > 0:
                await asyncio.sleep(pause)
            if data is None:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    try:
        while data := await reader.read(1 << 16):
            if count:
                requests += data.count(b" HTTP/1.1\r\n")
            queue.put_nowait((loop.time() + round_trip / 2, data))
    except ConnectionError:
        pass
    queue.put_nowait((loop.time() + round_trip / 2, None))
    try:
        await delivery
    except (ConnectionError, OSError):
        pass


async def serve(client_reader, client_writer):
    try:
        await carry(client_reader, client_writer)
    except asyncio.CancelledError:
        # The end of the program; nobody waits for this task, and asyncio would print the exception.
        pass


async def carry(client_reader, client_writer):
    try:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", target)
    except OSError:
        client_writer.close()
        return
    await asyncio.gather(pump(client_reader, server_writer, True), pump(server_reader, client_writer, False))
    client_writer.close()
    server_writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", listen)
    done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
    print("ready", flush=True)
    await done.wait()
    server.close()
    print(requests, flush=True)


asyncio.run(main())
