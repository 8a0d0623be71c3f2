"""``Sender.flush_async``: a flush on a thread of its own, for programs with an event loop."""


async def flush_async(self, buffer=None, clear=True, transactional=False):
    """Does what ``flush`` does, while the event loop goes on.

    The sender and the buffer are in use until it is done: other calls of them are refused. If the awaiting task is cancelled, the
    flush ends soon, and its rows stay unless they were sent already.
    """
    import asyncio
    import threading

    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def finish(error):
        if not done.done():
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

    def work():
        error = None
        try:
            self.flush(buffer, clear, transactional)
        except BaseException as e:
            error = e
        try:
            loop.call_soon_threadsafe(finish, error)
        except RuntimeError:
            pass  # the loop was closed, so nobody waits any more

    # Not a daemon: Python waits at its end until the rows are sent.
    thread = threading.Thread(target=work, name="questdb-flush")
    thread.start()
    cancelled = None
    while True:
        try:
            # Not awaited by itself, which would cancel it and lose the result.
            await asyncio.wait([done], timeout=0.05 if cancelled else None)
        except asyncio.CancelledError as e:
            cancelled = e
        if done.done():
            break
        if cancelled:
            # Again and again, because the flush may not have begun.
            self.cancel()
    if cancelled:
        done.exception()
        raise cancelled
    return done.result()
